#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`jauauth prepare` of package runners: installed once in the sandbox, locked, started offline."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Router, Skip, case, check, contains, equal  # noqa: E402
from registry import Registry  # noqa: E402


class House:
    """A registry, a servers file and a host file, and a place where packages are installed."""

    def __init__(self, strategy=None, state=None):
        self.strategy = strategy or mcp.a_strategy()
        self.folder = mcp.scratch("house")
        self.state = state or self.folder / "state"
        self.registry = Registry()
        self.servers = []
        self.host = 'state_directory = "%s";\n' % self.state

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        self.registry.close()

    def sandbox(self, **more):
        return {"strategy": self.strategy if self.strategy == "none" else {self.strategy: {}},
                **more}

    def environment(self):
        return {"NPM_CONFIG_REGISTRY": self.registry.url, "PIP_INDEX_URL": self.registry.index,
                "UV_DEFAULT_INDEX": self.registry.index, "TEST_PORT": str(self.registry.port),
                "PATH": "/usr/local/bin:/usr/bin:/bin"}

    def add(self, identifier, command, *arguments, **more):
        self.servers.append({"id": identifier, "command": command, "args": list(arguments),
                             "env": self.environment(), "sandbox": self.sandbox(), **more})
        return self.servers[-1]

    def options(self):
        servers = mcp.write(self.folder / "servers.json", {"servers": self.servers})
        host = mcp.write(self.folder / "jauauth.conf", self.host)
        return ["--servers", str(servers), "--config", str(host), "--allow-unsandboxed"]

    def prepare(self, *more):
        return mcp.run([*self.options(), "prepare", *more], seconds=300)

    def outcome(self, *more):
        """(exit status, what --json says of the only server, the log)"""
        status, out, log = self.prepare("--json", *more)
        return status, json.loads(out)["servers"][0] if out else {}, log

    def where(self, identifier):
        """What the server says of itself, through a router."""
        router = Router(self.servers, host=self.host)
        router.initialize()
        router.list_tools()
        answer = mcp.ask(router, identifier + "_where")
        router.close()
        return answer

    def tools(self, identifier):
        return mcp.run([*self.options(), "tools", identifier])

    def lock(self, identifier):
        return json.loads((self.state / "packages" / identifier / "lock.json").read_text())

    def installed(self, identifier):
        return self.state / "packages" / identifier / self.lock(identifier)["directory"]


def needs(*names):
    for name in names:
        mcp.outside_program(name)
    if not shutil.which("npx", path="/usr/local/bin:/usr/bin:/bin"):
        raise Skip("there is no npx in a system folder")


def needs_venv():
    python = mcp.outside_program("python3")
    if subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True,
                      check=False).returncode != 0:
        raise Skip("%s has no ensurepip" % python)


def installs(strategy, runner, *arguments, state=None):
    """Prepares with one runner in one strategy and looks at what starts then."""
    if strategy == "none":
        mcp.needs_plain_keeper()
    status, out, _ = mcp.run(["plugins", "show", strategy, "--json"])
    if status not in (0, 1) or json.loads(out).get("probe", {}).get("state") == "unavailable":
        raise Skip("the strategy %s cannot run here" % strategy)
    if mcp.ROOT and not mcp.account_exists():
        raise Skip("there is no account %s" % mcp.ACCOUNT)
    with House(strategy, state) as house:
        house.registry.module("thing", "1.2.3").wheel("thing", "1.2.3")
        house.add("one", runner, *arguments, "--flag", "a b")
        status, _, log = house.tools("one")
        equal(status, 4, log)
        contains(log, "fetches the server from the network each time", "jauauth prepare one")
        status, found, log = house.outcome("one")
        equal(status, 0, log)
        equal(found["outcome"], "prepared")
        equal([(each["name"], each["version"]) for each in found["package"]["packages"]],
              [("thing", "1.2.3")])
        contains(found["package"]["packages"][0]["hash"], "sha")
        contains(log, "one: runs ")
        asked = len(house.registry.asked)
        equal(house.outcome("one")[1]["outcome"], "current")
        found = house.where("one")
        equal(len(house.registry.asked), asked, "requests to the registry")
        equal(found["version"], "1.2.3")
        equal(found["argv"], ["--flag", "a b"])
        equal(found["folder"], str(house.installed("one")))
        check(found["file"].startswith(found["folder"] + "/"), found["file"])
        if strategy != "none":
            equal((found["network"], found["writable"]), (False, False))


