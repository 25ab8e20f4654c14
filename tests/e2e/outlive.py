#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing outlives the router: it is killed at random moments, and so are keepers."""

import atexit
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import engine  # noqa: E402
import mcp  # noqa: E402
from mcp import Router, add_case, check, contains, equal, server  # noqa: E402

TRIES = int(os.environ.get("JAUAUTH_OUTLIVE_TRIES", "5" if mcp.SLOWED else "20"))
KEEPER = "jauauth-keeper"
# Strategies whose servers tell under which limits they run.
WITNESSED = ("none", "bubblewrap", "firejail", "holder")
# Their servers run in Node, in the local image of the tests of engines.
CONTAINERS = ("docker", "podman")


def all_strategies():
    """Those that are available here by the program's own word, or the ones that were asked for."""
    given = os.environ.get("JAUAUTH_E2E_STRATEGY")
    if given:
        return given.split()
    status, out, _ = mcp.run(["plugins", "list", "--json", *plugin_options()])
    if status != 0:
        return []
    # Engines of containers are killed by tests/engines/kills.py.
    return [each["name"] for each in json.loads(out)["plugins"]
            if (each.get("probe") or {}).get("state") in ("available", "degraded") and
            each["name"] not in CONTAINERS]


def engines():
    """The tests of engines, which have their images and wait for each other."""
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "engines"))
    import engines as found
    return found


def container_engine(strategy):
    return {"docker": engines().DOCKER, "podman": engines().PODMAN}[strategy]


def plugin_options():
    return engine.options() if engine.available() else ()


class Witnessed(Router):
    """A router whose servers are known by an id of their own, and note at their start under which
    limits they run."""

    def __init__(self, strategy, behaviours, holder=None, **more):
        self.mark = mcp.new_mark()
        self.strategy = strategy
        self.holder = holder
        self.token = "k" + os.urandom(6).hex()
        # A folder each: what two may write, one could swap for the other.
        self.notes = []
        self.temporary = mcp.scratch("temporary")
        self.state = mcp.scratch("state")
        servers = [self.server("%s-s%d" % (self.token, number), behaviour)
                   for number, behaviour in enumerate(behaviours)]
        settings = container_engine(strategy).settings() if strategy in CONTAINERS else ""
        settings += 'state_directory = "%s";\nlist_wait_ms = 60000;\n' % self.state
        super().__init__(servers, host=settings,
                         options=plugin_options(),
                         environment={**os.environ, "TMPDIR": str(self.temporary)}, **more)

    def server(self, identifier, behaviour):
        strategy, arguments, request = self.strategy, [], {}
        if strategy in WITNESSED:
            notes = mcp.give_to_account(mcp.scratch("notes"))
            self.notes.append(notes)
            arguments = ["--witness", str(notes)]
            request = {"memory_limit": "1g", "accept_partial": ["memory_limit"]}
            if strategy in ("bubblewrap", "firejail"):
                request["mounts"] = ["%s:%s" % (notes, notes)]
        if strategy == "holder":
            return self.holder.server(identifier, behaviour, *arguments, mark=self.mark,
                                      request=request)
        if strategy in CONTAINERS:
            return container_engine(strategy).server(identifier, ["server.js", self.mark])
        return server(identifier, behaviour, *arguments, strategy=strategy, mark=self.mark,
                      request=request)

    def witnesses(self):
        return [json.loads(path.read_text())
                for folder in self.notes for path in folder.glob("whole-*")]

    def at_work(self):
        """Whether a server is up or starting."""
        return any(mcp.comm(each[0]) == KEEPER for each in mcp.descendants(self.pid))

    def left(self, processes):
        """Everything of this router that is still there, as texts."""
        found = ["process %d %s" % (pid, mcp.command_line(pid)) for pid in mcp.marked(self.mark)]
        found += ["process %d" % each[0] for each in processes if mcp.alive(each)]
        return found or self.left_elsewhere()

    def left_elsewhere(self):
        """What is not a process; looking takes longer."""
        found = []
        # Without a keeper in it nothing was started yet: the next sweep finds out.
        found += ["journal %s" % path for path in self.state.glob("journal/*/*")
                  if not path.name.startswith(".") and '"keeper"' in read(path)]
        found += ["temporary file %s" % path for path in self.temporary.iterdir()]
        for folder in ("/tmp", "/var/tmp", "/run", "/dev/shm", "/run/user/%d" % os.getuid()):
            found += ["file %s/%s" % (folder, name) for name in names(folder) if self.token in name]
        for table in ("/proc/self/mountinfo", "/proc/net/unix"):
            found += ["%s: %s" % (table, line) for line in read(table).splitlines()
                      if self.token in line]
        found += ["control group %s" % path for path in groups() if self.token in path]
        return found + self.held()

    def held(self):
        """What the engine holds of it."""
        if self.strategy == "holder":
            return ["held %s" % name for name in self.holder.names() if self.token in name]
        if self.strategy in CONTAINERS:
            shown = engines().command(container_engine(self.strategy).client(
                "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.Labels}}"))
            return ["container %s" % line for line in shown.splitlines() if self.token in line]
        return []


