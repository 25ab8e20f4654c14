# SPDX-License-Identifier: Apache-2.0
"""What the tests of container engines share: which engines are here, their images, their leavings.

`./dev check --engines` starts an engine of Docker below $JAUAUTH_ENGINES (its socket is
$JAUAUTH_ENGINES/sock) and makes the account jauauth-engines for Podman without root. What is not
there is skipped, unless $JAUAUTH_ENGINES is set: then it is a failure.
"""

import atexit
import fcntl
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import mcp  # noqa: E402
from mcp import Failure, Skip, check, eventually, scratch, write  # noqa: E402

PLACE = os.environ.get("JAUAUTH_ENGINES", "")
ACCOUNT = "jauauth-engines"
NODE_IMAGE = "docker.io/library/node:18-alpine"
PLAIN_IMAGE = "docker.io/library/alpine:latest"
START_DOCKERD = str(HERE / "start-dockerd")
# Two routers of one test run must not take each other's containers for their own leavings.
LABEL = "jauauth.server"


def alone():
    """Waits until no other test uses the engine: one of them stops it and starts it again."""
    if PLACE:
        lock = os.open(os.path.join(PLACE, "tests.lock"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)


def missing(text):
    """What is not there is skipped where nobody promised it."""
    if PLACE:
        raise Failure(text)
    raise Skip(text)


def command(argv, data=None, seconds=120, check_status=True):
    done = subprocess.run(argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=seconds)
    if check_status and done.returncode != 0:
        raise Failure("%s ended with %d: %s" % (" ".join(argv), done.returncode,
                                                done.stderr.decode("utf-8", "replace")))
    return done.stdout.decode("utf-8", "replace")


class Engine:
    """One engine, run by one account, with local images of the tests."""

    def __init__(self, name, account=None):
        self.name = name
        self.account = account
        self.text = name + (" without root" if account else "")
        self.ready = None

    # --- The account -----------------------------------------------------------------------

    def as_account(self, argv):
        """The words in front of a program that make it the account's."""
        if not self.account:
            return list(argv)
        entry = pwd.getpwnam(self.account)
        kept = ["%s=%s" % (name, os.environ[name]) for name in (
            "JAUAUTH_BUILD", "JAUAUTH_SOURCE", "JAUAUTH_WRAP", "ASAN_OPTIONS",
            "UBSAN_OPTIONS") if name in os.environ]
        return ["setpriv", "--reuid=%d" % entry.pw_uid, "--regid=%d" % entry.pw_gid,
                "--init-groups", "env", "-i", "--chdir=/", "HOME=" + entry.pw_dir,
                "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG=C.UTF-8", *kept, *argv]

    def uid(self):
        """Whom servers have to belong to."""
        return pwd.getpwnam(self.account or mcp.ACCOUNT).pw_uid

    # --- The client ------------------------------------------------------------------------

    def client(self, *words):
        lead = ["-H", "unix://%s/sock" % PLACE] if self.name == "docker" and PLACE else []
        lead = ["--runtime", "runc"] if self.name == "podman" else lead
        return self.as_account([self.name, *lead, *words])

    def settings(self):
        """The group of this plugin in the host file."""
        if self.name == "podman":
            return 'plugins = { podman = { runtime = "runc"; }; };\n'
        return 'plugins = { docker = { host = "unix://%s/sock"; }; };\n' % PLACE if PLACE else ""

    def need(self):
        """Makes sure that the engine and its images are here, once."""
        if self.ready is None:
            try:
                self._prepare()
                self.ready = True
            except (Skip, Failure) as reason:
                self.ready = reason
        if self.ready is not True:
            raise self.ready

    def _prepare(self):
        if mcp.SLOWED:
            raise Skip("the engines are tried by the plain build, without sanitizers or valgrind")
        if not mcp.ROOT:
            raise Skip("the engines are tried by root, and by root as an ordinary account")
        if not shutil.which(self.name):
            missing("there is no %s" % self.name)
        if not shutil.which("busybox") or not shutil.which("node"):
            missing("local images need busybox and node")
        if self.account:
            try:
                pwd.getpwnam(self.account)
            except KeyError:
                missing("there is no account %s" % self.account)
        elif not mcp.account_exists():
            missing("there is no account %s" % mcp.ACCOUNT)
        if self.account:
            # Podman keeps a process of its own for later commands of the account.
            atexit.register(command, self.client("system", "migrate"), check_status=False)
        words = ["version"] if self.name == "docker" else ["info"]
        try:
            command(self.client(*words))
        except (Failure, subprocess.TimeoutExpired) as reason:
            missing("%s cannot be used: %s" % (self.text, reason))
        for kind, image in (("node", NODE_IMAGE), ("plain", PLAIN_IMAGE)):
            packed = subprocess.run([str(HERE / "images"), kind], stdout=subprocess.PIPE,
                                    check=True, timeout=300).stdout
            change = ["--change", "WORKDIR /app"] if kind == "node" else []
            command(self.client("import", *change, "-", image), packed, 300)

    # --- Servers and leavings --------------------------------------------------------------

    def server(self, identifier, args=("server.js",), options=None, program="node", **more):
        """An entry of a servers file; `options` are those of the strategy."""
        return {"id": identifier, "command": program, "args": list(args),
                "sandbox": {"strategy": {self.name: {"image": NODE_IMAGE, **(options or {})}}},
                **more}

    def containers(self, server):
        """The names of the containers of a server, whatever their state."""
        return command(self.client("ps", "--all", "--quiet", "--filter",
                                   "label=%s=%s" % (LABEL, server))).split()

    def no_container(self, server):
        eventually(lambda: not self.containers(server), mcp.GONE)
        check(not self.containers(server), "a container of %s is left" % server)

    def inspect(self, server, form):
        found = self.containers(server)
        check(len(found) == 1, "%d containers of %s" % (len(found), server))
        return command(self.client("inspect", "--format", form, found[0])).strip()


class Router(mcp.Client):
    """`jauauth serve` run by the account of an engine, and a client connected to it."""

    def __init__(self, engine, servers, host="", options=(), **more):
        engine.need()
        self.engine = engine
        self.folder = scratch("router")
        self.servers_file = write(self.folder / "servers.json", {"servers": servers, **more})
        self.host_file = write(self.folder / "jauauth.conf", engine.settings() + host)
        super().__init__(engine.as_account(
            [mcp.JAUAUTH, "serve", "--stdio", "--servers", str(self.servers_file),
             "--config", str(self.host_file), *options]))


def jauauth(engine, servers, *words, host="", need=True):
    """Runs a command with these servers: (status, stdout, stderr)."""
    if need:
        engine.need()
    folder = scratch("command")
    servers_file = write(folder / "servers.json", {"servers": servers})
    host_file = write(folder / "jauauth.conf", engine.settings() + host)
    done = subprocess.run(engine.as_account(
        [mcp.JAUAUTH, *words, "--servers", str(servers_file), "--config", str(host_file)]),
        stdin=subprocess.DEVNULL, capture_output=True, timeout=mcp.WAIT)
    return (done.returncode, done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"))


def content(answer):
    return json.loads(answer.content())


DOCKER = Engine("docker")
PODMAN = Engine("podman")
ROOTLESS = Engine("podman", ACCOUNT)
ALL = (DOCKER, PODMAN, ROOTLESS)
alone()