def npm_installs(strategy, *command):
    needs("node")
    installs(strategy, *command)


def pip_installs(strategy):
    needs_venv()
    installs(strategy, "pipx", "run", "thing")


def uv_installs(strategy):
    mcp.outside_program("uvx")
    installs(strategy, "uvx", "thing@1.2.3")


for each in ("bubblewrap", "firejail", "none"):
    mcp.add_case("npx: the package is installed once and started without network: %s" % each,
                 npm_installs, each, "npx", "-y", "thing")
    mcp.add_case("pipx run: the same: %s" % each, pip_installs, each)
    mcp.add_case("uvx: the same: %s" % each, uv_installs, each)
mcp.add_case("npm exec: the same", npm_installs, mcp.strategies()[0] if mcp.strategies() else "-",
             "npm", "exec", "--yes", "--", "thing@1.2.3")


@case("npx: the same below /var, where firejail forbids to execute files")
def _():
    needs("node")
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="e2e-") as folder:
        os.chmod(folder, 0o755)
        installs("firejail", "npx", "-y", "thing", state=pathlib.Path(folder) / "state")


# --- Names of programs --------------------------------------------------------------------------

@case("the program may have another name than the package")
def _():
    needs("node")
    with House() as house:
        house.registry.module("@some/thing", programs=["other"])
        house.registry.module("many", programs=["first", "second"])
        house.registry.module("named", programs=["named", "second"])
        house.registry.module("library", programs=[])
        house.add("one", "npx", "-y", "@some/thing")
        house.add("two", "npx", "-y", "-p", "many", "second", "x")
        house.add("three", "npx", "named")
        status, _, log = house.prepare()
        equal(status, 0, log)
        equal([house.lock(name)["program"] for name in ("one", "two", "three")],
              ["node_modules/.bin/other", "node_modules/.bin/second", "node_modules/.bin/named"])
        equal(house.where("two")["argv"], ["x"])
        for arguments, fragments in (
                (["many"], ["several programs", "it has: first, second", '"-p", "many"']),
                (["-p", "many", "third"], ['no program "third"', "it has: first, second"]),
                (["library"], ["has no program", "library"])):
            house.servers.clear()
            house.add("bad", "npx", *arguments)
            status, found, log = house.outcome()
            equal(status, 3, log)
            equal(found["error"]["code"], "package-program")
            contains(found["error"]["text"] + found["error"]["hint"], *fragments)


@case("the program of a Python package may have another name, and several packages one program")
def _():
    needs_venv()
    with House() as house:
        house.registry.wheel("some-thing", programs=["other"])
        house.registry.wheel("many", programs=["first", "second"])
        house.add("one", "pipx", "run", "Some_Thing")
        house.add("two", "pipx", "run", "--spec", "many==1.0.0", "second")
        status, _, log = house.prepare()
        equal(status, 0, log)
        equal([house.lock(name)["program"] for name in ("one", "two")],
              ["venv/bin/other", "venv/bin/second"])
        house.servers.clear()
        house.add("bad", "pipx", "run", "many")
        equal(house.outcome()[1]["error"]["code"], "package-program")


# --- What goes wrong ----------------------------------------------------------------------------

@case("a package that does not exist is told in words")
def _():
    needs("node")
    with House() as house:
        house.add("one", "npx", "-y", "nothing-of-this-name")
        status, found, _ = house.outcome()
        equal(status, 4)
        equal(found["error"]["code"], "package-unknown")
        contains(found["error"]["text"], "no such package", "npm install", "E404")
        left = [each for each in (house.state / "packages" / "one").iterdir()
                if each.name != "busy"]
        equal(left, [], "what is left")
        house.registry.module("thing")
        house.servers.clear()
        house.add("one", "npx", "-y", "thing@9")
        contains(house.outcome()[1]["error"]["text"], "no such version")


@case("a Python package without wheels is not built")
def _():
    needs_venv()
    with House() as house:
        house.registry.source("unbuilt")
        house.add("one", "pipx", "run", "unbuilt")
        status, found, log = house.outcome()
        equal(status, 4)
        equal(found["error"]["code"], "package-unknown")
        contains(found["error"]["hint"], "build script")
        check("the build script was run" not in log, log)


