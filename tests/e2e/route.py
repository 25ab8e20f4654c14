#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Routing over stdio: names, ids, progress, cancellation, lists, versions, bytes."""

import json
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Router, case, check, contains, equal, server  # noqa: E402

UNKNOWN = -32602


def two(first="ok", second="ok", *arguments, **more):
    return Router([server("one", first, *arguments), server("two", second)], **more)


@case("tools of all servers are listed under names with the server's id, in order")
def _():
    router = two()
    answer = router.initialize()
    equal(answer.result["protocolVersion"], mcp.LATEST)
    check("tools" in answer.result["capabilities"], "tools are not announced")
    check(answer.result["capabilities"]["tools"].get("listChanged"), "listChanged is not announced")
    check("logging" in answer.result["capabilities"], "logging is not announced")
    for later in ("prompts", "resources", "completions", "tasks"):
        check(later not in answer.result["capabilities"], later + " is announced")
    names = list(router.list_tools())
    check("one_echo" in names and "two_echo" in names, "names: %s" % names)
    half = len(names) // 2
    check(all(name.startswith("one_") for name in names[:half]) and
          all(name.startswith("two_") for name in names[half:]), "order: %s" % names)
    router.close()


@case("each server gets its own calls, and the answer goes to the id that asked")
def _():
    router = two()
    router.initialize()
    started = {}
    for number in range(200):
        where = ("one", "two")[number % 2]
        started[router.start_call(where + "_echo", {"n": number, "for": where})] = (number, where)
    for identifier, (number, where) in started.items():
        equal(router.answer(identifier).result["structuredContent"], {"n": number, "for": where})
    router.close()


@case("ids of every form come back byte for byte")
def _():
    router = two()
    router.initialize()
    router.list_tools()
    ids = ['0', '-1', '9007199254740993', '12345678901234567890123', '"1"', '""', '"\\u0061"',
           '"a b"', '"\\ud83d\\ude00"', '"\u00e9"', '"\\"\\\\\\/"', '"x' + 'y' * 300 + '"']
    for identifier in ids:
        router.send_text('{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":'
                         '{"name":"one_echo","arguments":{"a":1}}}' % identifier)
    for identifier in ids:
        equal(router.answer(identifier).result["structuredContent"], {"a": 1}, identifier)
    for identifier in ids:
        router.send_text('{"id":%s,"method":"ping","jsonrpc":"2.0"}' % identifier)
        equal(router.answer(identifier).result, {})
    router.close()


@case("arguments and results arrive byte for byte")
def _():
    router = two()
    router.initialize()
    router.list_tools()
    for text in ('{"z":1,"a":2}', '{ "spaces" : [ 1 , 2 ] }', '{"n":1.50,"big":1e400,"m":-0.0}',
                 '{"long":12345678901234567890.12345678901234567890}',
                 '{"e":"\\u0041\\u00e9\\/","raw":"\u00e9\U0001f600"}', '{"lone":"\\ud800"}',
                 '{"id":5,"method":"x","params":{"name":"one_echo"}}', '{"name":"two_echo"}',
                 '{"deep":' + "[" * 60 + "]" * 60 + '}', '{"same":1,"nul":"\\u0000"}',
                 '{"big":"' + "b" * 1000000 + '"}'):
        answer = router.answer(router.send_text(
            '{"params":{"arguments":%s,"name":"one_echo"},"method":"tools/call","id":"x",'
            '"jsonrpc":"2.0"}' % text))
        equal(answer.part("result", "structuredContent"), text, "the result")
        equal(answer.content(), text, "what the server has seen")
    router.close()


@case("unknown members of a call reach the server, in their place")
def _():
    router = two()
    router.initialize()
    router.list_tools()
    router.answer(router.send_text(
        '{"jsonrpc":"2.0","x":[ 1.0 ],"id":1,"method":"tools/call","params":{"future":{"b":1,"a":'
        '2},"name":"one_echo","_meta":{"org.example/t":"\\u0061"},"arguments":{}}}'))
    lines = router.call("one_seen").result["structuredContent"]["lines"]
    found = [line for line in lines if '"future"' in line]
    equal(len(found), 1)
    contains(found[0], '"x":[ 1.0 ]', '"future":{"b":1,"a":2}', '"org.example/t":"\\u0061"',
             '"name":"echo"')
    router.close()


