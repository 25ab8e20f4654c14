#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing outlives the router: it is killed at random moments, and so are keepers."""

import json
import os
import random
import signal
import sys
import time

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Failure, Router, add_case, check, contains, equal, server  # noqa: E402

TRIES = int(os.environ.get("JAUAUTH_OUTLIVE_TRIES", "10" if mcp.SLOWED else "50"))
KEEPER = "jauauth-keeper"


class Witnessed(Router):
    """A router whose servers note at their start under which limits they run."""

    def __init__(self, strategy, behaviours, **more):
        self.mark = mcp.new_mark()
        # A folder each: what two may write, one could swap for the other.
        self.notes = []
        servers = []
        for number, behaviour in enumerate(behaviours):
            notes = mcp.give_to_account(mcp.scratch("notes"))
            self.notes.append(notes)
            request = {"memory_limit": "1g", "accept_partial": ["memory_limit"]}
            if strategy != "none":
                request["mounts"] = ["%s:%s" % (notes, notes)]
            servers.append(server("s%d" % number, behaviour, "--witness", str(notes),
                                  strategy=strategy, mark=self.mark, request=request))
        super().__init__(servers, **more)

    def witnesses(self):
        return [json.loads(path.read_text())
                for folder in self.notes for path in folder.glob("whole-*")]


BEHAVIOURS = ("ok", "ignores-sigterm", "forks-child")


def usual_limits(strategy):
    """What a server sees when nobody is killed: the same must hold when somebody is."""
    router = Witnessed(strategy, BEHAVIOURS[:1])
    router.initialize()
    router.list_tools()
    found = router.witnesses()
    router.close()
    equal(len(found), 1, "witnesses")
    equal(found[0]["core"], 0, "the core limit")
    return found[0]


def kill_router(strategy):
    usual = usual_limits(strategy)
    begin = time.monotonic()
    first = Witnessed(strategy, BEHAVIOURS)
    first.initialize()
    first.list_tools()
    whole = time.monotonic() - begin
    first.close()
    started = 0
    seed = random.randrange(1 << 30)
    print("# seed %d, a whole start takes %.2f s" % (seed, whole), flush=True)
    moments = random.Random(seed)
    for number in range(TRIES):
        router = Witnessed(strategy, BEHAVIOURS)
        if number % 2:
            router.send_raw(b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":'
                            b'{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":'
                            b'{"name":"x","version":"1"}}}\n')
        time.sleep(moments.uniform(0, whole * 1.3))
        processes = mcp.descendants(router.pid)
        router.process.kill()
        router.process.wait()
        mcp.nothing_left(router.mark, processes)
        for found in router.witnesses():
            started += 1
            if found != usual:
                raise Failure("try %d: a server ran under %s, usually %s" % (number, found, usual))
        router.kill()
    print("# %d servers had started" % started, flush=True)
    check(started > 0, "no server had started in any try: the moments are too early")
    check(started < TRIES * len(BEHAVIOURS), "all had started in all tries: too late")


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


STRATEGIES = [each for each in ("none", "bubblewrap") if each in mcp.strategies()]
for _strategy in STRATEGIES:
    add_case("SIGKILL to the router at %d random moments leaves nothing (%s)" % (TRIES, _strategy),
             kill_router, _strategy)
    add_case("SIGKILL to a keeper ends its server and no other, and it comes back (%s)" % _strategy,
             kill_keeper, _strategy)
    add_case("SIGKILL to keepers that are starting servers leaves nothing (%s)" % _strategy,
             kill_keeper_while_starting, _strategy)
    add_case("SIGKILL to the router with all servers up leaves nothing (%s)" % _strategy,
             kill_router_later, _strategy)

mcp.main()