@case("an install script is not run, and that is said")
def _():
    needs("node")
    with House() as house:
        house.registry.module("thing", scripts={"postinstall": "touch scripted"},
                              dependencies={"needed": "1.0.0"})
        house.registry.module("needed", scripts={"install": "touch scripted"})
        house.add("one", "npx", "-y", "thing")
        status, found, log = house.outcome()
        equal(status, 0, log)
        equal(sorted(found["package"]["blocked_scripts"]), ["needed@1.0.0", "thing@1.0.0"])
        contains(log, "the install script of thing@1.0.0 was not run")
        equal(house.where("one")["scripted"], False)


@case("a registry that gives something else than what was locked is refused")
def _():
    needs("node")
    with House() as house:
        house.registry.module("thing")
        house.add("one", "npx", "-y", "thing")
        equal(house.prepare()[0], 0)
        shutil.rmtree(house.installed("one"))
        status, _, log = house.tools("one")
        equal(status, 4, log)
        contains(log, "jauauth prepare one")
        house.registry.module("thing", extra="another text")
        status, found, _ = house.outcome()
        equal(status, 4)
        equal(found["error"]["code"], "package-changed")
        contains(found["error"]["text"], "differs from what was locked")
        contains(found["error"]["hint"], "jauauth prepare --update")
        status, found, log = house.outcome("--update", "--yes")
        equal(status, 0, log)
        contains(log, "! thing 1.0.0: other contents under the same version")
        equal(house.where("one")["version"], "1.0.0")


@case("a Python registry that gives something else than what was locked is refused")
def _():
    needs_venv()
    with House() as house:
        house.registry.wheel("thing")
        house.add("one", "pipx", "run", "thing")
        equal(house.prepare()[0], 0)
        shutil.rmtree(house.installed("one"))
        house.registry.wheel("thing", extra="another text")
        equal(house.outcome()[1]["error"]["code"], "package-changed")


@case("what was changed after it was installed is not started, and is installed again")
def _():
    needs("node")
    with House() as house:
        house.registry.module("thing")
        house.add("one", "npx", "-y", "thing")
        equal(house.prepare()[0], 0)
        with open(house.installed("one") / "node_modules/thing/server.js", "a",
                  encoding="ascii") as file:
            file.write("// evil\n")
        status, _, log = house.tools("one")
        equal(status, 4)
        contains(log, "was changed since it was prepared", "jauauth prepare one")
        house.registry.module("thing", "2.0.0")
        equal(house.outcome()[1]["outcome"], "prepared")
        equal(house.where("one")["version"], "1.0.0")


@case("an update is shown first, and counts only when it is taken")
def _():
    needs("node")
    with House() as house:
        house.registry.module("thing", dependencies={"old": "*", "kept": "*"})
        house.registry.module("old").module("kept")
        house.add("one", "npx", "-y", "thing")
        equal(house.prepare()[0], 0)
        equal(house.outcome("--update")[1]["outcome"], "current")
        house.registry.module("thing", "1.1.0", dependencies={"new": "*", "kept": "*"})
        house.registry.module("new")
        status, found, log = house.outcome("--update")
        equal((status, found["outcome"]), (1, "update"), log)
        equal([(each["name"], each["change"]) for each in found["package"]["difference"]],
              [("new", "added"), ("thing", "version"), ("old", "removed")])
        contains(log, "+ new 1.0.0", "  thing 1.0.0 -> 1.1.0", "- old 1.0.0")
        equal(house.where("one")["version"], "1.0.0")
        equal(house.outcome("--update", "--yes")[1]["outcome"], "prepared")
        equal(house.where("one")["version"], "1.1.0")


@case("another package in the servers file needs another preparation")
def _():
    needs("node")
    with House() as house:
        house.registry.module("thing", "1.0.0").module("thing", "2.0.0")
        house.add("one", "npx", "-y", "thing@1")
        equal(house.prepare()[0], 0)
        house.servers[0]["args"] = ["-y", "thing@2"]
        status, _, log = house.tools("one")
        equal(status, 4)
        contains(log, "not what its entry asks for now", "jauauth prepare one")
        equal(house.prepare()[0], 0)
        equal(house.where("one")["version"], "2.0.0")


@case("an option whose meaning is not known is refused")
def _():
    with House() as house:
        house.add("one", "npx", "--call", "thing")
        status, found, _ = house.outcome()
        equal(status, 3)
        contains(found["error"]["text"], "does not know its option --call")
        contains(found["error"]["hint"], '"prepare"')


