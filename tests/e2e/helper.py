#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The test servers and the strict client against each other, without a router between them."""

import json
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Client, Failure, case, check, contains, equal  # noqa: E402


def direct(behaviour, *arguments):
    return Client([mcp.outside_program("python3"),
                   str(mcp.servers_folder() / "hostile.py"), behaviour, *arguments])


def fails(what):
    try:
        what()
    except Failure:
        return
    raise Failure("this should have been noticed")


@case("a well-behaved server passes as such")
def _():
    client = direct("ok")
    client.initialize()
    check("echo" in client.list_tools(), "no tool echo")
    identifier = client.send_text('{"jsonrpc":"2.0","id":"\\u0061","method":"tools/call","params":'
                                  '{"name":"echo","arguments":{"b":1.50,"a":[ ]}}}')
    answer = client.answer(identifier)
    equal(answer.part("result", "structuredContent"), '{"b":1.50,"a":[ ]}')
    client.call("progress", {"count": 3}, token="t")
    equal(len([each for each in client.others if each["method"] == "notifications/progress"]), 3)
    client.close()


@case("the client notices what a bad server does")
def _():
    for behaviour in ("answers-twice", "unknown-ids", "stray-progress", "invalid-utf8",
                      "banner", "early"):
        client = direct(behaviour)
        client.initialize()
        client.start_call("misbehave", token="x")
        while not client.problems:
            check(client.receive() is not None, behaviour + " was not noticed")
        client.kill()


@case("the client does not wait for ever")
def _():
    client = direct("never-answers")
    fails(lambda: client.request("ping", seconds=0.5))
    client.close()
    client = direct("half-line")
    client.initialize()
    fails(lambda: client.call("misbehave", seconds=0.5))


@case("pages, big lists and floods come out as they should")
def _():
    client = direct("pages")
    client.initialize()
    tools = client.list_tools()
    equal(len(tools), len(_tools("ok")))
    client.close()
    equal(len(_tools("big-list")), len(tools) + 64)
    client = direct("flood-stderr")
    client.initialize()
    client.call("misbehave")
    client.close()
    check(client.log_bytes > 99000000, "only %d bytes on stderr" % client.log_bytes)


def _tools(behaviour):
    client = direct(behaviour)
    client.initialize()
    tools = client.list_tools()
    client.close()
    return tools


@case("the probe reports what it did and what it could not do")
def _():
    client = Client([mcp.outside_program("python3"), str(mcp.servers_folder() / "probe.py")])
    client.initialize()
    equal(client.call("read_file", {"path": "/no/such"}).result["structuredContent"],
          {"done": False, "error": "ENOENT"})
    found = client.call("identity").result["structuredContent"]
    equal(found["pid"], client.pid)
    equal(json.loads(client.call("list_processes", {"containing": "probe.py"}).content())["done"],
          True)
    client.close()


@case("the small echo server gives back what it got")
def _():
    path = mcp.servers_folder() / "echo"
    if not path.exists():
        raise mcp.Skip("it is not built")
    client = Client([str(path)])
    client.initialize()
    equal(list(client.list_tools()), ["echo"])
    for text in ('{"a":"]}\\"\\\\"}', '{"n":1e400}', '{}', '{"deep":[[{"x":{"id":1}}]],"b":",:"}'):
        answer = client.answer(client.send_text(
            '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":'
            '{"name":"echo","arguments":%s}}' % text))
        equal(answer.part("result", "structuredContent"), text)
    client.close()


@case("processes are found and missed")
def _():
    mark = mcp.new_mark()
    client = direct("ignores-sigterm", "--mark", mark)
    client.initialize()
    equal(mcp.marked(mark), [client.pid])
    fails(lambda: mcp.nothing_left(mark, seconds=0.2))
    client.kill()
    mcp.nothing_left(mark)
    contains("abc", "b")


mcp.main(needs_program=False)
