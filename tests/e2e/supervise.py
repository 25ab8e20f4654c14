#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers that die, that nobody calls, and that are started by their first call."""

import json
import os
import signal
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Router, add_case, case, check, contains, equal, server  # noqa: E402


def servers_of(router):
    """The processes that are the test server's own."""
    return [pid for pid in mcp.marked(router.mark) if mcp.comm(pid).startswith("python")]


def routed(*entries, **more):
    mark = mcp.new_mark()
    router = Router([entry(mark) for entry in entries], **more)
    router.mark = mark
    router.initialize()
    return router


def ends_clean(router):
    processes = mcp.descendants(router.pid)
    router.close()
    mcp.nothing_left(router.mark, processes)


def changes(router):
    return [each for each in router.others if each["method"].endswith("list_changed")]


def restarts(strategy):
    router = routed(lambda mark: server("one", strategy=strategy, mark=mark),
                    lambda mark: server("two", strategy=strategy, mark=mark))
    names = list(router.list_tools())
    router.settle()
    router.others.clear()
    for number in range(3):
        lost = router.start_call("one_wait", {"milliseconds": 100000, "lost": number})
        router.call("one_exit", {"status": 7})
        check(router.answer(lost).error, "a call of a dead server was answered")
        equal(list(router.list_tools()), names, "tools while it is started again")
        equal(router.call("one_echo", {"n": number}).result["structuredContent"], {"n": number})
        lines = router.call("one_seen").result["structuredContent"]["lines"]
        check(not any("lost" in line for line in lines), "a call was sent twice: %s" % lines)
        equal(router.call("two_echo", {"n": 1}).result["structuredContent"], {"n": 1})
    router.settle()
    equal(changes(router), [], "changes of a list that did not change")
    ends_clean(router)


def killed(strategy):
    router = routed(lambda mark: server("one", strategy=strategy, mark=mark))
    router.call("one_echo")
    lost = router.start_call("one_wait", {"milliseconds": 100000})
    router.settle()
    for pid in servers_of(router):
        os.kill(pid, signal.SIGKILL)
    contains(router.answer(lost).error["message"], '"one"')
    equal(router.call("one_echo", {"a": 1}).result["structuredContent"], {"a": 1})
    router.logged("it is started again in")
    ends_clean(router)


def parked(strategy):
    router = routed(lambda mark: server("one", strategy=strategy, mark=mark))
    router.list_tools()
    message = ""
    for _ in range(20):
        message = router.call("one_exit", {"status": 7}).error["message"]
        if "parked" in message:
            break
    contains(message, '"one" is not running', "7", "parked after 5 failures in a row")
    router.logged("it is parked after 5 failures in a row")
    router.other("notifications/tools/list_changed")
    equal(router.list_tools(), {}, "tools of a parked server")
    equal(servers_of(router), [])
    status, shown, _ = mcp.run(["ps", "--json", "--config", router.host_file])
    equal(status, 0)
    mine = [each for each in json.loads(shown)["servers"] if each["router"] == router.pid]
    equal([(each["state"], each["restarts"]) for each in mine], [("parked", 4)], "ps")
    contains(mine[0]["reason"], "7")
    ends_clean(router)


def crashes_at_once(strategy):
    router = routed(lambda mark: server("bad", "exits-at-once", strategy=strategy, mark=mark),
                    lambda mark: server("good", strategy=strategy, mark=mark))
    check("good_echo" in router.list_tools(), "the good server is missing")
    check(mcp.eventually(lambda: "parked after 5 failures" in router.log_text()), "not parked")
    contains(router.log_text(), "bad", "it is started again in")
    equal(router.call("good_echo", {"a": 1}).result["structuredContent"], {"a": 1})
    ends_clean(router)


def idle(strategy):
    router = routed(lambda mark: server("one", strategy=strategy, mark=mark, idle_stop_ms=300))
    names = list(router.list_tools())
    for number in range(2):
        equal(router.call("one_wait", {"milliseconds": 1000}).content(), "waited")
        check(mcp.eventually(lambda: not servers_of(router)), "an idle server was not stopped")
        equal(list(router.list_tools()), names, "tools of a server that is stopped")
        equal(router.call("one_echo", {"n": number}).result["structuredContent"], {"n": number})
    ends_clean(router)


def ten_at_once(strategy):
    count = 10
    router = routed(*[(lambda mark, n=n: server("s%d" % n, strategy=strategy, mark=mark))
                      for n in range(count)], host="list_wait_ms = 600000;\n")
    names = router.list_tools()
    for number in range(count):
        check("s%d_echo" % number in names, "server %d is missing" % number)
    started = {router.start_call("s%d_echo" % n, {"n": n}): n for n in range(count)}
    for identifier, number in started.items():
        equal(router.answer(identifier).result["structuredContent"], {"n": number})
    ends_clean(router)


for _strategy in mcp.strategies() or ["bubblewrap"]:
    for _text, _function in (
            ("a server that ends is started again; its calls fail once and reach nobody", restarts),
            ("a server that is killed is started again", killed),
            ("a server that ends again and again is parked, and calls say why", parked),
            ("a server that ends at once is parked beside a good one", crashes_at_once),
            ("a server that nobody calls is stopped, and started by the next call", idle),
            ("ten servers start at once", ten_at_once)):
        add_case("%s (%s)" % (_text, _strategy), _function, _strategy)


@case("a lazy server is started once for its tools, and then by a call only")
def _():
    router = routed(lambda mark: server("one", mark=mark, start="lazy"))
    names = list(router.list_tools())
    check("one_echo" in names, "tools: %s" % names)
    check(mcp.eventually(lambda: not servers_of(router)), "it runs although nobody calls it")
    equal(list(router.list_tools()), names)
    equal(router.call("one_echo", {"a": 1}).result["structuredContent"], {"a": 1})
    check(servers_of(router), "it does not run after a call")
    ends_clean(router)


@case("a lazy server with a cached list is not started until it is called")
def _():
    where = {"host": "state_directory = \"%s\";\nstart = \"lazy\";\n" % mcp.scratch("state"),
             "cache_tools": True}
    # The same command for both: the mark is part of what names the cached list.
    mark = mcp.new_mark()
    first = Router([server("one", mark=mark)], **where)
    first.initialize()
    names = list(first.list_tools())
    first.close()
    second = Router([server("one", mark=mark)], **where)
    second.mark = mark
    second.initialize()
    equal(list(second.list_tools()), names)
    second.settle()
    check("started, process" not in second.log_text(), "it was started without a call")
    equal(second.call("one_echo", {"a": 1}).result["structuredContent"], {"a": 1})
    ends_clean(second)


@case("a server that cannot be planned is parked at once with the reason")
def _():
    missing = mcp.program("one", ["/no/such/place"], strategy=mcp.a_strategy())
    router = Router([missing, server("two")])
    router.initialize()
    check("two_echo" in router.list_tools(), "the good server is missing")
    router.logged("/no/such/place")
    check("started again" not in router.log_text(), "what cannot be planned was tried again")
    router.close()


mcp.main()