@case("a full disk while preparing leaves nothing, and says so")
def _():
    needs("node")
    if not mcp.ROOT:
        raise Skip("a small file system can be mounted by root only")
    small = mcp.scratch("small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=755", "tmpfs", small],
                      capture_output=True, check=False).returncode != 0:
        raise Skip("nothing can be mounted here")
    try:
        with House(state=small / "state") as house:
            import random
            noise = "".join(random.choices("0123456789abcdef", k=6 << 20))
            house.registry.module("thing", extra=noise)
            house.add("one", "npx", "-y", "thing")
            status, found, log = house.outcome()
            equal(status, 4, log)
            equal(found["error"]["code"], "disk-full")
            contains(found["error"]["text"], "full")
            contains(found["error"]["hint"], "make room")
            equal([each.name for each in (small / "state/packages/one").iterdir()], ["busy"])
            equal(house.tools("one")[0], 4)
    finally:
        subprocess.run(["umount", "-l", small], check=False)


@case("killed half-way, nothing that is half-installed is started, and it is removed later")
def _():
    needs("node")
    for number in (signal.SIGTERM, signal.SIGKILL):
        with House() as house:
            house.registry.module("thing")
            house.registry.held = threading.Event()
            house.add("one", "npx", "-y", "thing")
            client = mcp.Client([mcp.JAUAUTH, *house.options(), "prepare"])
            check(mcp.eventually(lambda h=house: any(each.endswith(".tgz")
                                                     for each in h.registry.asked)),
                  "nothing was fetched\n" + client.log_text())
            processes = mcp.descendants(client.pid)
            client.process.send_signal(number)
            client.process.wait(mcp.WAIT)
            mcp.nothing_left("e2e-none-has-this", processes)
            house.registry.held.set()
            house.registry.held = None
            equal(house.tools("one")[0], 4)
            status, _, log = house.prepare()
            equal(status, 0, log)
            equal(len(list((house.state / "packages" / "one").iterdir())), 3, "entries")
            equal(house.where("one")["version"], "1.0.0")


@case("two at a time: the second says so")
def _():
    needs("node")
    with House() as house:
        house.registry.module("thing")
        house.registry.held = threading.Event()
        house.add("one", "npx", "-y", "thing")
        client = mcp.Client([mcp.JAUAUTH, *house.options(), "prepare"])
        check(mcp.eventually(lambda: any(each.endswith(".tgz") for each in house.registry.asked)),
              "nothing was fetched\n" + client.log_text())
        status, found, _ = house.outcome()
        equal((status, found["error"]["code"]), (4, "package-busy"))
        house.registry.held.set()
        equal(client.process.wait(mcp.WAIT), 0)


# --- The router does it -------------------------------------------------------------------------

@case('prepare = "auto": the router installs in the background, and its tools come then')
def _():
    needs("node")
    if mcp.SLOWED:
        raise Skip("a slowed router has no tool of the other server within the half second")
    with House() as house:
        house.registry.module("thing")
        house.registry.held = threading.Event()
        house.add("one", "npx", "-y", "thing")
        house.servers.append(mcp.server("other"))
        house.host += 'prepare = "auto";\nlist_wait_ms = 500;\n'
        router = Router(house.servers, host=house.host)
        router.initialize()
        tools = router.list_tools()
        check("other_echo" in tools and "one_where" not in tools, str(tools))
        house.registry.held.set()
        router.logged("its package is installed")
        router.other("notifications/tools/list_changed")
        check("one_where" in router.list_tools(), "no tool came")
        equal(mcp.ask(router, "one_where")["version"], "1.0.0")
        router.close()


@case("a router that ends while it installs leaves nothing")
def _():
    needs("node")
    with House() as house:
        house.registry.module("thing")
        house.registry.held = threading.Event()
        house.add("one", "npx", "-y", "thing")
        house.host += 'prepare = "auto";\n'
        router = Router(house.servers, host=house.host)
        router.initialize()
        check(mcp.eventually(lambda: any(each.endswith(".tgz") for each in house.registry.asked)),
              "nothing was fetched\n" + router.log_text())
        processes = mcp.descendants(router.pid)
        router.close()
        mcp.nothing_left("e2e-none-has-this", processes)
        equal([each.name for each in (house.state / "packages" / "one").iterdir()], ["busy"])


# --- Other programs -----------------------------------------------------------------------------

