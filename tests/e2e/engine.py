# SPDX-License-Identifier: Apache-2.0
"""The small engine of tests/engine as a strategy: its daemon, and servers that run in it."""

import subprocess

import mcp

HOLDER = mcp.SOURCE / "tests" / "engine" / "holder"
PLUGIN_FOLDER = mcp.BUILD / "tests" / "engine" / ".libs"


def available():
    return (PLUGIN_FOLDER / "holder.so").exists()


class Engine:
    """A daemon of its own, ended with the test."""

    def __init__(self):
        if not available():
            raise mcp.Skip("there is no %s" % (PLUGIN_FOLDER / "holder.so"))
        self.socket = str(mcp.scratch("engine") / "socket")
        self.start()

    def start(self):
        self.process = subprocess.Popen([str(HOLDER), "daemon", self.socket],
                                        stdout=subprocess.PIPE, text=True)
        mcp.end_later(self.process)
        mcp.check(self.process.stdout.readline() == "ready\n", "the daemon did not start")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def names(self):
        done = subprocess.run([str(HOLDER), "list", self.socket], capture_output=True, text=True,
                              timeout=mcp.WAIT, check=True)
        return done.stdout.split()

    def server(self, identifier, *arguments, mark=None, **more):
        """An entry of a servers file whose process the engine holds."""
        made = mcp.server(identifier, *arguments, strategy="none", mark=mark, **more)
        made["sandbox"]["strategy"] = {"holder": {"socket": self.socket}}
        return made


def options():
    """What a command line needs so that the plugin is found."""
    return ("--plugin-dir", str(PLUGIN_FOLDER))