@case("an error answer arrives byte for byte, and so does a result that is an error")
def _():
    router = two()
    router.initialize()
    answer = router.call("one_fail", {"code": -32011})
    equal(answer.part("error"),
          '{"message":"as asked","data":{"n":1.50,"\\u0061":[ ]},"code":-32011}')
    equal(router.call("two_refuse").part("result"),
          '{"isError":true,"content":[{"type":"text","text":"refused"}]}')
    router.close()


@case("progress comes under the client's own token, in order and before the answer")
def _():
    router = two()
    router.initialize()
    router.list_tools()
    tokens = ['1', '"1"', '"tok\\u00e9n"', '9007199254740993', '0', '"' + "t" * 200 + '"']
    for number, token in enumerate(tokens):
        router.send_text(
            '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"_meta":{"progressToken":%s},'
            '"name":"%s_progress","arguments":{"count":5}}}'
            % (number + 100, token, ("one", "two")[number % 2]))
    for number, _ in enumerate(tokens):
        equal(router.answer(str(number + 100)).content(), "token")
    seen = {}
    for message in router.others:
        if message["method"] == "notifications/progress":
            seen.setdefault(message.part("params", "progressToken"), []).append(
                (message["params"]["progress"], message["params"]["message"]))
    equal(seen, {token: [(step, "step %d" % step) for step in range(1, 6)] for token in tokens})
    router.close()


@case("a call without a progress token gets none")
def _():
    router = two()
    router.initialize()
    equal(router.call("one_progress").content(), "no token")
    router.close()


@case("cancelling a call reaches its server with the reason, and nothing else")
def _():
    router = two()
    router.initialize()
    router.list_tools()
    router.send_text('{"jsonrpc":"2.0","id":"c","method":"tools/call","params":'
                     '{"name":"one_wait","arguments":{"milliseconds":100000}}}')
    router.call("one_echo")
    router.send_text('{"jsonrpc":"2.0","method":"notifications/cancelled","params":'
                     '{"requestId":"c","reason":"no \\u006conger"}}')
    router.notify("notifications/cancelled", {"requestId": "never", "reason": "unknown"})
    router.settle()

    def cancelled(where):
        lines = router.call(where + "_seen").result["structuredContent"]["lines"]
        return [line for line in lines if "notifications/cancelled" in line]
    mcp.eventually(lambda: cancelled("one"))
    found = cancelled("one")
    equal(len(found), 1, "cancellations that the server has seen")
    contains(found[0], "no \\u006conger")
    check('"c"' not in found[0], "the server was told the client's id: %s" % found[0])
    equal(cancelled("two"), [])
    router.may_answer('"c"')
    router.close()


@case("answers may come in any order")
def _():
    router = two("reverse-order")
    router.initialize()
    router.list_tools()
    started = [router.start_call("one_misbehave", {"n": number}) for number in range(4)]
    order = []
    while len(order) < 4:
        router.receive()
        order += [each for each in router.answers if each not in order]
    equal(order, started[::-1])
    for number, identifier in enumerate(started):
        equal(router.answer(identifier).result["structuredContent"], {"n": number})
    router.close()


@case("a slow call does not hold up others")
def _():
    router = two()
    router.initialize()
    slow = router.start_call("one_wait", {"milliseconds": 1500})
    for where in ("one", "two", "one"):
        router.call(where + "_echo")
    check(slow not in router.answers, "the slow call was answered first")
    router.answer(slow)
    router.close()


@case("a change of a list is passed on once and the new tool can be called")
def _():
    router = two()
    router.initialize()
    router.list_tools()
    router.settle()
    router.others.clear()
    router.call("one_change", {"times": 7})
    router.other("notifications/tools/list_changed")
    check(mcp.eventually(lambda: "one_added-6" in router.list_tools()), "the new tool is missing")
    equal(router.call("one_added-6").content(), "this is added-6")
    router.settle()
    more = [each for each in router.others if each["method"].endswith("list_changed")]
    check(len(more) < 7, "seven changes in a row came as %d notifications" % (len(more) + 1))
    router.close()