@case('"prepare" of its own: the folder is written once, and read only then')
def _():
    needs("node")
    with House() as house:
        house.registry.module("thing")
        house.add("one", "${JAUAUTH_PACKAGE}/node_modules/.bin/thing", "${JAUAUTH_PACKAGE}/x",
                  prepare=["npm", "install", "--prefix", "${JAUAUTH_PACKAGE}", "--cache",
                           "${JAUAUTH_PACKAGE}/.cache", "thing"])
        status, _, log = house.tools("one")
        equal(status, 4)
        contains(log, "it is not prepared yet", "jauauth prepare one")
        status, found, log = house.outcome()
        equal((status, found["outcome"]), (0, "prepared"), log)
        found = house.where("one")
        equal(found["argv"], [str(house.installed("one")) + "/x"])
        if house.strategy != "none":
            equal((found["network"], found["writable"]), (False, False))
        house.servers[0]["prepare"].append("other")
        contains(house.tools("one")[2], "prepared by another command")


@case('"prepare" of its own that gives something else is refused without --update')
def _():
    with House() as house:
        seen = house.folder / "seen"
        seen.mkdir()
        made = mcp.write(seen / "text", "one")
        server = house.add("one", mcp.outside_program("python3"), "${JAUAUTH_PACKAGE}/text",
                           prepare=["cp", str(made), "${JAUAUTH_PACKAGE}/text"])
        if house.strategy != "none":
            server["sandbox"]["mounts"] = ["%s:%s:ro" % (seen, seen)]
        equal(house.outcome()[1]["outcome"], "prepared")
        equal(house.outcome()[1]["outcome"], "current")
        shutil.rmtree(house.installed("one"))
        mcp.write(made, "two")
        status, found, _ = house.outcome()
        equal((status, found["error"]["code"]), (4, "package-changed"))
        equal(house.outcome("--update", "--yes")[1]["outcome"], "prepared")
        equal((house.installed("one") / "text").read_text(), "two")


@case("while it installs no mount of the server can be written")
def _():
    with House() as house:
        if house.strategy == "none":
            raise Skip("without a sandbox everything can be written")
        shared = house.folder / "shared"
        shared.mkdir()
        mcp.give_to_account(shared)
        house.add("one", "python3",
                  prepare=["sh", "-c", "echo x >%s/made || echo y >$JAUAUTH_PACKAGE/text" % shared])
        house.servers[0]["sandbox"]["mounts"] = ["%s:%s" % (shared, shared)]
        status, _, log = house.prepare()
        equal(status, 0, log)
        equal(list(shared.iterdir()), [])
        check((house.installed("one") / "text").exists(), "the folder could not be written")


# --- The entries that people have ---------------------------------------------------------------

def npm_configuration(npm):
    """What this machine's npm is told about its registry."""
    found = {}
    for name in ("registry", "cafile", "https-proxy"):
        done = subprocess.run([npm, "config", "get", name], capture_output=True, check=True)
        value = done.stdout.decode().strip()
        if value not in ("", "null", "undefined"):
            found["NPM_CONFIG_" + name.upper().replace("-", "_")] = value
    return found


@case("a real entry: npx -y @modelcontextprotocol/server-everything")
def _():
    needs("node")
    npm = mcp.outside_program("npm")
    package = "@modelcontextprotocol/server-everything@2025.9.25"
    found = subprocess.run([npm, "view", package, "version"], capture_output=True, timeout=60,
                           check=False)
    if found.returncode != 0:
        raise Skip("no registry of npm can be reached")
    with House() as house:
        server = house.add("every", "npx", "-y", package)
        server["env"] = {"PATH": "/usr/local/bin:/usr/bin:/bin", **npm_configuration(npm)}
        server["sandbox"]["env_passthrough"] = [
            name for name in ("NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
            if name in os.environ]
        status, found, log = house.outcome()
        equal(status, 0, log)
        check(len(found["package"]["packages"]) > 20, str(found["package"]["packages"]))
        router = Router(house.servers, host=house.host)
        router.initialize()
        check("every_echo" in router.list_tools(), "no tools\n" + router.log_text())
        contains(router.call("every_echo", {"message": "hello"}).text, "hello")
        router.close()


@case("a real entry: uvx mcp-server-time")
def _():
    mcp.outside_program("uvx")
    with House() as house:
        server = house.add("time", "uvx", "mcp-server-time")
        server["env"] = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        status, found, log = house.outcome()
        if status != 0 and "registry-unreachable" in json.dumps(found):
            raise Skip("no registry of Python can be reached")
        equal(status, 0, log)
        router = Router(house.servers, host=house.host)
        router.initialize()
        check("time_get_current_time" in router.list_tools(), "no tools\n" + router.log_text())
        router.close()


mcp.main()
