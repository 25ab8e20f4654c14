#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Probes of plugins: kept while they hold, all at once, bounded in time, shown as they arrive."""

import json
import os
import pty
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import case, check, contains, equal  # noqa: E402

PLUGINS = mcp.BUILD / "tests" / "plugins" / ".libs"


class Bench:
    """A folder with engines, which are scripts, and a state directory of its own."""

    def __init__(self, *names):
        if not (PLUGINS / "workshop.so").exists():
            raise mcp.Skip("the plugins of the tests are not built (make check builds them)")
        self.folder = mcp.scratch("probes")
        self.asked = self.folder / "asked"
        self.socket = self.folder / "socket"
        self.names = names or ("workshop",)
        groups = ""
        for name in self.names:
            self.engine(name, "echo available")
            groups += '  %s = { engine = "%s"; socket = "%s"; };\n' % (
                name, self.folder / name, self.socket)
        self.host_file = mcp.write(self.folder / "jauauth.conf",
                                   'state_directory = "%s";\nplugins = {\n%s};\n' % (
                                       self.folder / "state", groups))
        os.mkdir(self.folder / "plugins")
        for name in self.names:
            shutil.copyfile(PLUGINS / (name + ".so"), self.folder / "plugins" / (name + ".so"))
        self.settle()

    def engine(self, name, script):
        path = mcp.write(self.folder / name, "#!/bin/sh\necho asked >>%s\n%s\n" % (
            self.asked, script))
        path.chmod(0o755)

    def settle(self):
        """What has changed a moment ago is not kept, whatever the clock's grain is."""
        newest = max(os.stat(self.folder / name).st_ctime for name in self.names)
        mcp.eventually(lambda: time.time() > newest + 3)

    def arguments(self):
        return ["--config", str(self.host_file), "--plugin-dir", str(self.folder / "plugins")]

    def probe(self, *options):
        """The states, and how many engines were asked for them."""
        before = self.count()
        status, out, log = mcp.run([*self.arguments(), "plugins", "list", "--json", *options])
        equal(status, 0, log)
        states = {each["name"]: each["probe"]["state"] for each in json.loads(out)["plugins"]
                  if each["name"] in self.names}
        return states, self.count() - before

    def count(self):
        return len(self.asked.read_text().splitlines()) if self.asked.exists() else 0


@case("that an engine works is asked once, and again with --refresh")
def _():
    bench = Bench()
    equal(bench.probe(), ({"workshop": "available"}, 1))
    equal(bench.probe(), ({"workshop": "available"}, 0))
    equal(bench.probe("--refresh"), ({"workshop": "available"}, 1))
    equal(bench.probe(), ({"workshop": "available"}, 0))


@case("another engine, or a socket that comes or goes, is asked")
def _():
    bench = Bench()
    equal(bench.probe()[1], 1)
    bench.engine("workshop", "echo no")
    equal(bench.probe(), ({"workshop": "unavailable"}, 1))
    bench.engine("workshop", "echo available")
    bench.settle()
    equal(bench.probe(), ({"workshop": "available"}, 1))
    equal(bench.probe()[1], 0)
    mcp.write(bench.socket, "")
    equal(bench.probe()[1], 1)


@case("that an engine does not work, or lacks something, is asked each time")
def _():
    bench = Bench()
    for word in ("unavailable", "degraded"):
        bench.engine("workshop", "cat %s/word" % bench.folder)
        mcp.write(bench.folder / "word", word + "\n")
        bench.settle()
        equal(bench.probe(), ({"workshop": word}, 1))
        equal(bench.probe(), ({"workshop": word}, 1))
        # Repaired without any change of the engine's own file.
        mcp.write(bench.folder / "word", "available\n")
        equal(bench.probe(), ({"workshop": "available"}, 1))
        equal(bench.probe(), ({"workshop": "available"}, 0))


@case("other options in the host file are asked anew")
def _():
    bench = Bench()
    equal(bench.probe()[1], 1)
    text = bench.host_file.read_text()
    mcp.write(bench.host_file, text.replace("/socket", "/another"))
    equal(bench.probe()[1], 1)


@case("a start uses what was kept, and one that fails throws it away")
def _():
    bench = Bench()

    def tools(command):
        file = mcp.write(bench.folder / "servers.json", {"servers": [{
            "id": "one", "command": command, "args": [str(mcp.servers_folder() / "hostile.py"),
                                                      "ok"],
            "sandbox": {"strategy": {"workshop": {}}}}]})
        before = bench.count()
        status = mcp.run([*bench.arguments(), "--servers", str(file), "--allow-unsandboxed",
                          "tools"])[0]
        return status, bench.count() - before
    python = mcp.outside_program("python3")
    equal(tools(python), (0, 1))
    equal(tools(python), (0, 0))
    equal(tools("/no/such/program"), (4, 0))
    equal(tools(python), (0, 1))