@case("all pages of a server are fetched, one with an empty cursor among them")
def _():
    router = two("pages")
    router.initialize()
    tools = router.list_tools()
    equal(len([name for name in tools if name.startswith("one_")]),
          len([name for name in tools if name.startswith("two_")]))
    router.close()


@case("a list of more than one megabyte arrives whole")
def _():
    router = two("big-list")
    router.initialize()
    tools = router.list_tools()
    equal(len([name for name in tools if name.startswith("one_big-")]), 64)
    equal(len(tools["one_big-63"]["description"]), 17000)
    router.close()


@case("schemas arrive byte for byte; odd names get an alias that works; nonsense is left out")
def _():
    router = two("odd-tools")
    router.initialize()
    answer = router.request("tools/list", {})
    contains(answer.text, '"maximum":1.50e+3,"x":12345678901234567890}', '"$defs":{"a":{}}',
             '"x-unknown":[ 1 ,2 ]')
    names = [tool["name"] for tool in answer.result["tools"] if tool["name"].startswith("one")]
    equal(names[0], "one_plain")
    equal(len(names), 3, "tools of the server with odd names %s" % names)
    for name in names:
        check(len(name) <= 64 and all(c.isascii() and (c.isalnum() or c in "_-") for c in name),
              "a name that clients refuse: %s" % name)
    equal(len(set(names)), 3)
    router.close()


@case("unknown tools are refused with the same words whatever the name")
def _():
    router = two()
    router.initialize()
    router.list_tools()
    texts = set()
    for name in ("three_echo", "one_nothing", "echo", "", "one_", "_echo", "one_echo "):
        answer = router.call(name)
        equal(answer.error["code"], UNKNOWN, name)
        texts.add(answer.error["message"].replace(name, "") if name else "")
    texts.discard("")
    check(len(texts) == 1, "different texts: %s" % texts)
    for params in ('{}', '{"name":5}', '{"name":null,"arguments":{}}', '[]', '"x"', '7'):
        answer = router.answer(router.send_text(
            '{"jsonrpc":"2.0","id":77,"method":"tools/call","params":%s}' % params))
        check(answer.error["code"] in (UNKNOWN, -32600), answer.text)
    router.close()


@case("methods that are not offered are unknown; unknown notifications are dropped")
def _():
    router = two()
    router.initialize()
    for method in ("prompts/list", "resources/list", "resources/read", "completion/complete",
                   "tasks/list", "no/such", "server/discover"):
        equal(router.request(method, {}).error["code"], -32601, method)
    router.notify("notifications/roots/list_changed")
    router.notify("notifications/no/such", {"x": 1})
    equal(router.request("ping").result, {})
    router.close()


@case("every revision is spoken with the client, whatever the server speaks")
def _():
    for client_side in mcp.REVISIONS:
        for server_side in mcp.REVISIONS[::3]:
            router = Router([server("one", "ok", "--revision", server_side)])
            equal(router.initialize(client_side).result["protocolVersion"], client_side)
            equal(router.call("one_echo", {"a": 1}).result["structuredContent"], {"a": 1})
            router.close()
    for asked in ("2026-07-28", "1999-01-01", "x"):
        router = Router([server("one")])
        equal(router.initialize(asked).result["protocolVersion"], mcp.LATEST, asked)
        router.close()


@case("servers are told of no capability, and each of their requests is answered")
def _():
    router = two()
    router.initialize(capabilities={"roots": {"listChanged": True}, "sampling": {},
                                    "elicitation": {}})
    answers = router.call("one_ask").result["structuredContent"]
    equal(answers["ping"].get("result"), {})
    for method in ("roots/list", "sampling/createMessage", "elicitation/create", "no/such/method"):
        equal(answers[method].get("error", {}).get("code"), -32601, method)
    lines = router.call("one_seen").result["structuredContent"]["lines"]
    first = json.loads(lines[0])
    equal(first["method"], "initialize")
    equal(first["params"]["capabilities"], {})
    equal(json.loads(lines[1])["method"], "notifications/initialized")
    router.close()