def names(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


def read(path):
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except OSError:
        return ""


def groups():
    return [folder for folder, _, _ in os.walk("/sys/fs/cgroup")]


BEHAVIOURS = ("ok", "ignores-sigterm", "forks-child")


def engine_of(strategy):
    """What a strategy needs here, or a reason to skip it."""
    if strategy in CONTAINERS:
        container_engine(strategy).need()
    return engine.Engine() if strategy == "holder" else None


def behaviours(strategy, number=0):
    """Root gives each server without a sandbox an account of its own; the tests have one."""
    if strategy == "none" and mcp.ROOT:
        return (BEHAVIOURS[number % len(BEHAVIOURS)],)
    if strategy == "holder":
        return BEHAVIOURS[:2]  # it has no walls: what leaves its process group gets away from it
    return BEHAVIOURS


def usual_limits(strategy, holder=None):
    """What a server sees when nobody is killed: the same must hold when somebody is."""
    if strategy not in WITNESSED:
        return None
    router = Witnessed(strategy, BEHAVIOURS[:1], holder)
    router.initialize()
    router.list_tools()
    found = router.witnesses()
    router.close()
    equal(len(found), 1, "witnesses")
    if strategy != "holder":
        equal(found[0]["core"], 0, "the core limit")
    return found[0]


# --- Random moments ----------------------------------------------------------------------------

def in_start(router, moments, whole):
    router.send_raw(b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":'
                    b'{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":'
                    b'{"name":"x","version":"1"}}}\n')
    time.sleep(moments.uniform(0, whole * 1.3))


def in_call(router, moments, _):
    router.initialize()
    tool = moments.choice(sorted(router.list_tools()))
    router.start_call(tool, {"pause": 20})
    time.sleep(moments.uniform(0, 0.03))


def in_stop(router, moments, whole):
    router.initialize()
    router.list_tools()
    if moments.random() < 0.5:
        router.close_input()
    else:
        router.process.send_signal(signal.SIGTERM)
    time.sleep(moments.uniform(0, whole))


MOMENTS = (in_start, in_call, in_stop)
_table = []


def print_table():
    print("\n%-12s %6s %10s" % ("strategy", "kills", "survivors"))
    for row in _table:
        print("%-12s %6d %10d" % tuple(row))


def start_time(strategy, holder):
    begin = time.monotonic()
    router = Witnessed(strategy, behaviours(strategy), holder)
    router.initialize()
    router.list_tools()
    taken = time.monotonic() - begin
    router.close()
    return taken


def kill_router(strategy):
    """Kills as many routers as asked, each while a server of it is up or starting."""
    if strategy == "none":
        mcp.needs_plain_keeper()
    holder = engine_of(strategy)
    usual = usual_limits(strategy, holder)
    whole = min(start_time(strategy, holder) for _ in range(3))
    seed = random.randrange(1 << 30)
    print("# seed %d, a whole start takes %.2f s" % (seed, whole), flush=True)
    moments = random.Random(seed)
    if not _table:
        atexit.register(print_table)
    row = [strategy, 0, 0]
    _table.append(row)
    started, starting, slowest, missed = 0, 0, 0, 0
    while row[1] < TRIES:
        router = Witnessed(strategy, behaviours(strategy, row[1]), holder)
        MOMENTS[row[1] % len(MOMENTS)](router, moments, whole)
        processes = mcp.descendants(router.pid)
        at_work = router.at_work()
        early = len(router.witnesses()) < len(router.notes)
        router.process.kill()
        router.process.wait()
        killed = time.monotonic()
        left = mcp.eventually(lambda: not router.left(processes), mcp.GONE)
        slowest = max(slowest, time.monotonic() - killed)
        if not left:
            row[2] += 1
            print("# kill %d: these are left: %s" % (row[1] + 1, router.left(processes)))
        for found in router.witnesses():
            started += 1
            equal(found, usual, "limits of a server in try %d" % row[1])
        router.kill()
        for folder in (*router.notes, router.temporary, router.state, router.folder):
            shutil.rmtree(folder, ignore_errors=True)
        # A moment at which no server was up or starting tries nothing.
        row[1] += at_work
        starting += at_work and early
        missed += not at_work
        check(missed < 10 * TRIES + 50, "hardly ever was a server up or starting")
    print("# %d servers had started, %d kills came before all of a router's had, the slowest end "
          "took %.2f s, %d moments did not count" % (started, starting, slowest, missed))
    equal(row[2], 0, "survivors")


# --- Keepers -----------------------------------------------------------------------------------

def keepers(router):
    found = [process for process in mcp.descendants(router.pid)
             if mcp.comm(process[0]) == KEEPER]
    check(found, "there is no process %s below the router" % KEEPER)
    return found


def below(process):
    return [process, *mcp.descendants(process[0])]


def kill_keeper(strategy):
    for behaviour in BEHAVIOURS:
        mark, other = mcp.new_mark(), mcp.new_mark()
        router = Router([server("one", behaviour, strategy=strategy, mark=mark),
                         server("two", strategy=strategy, mark=other)])
        router.initialize()
        router.list_tools()
        mine = [each for each in keepers(router)
                if set(mcp.marked(mark)) & {pid for pid, _ in below(each)}]
        check(mine, "no keeper is the server's")
        doomed = [process for each in mine for process in below(each)]
        for keeper in mine:
            if mcp.comm(keeper[0]) == KEEPER:
                os.kill(keeper[0], signal.SIGKILL)
        mcp.nothing_left(mcp.new_mark(), doomed)  # nobody has this mark
        equal(router.call("two_echo", {"a": 1}).result["structuredContent"], {"a": 1}, behaviour)
        # The call may be under way before the router knows; then it fails. The next one starts it.
        answer = router.call("one_echo", {"a": 2})
        if answer.error:
            contains(answer.error["message"], "one", "ended before it answered")
            answer = router.call("one_echo", {"a": 2})
        equal(answer.result["structuredContent"], {"a": 2}, behaviour)
        router.close()
        mcp.nothing_left(mark)
        mcp.nothing_left(other)


def kill_keeper_while_starting(strategy):
    usual = usual_limits(strategy)
    moments = random.Random(random.randrange(1 << 30))
    for _ in range(max(5, TRIES // 3)):
        router = Witnessed(strategy, BEHAVIOURS)
        found = mcp.eventually(lambda: [each for each in mcp.descendants(router.pid)
                                        if mcp.comm(each[0]) == KEEPER], 10)
        time.sleep(moments.uniform(0, 0.05))
        doomed = []
        for each in found or ():
            doomed += below(each)
            try:
                os.kill(each[0], signal.SIGKILL)
            except ProcessLookupError:
                pass
        router.close(status=None)
        mcp.nothing_left(router.mark, doomed)
        for limits in router.witnesses():
            equal(limits, usual, "limits of a server whose keeper was killed")


def kill_router_later(strategy):
    for _ in range(max(3, TRIES // 10)):
        router = Witnessed(strategy, BEHAVIOURS)
        router.initialize()
        router.list_tools()
        found = keepers(router)
        processes = mcp.descendants(router.pid)
        # The servers' stdin ends with the router; who ignores that is the keeper's to end.
        router.process.kill()
        router.process.wait()
        mcp.nothing_left(router.mark, processes)
        check(not any(mcp.alive(each) for each in found), "a keeper is left")
        router.kill()


for _strategy in all_strategies():
    add_case("SIGKILL to the router at %d random moments leaves nothing (%s)" % (TRIES, _strategy),
             kill_router, _strategy)
for _strategy in [each for each in ("none", "bubblewrap") if each in mcp.strategies()]:
    add_case("SIGKILL to a keeper ends its server and no other, and it comes back (%s)" % _strategy,
             kill_keeper, _strategy)
    add_case("SIGKILL to keepers that are starting servers leaves nothing (%s)" % _strategy,
             kill_keeper_while_starting, _strategy)
    add_case("SIGKILL to the router with all servers up leaves nothing (%s)" % _strategy,
             kill_router_later, _strategy)

mcp.main()