@case("a server whose engine becomes usable is started, by itself")
def _():
    bench = Bench()
    bench.engine("workshop", "cat %s/word" % bench.folder)
    mcp.write(bench.folder / "word", "unavailable\n")
    python = mcp.outside_program("python3")
    servers = [{"id": name, "command": python,
                "args": [str(mcp.servers_folder() / "hostile.py"), "ok"],
                "sandbox": {"strategy": {"workshop": {}}}} for name in ("one", "two")]
    file = mcp.write(bench.folder / "servers.json", {"servers": servers[:1 if mcp.ROOT else 2]})
    router = mcp.Client([mcp.JAUAUTH, *bench.arguments(), "serve", "--stdio", "--servers",
                         str(file), "--allow-unsandboxed"])
    router.initialize()
    equal(router.list_tools(), {}, "tools without an engine")
    router.logged("the engine says no", "it is parked and tried again from time to time")
    status, shown, log = mcp.run([*bench.arguments(), "ps", "--json"])
    equal(status, 0, log)
    check([each["state"] for each in json.loads(shown)["servers"]] != ["running"], shown)
    mcp.write(bench.folder / "word", "available\n")
    router.other("notifications/tools/list_changed")
    mcp.eventually(lambda: "one_echo" in router.list_tools())
    equal(router.call("one_echo", {"n": 1}).result["structuredContent"], {"n": 1})
    router.close()
    log = router.log_text()
    check(log.count("the engine says no") <= 4 * len(servers), "each try is logged:\n" + log)


@case("a router that ends while it asks an engine again leaves nothing")
def _():
    bench = Bench()
    mark = mcp.new_mark()
    bench.engine("workshop", "test -e %s/hang && exec sh -c 'while :; do sleep 1; done; : %s'\n"
                 "echo unavailable" % (bench.folder, mark))
    file = mcp.write(bench.folder / "servers.json", {"servers": [{
        "id": "one", "command": mcp.outside_program("python3"), "args": [],
        "sandbox": {"strategy": {"workshop": {}}}}]})
    router = mcp.Client([mcp.JAUAUTH, *bench.arguments(), "serve", "--stdio", "--servers",
                         str(file), "--allow-unsandboxed"])
    router.initialize()
    router.list_tools()
    mcp.write(bench.folder / "hang", "")
    check(mcp.eventually(lambda: mcp.marked(mark)), "it was not asked again")
    router.close()
    mcp.nothing_left(mark)


@case("plugins are tried at the same time")
def _():
    bench = Bench("workshop", "another")
    # Each works only while the other one is asked too.
    for name, other in (("workshop", "another"), ("another", "workshop")):
        bench.engine(name, "touch %s/%s.here; i=0\nwhile ! test -e %s/%s.here; do sleep 0.05; "
                     "i=$((i + 1)); test $i -lt 80 || exit 1; done\necho available" % (
                         bench.folder, name, bench.folder, other))
    equal(bench.probe()[0], {"workshop": "available", "another": "available"})


@case("an engine that hangs is ended and does not hold up the others")
def _():
    bench = Bench("workshop", "another")
    mark = mcp.new_mark()
    bench.engine("workshop", "sh -c 'while :; do sleep 1; done; : %s'" % mark)
    equal(bench.probe()[0], {"workshop": "unavailable", "another": "available"})
    mcp.nothing_left(mark)


@case("on a terminal each answer is shown as it arrives")
def _():
    bench = Bench("workshop", "another")
    gate = bench.folder / "gate"
    bench.engine("workshop", "i=0\nwhile ! test -e %s; do sleep 0.05; i=$((i + 1)); "
                 "test $i -lt 80 || exit 1; done\necho available" % gate)
    leader, terminal = pty.openpty()
    process = subprocess.Popen([mcp.JAUAUTH, *bench.arguments(), "plugins", "list"],
                               stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    seen = b""
    while b"another: available" not in seen:
        seen += os.read(leader, 4096)
    check(b"workshop: " not in seen, "shown before it could be known: %r" % seen)
    mcp.write(gate, "")
    out = process.communicate(timeout=mcp.WAIT)[0].decode()
    os.close(leader)
    contains(out, "workshop", "another", "STATE")


mcp.main()