@case("log messages come with the server's id, as far as the client's level lets them")
def _():
    router = two()
    router.initialize()
    equal(router.request("logging/setLevel", {"level": "debug"}).result, {})
    router.call("one_logs")
    router.settle()
    heard = [each["params"] for each in router.others
             if each["method"] == "notifications/message"]
    equal([each["level"] for each in heard if "of level" in str(each["data"])],
          ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"])
    check(all(each["logger"].startswith("one") for each in heard
              if "of level" in str(each["data"])), "loggers without the server's id")
    router.others.clear()
    router.request("logging/setLevel", {"level": "error"})
    router.call("one_logs")
    router.settle()
    equal([each["params"]["level"] for each in router.others
           if each["method"] == "notifications/message"],
          ["error", "critical", "alert", "emergency"])
    equal(router.request("logging/setLevel", {"level": "loud"}).error["code"], UNKNOWN)
    router.close()


@case("what a server says before `initialize` is answered does no harm")
def _():
    router = two("early")
    router.initialize()
    check("one_echo" in router.list_tools(), "its tools are missing")
    router.close()


@case("the client's `initialize` is answered before slow servers are; a list waits for them")
def _():
    router = Router([server("one", "slow", "--delay", "2000"), server("two")])
    router.initialize()
    early = router.start_call("one_echo", {"early": True})
    tools = router.list_tools()
    check("one_echo" in tools and "two_echo" in tools, "tools: %s" % list(tools))
    equal(router.answer(early).result["structuredContent"], {"early": True})
    router.close()


@case("a server that is later than the bound comes with list_changed")
def _():
    gate = mcp.scratch("gate")
    mounts = [] if mcp.a_strategy() == "none" else ["%s:%s:ro" % (gate, gate)]
    late = server("one", "ok", "--until", str(gate / "open"))
    late["sandbox"].setdefault("mounts", []).extend(mounts)
    router = Router([late, server("two")], host="list_wait_ms = 200;\n")
    router.initialize()
    tools = {}

    def has(tool):
        tools.clear()
        tools.update(router.list_tools())
        return tool in tools
    check(mcp.eventually(lambda: has("two_echo")), "the quick server is missing")
    check("one_echo" not in tools, "the slow server was waited for")
    router.settle()
    router.others.clear()
    mcp.write(gate / "open", "")
    router.other("notifications/tools/list_changed")
    check(has("one_echo"), "the late server is missing")
    router.close()


@case("the array of a 2025-03-26 client is taken apart")
def _():
    router = two()
    router.initialize("2025-03-26")
    router.list_tools()
    router.expect('"a"')
    router.expect('"b"')
    router.send_raw(b'[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","method":'
                    b'"notifications/no/such"},{"jsonrpc":"2.0","id":"b","method":"tools/call",'
                    b'"params":{"name":"two_echo","arguments":{"n":1.0}}}]\n')
    equal(router.answer('"a"').result, {})
    equal(router.answer('"b"').part("result", "structuredContent"), '{"n":1.0}')
    router.close()


@case("an array from a client of another revision is refused, and the rest goes on")
def _():
    router = two()
    router.initialize("2025-06-18")
    for absent in ("none", "null"):
        router.expect(absent)
    router.send_raw(b'[{"jsonrpc":"2.0","id":"a","method":"ping"}]\n')
    router.request("ping")
    refused = [each for each in router.answers.values() if each.error]
    equal(len(refused), 1, "answers")
    equal(refused[0].error["code"], -32600)
    router.agree()


@case("a name that two servers would share is a collision that is said aloud")
def _():
    router = Router([server("a", "ok", "--tool", "b_c"), server("a_b", "ok", "--tool", "c")])
    router.initialize()
    names = list(router.list_tools())
    check("a_b_c" not in names or len(set(names)) == len(names), "names twice")
    router.settle()
    router.logged("a_b_c")
    router.close()


@case("servers that the user may not use are hidden; requires_auth is met by the user")
def _():
    import getpass
    router = Router([server("one", requires_auth=True),
                     server("two", allowed_users=["nobody-like-this"]),
                     server("three", allowed_users=[getpass.getuser(), "other"])])
    router.initialize()
    names = list(router.list_tools())
    check("one_echo" in names and "three_echo" in names, "names: %s" % names)
    check(not any(name.startswith("two_") for name in names), "a hidden server is listed")
    hidden, missing = router.call("two_echo"), router.call("ten_echo")
    equal(hidden.error["code"], UNKNOWN)
    equal(hidden.error["message"].replace("two", "ten"), missing.error["message"])
    router.close()


@case("timeout_ms ends a call with an error and cancels it at the server")
def _():
    router = Router([server("one", timeout_ms=500)])
    router.initialize()
    answer = router.call("one_wait", {"milliseconds": 60000})
    check(answer.error, "expected an error: %s" % answer.text)
    contains(answer.error["message"], "one")
    lines = router.call("one_seen").result["structuredContent"]["lines"]
    check(any("notifications/cancelled" in line for line in lines), "it was not cancelled")
    router.close()


@case("the file's timeout_ms holds where a server has none")
def _():
    router = Router([server("one")], timeout_ms=500)
    router.initialize()
    check(router.call("one_wait", {"milliseconds": 60000}).error, "no time-out")
    router.close()


@case("the environment is what the file names and nothing of the router's")
def _():
    import os
    environment = dict(os.environ, JAUAUTH_TEST_SECRET="leak", LC_PAPER="passed on")
    router = Router([server("one", env={"KEY": "value = ${INNER}", "INNER": "in\nner", "EMPTY": ""},
                            request={"env_passthrough": ["LC_PAPER", "NOT_SET_ANYWHERE"]})],
                    environment=environment)
    router.initialize()
    found = dict(router.call("one_environment").result["structuredContent"]["environment"])
    equal({name: found.get(name) for name in ("KEY", "INNER", "EMPTY", "LC_PAPER")},
          {"KEY": "value = in\nner", "INNER": "in\nner", "EMPTY": "", "LC_PAPER": "passed on"})
    check("JAUAUTH_TEST_SECRET" not in found, "the router's environment leaked")
    extra = set(found) - {"KEY", "INNER", "EMPTY", "LC_PAPER", "PATH", "HOME", "LANG", "PWD",
                          "TMPDIR", "USER", "LOGNAME", "SHELL", "TERM"}
    check(not extra, "variables that nobody named: %s" % sorted(extra))
    router.close()


@case("a client that ends its stream ends the router and all servers")
def _():
    mark = mcp.new_mark()
    router = Router([server("one", mark=mark), server("two", mark=mark)])
    router.initialize()
    router.list_tools()
    processes = mcp.descendants(router.pid)
    check(len(mcp.marked(mark)) >= 2, "the servers do not run")
    router.close()
    mcp.nothing_left(mark, processes)


@case("the first message must be initialize, but a ping may come before")
def _():
    router = Router([server("one")])
    equal(router.request("ping").result, {})
    check(router.request("tools/list").error, "tools/list before initialize was answered")
    router.initialize()
    check(router.request("initialize", {"protocolVersion": mcp.LATEST, "capabilities": {},
                                        "clientInfo": {"name": "x", "version": "1"}}).error,
          "a second initialize was taken")
    equal(router.request("ping").result, {})
    router.close()


@case("blank lines and carriage returns are taken as other programs do")
def _():
    router = Router([server("one")])
    router.send_raw(b"\n\r\n")
    router.initialize()
    router.expect("5")
    router.send_raw(b'  {"jsonrpc":"2.0","id":5,"method":"ping"} \r\n')
    equal(router.answer("5").result, {})
    router.close()


@case("cached tools are shown before the server answers")
def _():
    host = 'state_directory = "%s";\n' % mcp.scratch("state")
    first = Router([server("one")], host=host, cache_tools=True)
    first.initialize()
    names = list(first.list_tools())
    first.close()
    # The same entry as before: the program behind it has become slow.
    slow = mcp.servers_folder() / "hostile.py"
    kept = slow.read_text()
    slow.write_text(kept.replace("type=int, default=0,", "type=int, default=3000,"))
    try:
        second = Router([server("one")], host=host + "list_wait_ms = 100;\n",
                        cache_tools=True)
        second.initialize()
        equal(list(second.list_tools()), names)
        second.close()
    finally:
        slow.write_text(kept)


mcp.main()
