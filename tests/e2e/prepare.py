#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`jauauth prepare`: the slow steps of a plan, on demand, with their progress."""

import json
import signal
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Router, case, check, contains, equal  # noqa: E402

PLUGINS = mcp.BUILD / "tests" / "plugins" / ".libs"


def workshop(identifier, **options):
    """A server of the test strategy whose plan has these scripts as steps."""
    if not (PLUGINS / "workshop.so").exists():
        raise mcp.Skip("the plugin of the tests is not built (make check builds it)")
    return {"id": identifier, "command": mcp.outside_program("python3"),
            "args": [str(mcp.servers_folder() / "hostile.py"), "ok"],
            "sandbox": {"strategy": {"workshop": options}}}


def arguments(servers, host=""):
    folder = mcp.scratch("prepare")
    return ["--plugin-dir", str(PLUGINS), "--servers",
            str(mcp.write(folder / "servers.json", {"servers": servers})), "--config",
            str(mcp.write(folder / "jauauth.conf", host)), "--allow-unsandboxed"]


def prepare(servers, *more, host=""):
    status, out, log = mcp.run([*arguments(servers, host), "prepare", *more])
    return status, out, log


def outcomes(out):
    return {each["id"]: each["outcome"] for each in json.loads(out)["servers"]}


@case("the steps are run, what they print is shown, and nothing else is started")
def _():
    made = mcp.scratch("made") / "image"
    server = workshop("one", fetch="echo layer 1; echo layer 2 >&2; echo done >%s" % made)
    status, out, log = prepare([server])
    equal(status, 0, log)
    contains(log, "one: runs fetch", "one: layer 1", "one: layer 2")
    contains(out, "one", "prepared")
    check(made.exists(), "nothing was made")
    check("started" not in log and "ready" not in log, "a server was started:\n" + log)


@case("--json prints the outcome of each server, and progress stays on stderr")
def _():
    servers = [workshop("one", fetch="echo layer"), workshop("two"),
               workshop("three", fetch="echo no such image >&2; exit 3")]
    status, out, log = prepare(servers, "--json")
    equal(status, 4)
    equal(outcomes(out), {"one": "prepared", "two": "nothing-to-do", "three": "failed"})
    failed = json.loads(out)["servers"][2]
    equal(failed["steps"], ["fetch"])
    contains(failed["error"]["text"], '"fetch"', "exit code 3", "no such image")
    contains(log, "one: layer", "three: no such image")
    equal(list(outcomes(prepare(servers, "one", "--json")[1])), ["one"])
    equal(prepare(servers, "one", "two")[0], 0)


@case("the plugin says what the failure of a step means")
def _():
    status, out, log = prepare([workshop("one", fetch="echo E42 >&2; exit 3")], "--json")
    equal(status, 4)
    equal(json.loads(out)["servers"][0]["error"],
          {"code": "workshop-closed", "text": "the workshop is closed, says fetch",
           "hint": "come back tomorrow"})
    contains(log, "one: E42")


@case("a server that is not there is an error of usage")
def _():
    status, _, log = prepare([workshop("one")], "onee")
    equal(status, 2)
    contains(log, 'there is no server "onee"', 'did you mean "one"')


@case("a plan that cannot be made is told, and the others are prepared")
def _():
    bad = workshop("bad", fetch="true", nonsense=1)
    status, out, _ = prepare([bad, workshop("good", fetch="true")], "--json")
    check(status in (3, 4), "exit status %d" % status)
    equal(outcomes(out), {"bad": "failed", "good": "prepared"})


@case("a step may fail where a later one is there for that case")
def _():
    made = mcp.scratch("made") / "image"
    server = workshop("one", look="test -e %s" % made, fetch="echo fetching; touch %s" % made)
    status, _, log = prepare([server])
    equal(status, 0, log)
    contains(log, "one: runs look, then fetch", "one: fetching")
    status, _, log = prepare([server])
    equal(status, 0, log)
    check("one: fetching" not in log, "it was fetched again:\n" + log)
    plan = mcp.run([*arguments([server]), "explain", "one"])[1]
    contains(plan, "failed_look=yes; :;", "failed_fetch=yes; exit 1;")


@case("a step that takes too long is ended and named")
def _():
    mark = mcp.new_mark()
    slow = workshop("one", fetch="echo begun; sleep 600; : %s" % mark, fetch_milliseconds=300)
    status, out, _ = prepare([slow], "--json")
    equal(status, 4)
    contains(json.loads(out)["servers"][0]["error"]["text"], '"fetch" took too long', "begun")
    mcp.nothing_left(mark)


@case("a command that is killed leaves nothing running")
def _():
    for number in (signal.SIGTERM, signal.SIGKILL):
        mark = mcp.new_mark()
        slow = workshop("one", fetch="echo begun; while :; do sleep 1; done; : %s" % mark)
        client = mcp.Client([mcp.JAUAUTH, *arguments([slow]), "prepare"])
        client.logged("begun")
        processes = mcp.descendants(client.pid)
        client.process.send_signal(number)
        client.process.wait(mcp.WAIT)
        mcp.nothing_left(mark, processes)


@case("a start does not prepare, unless the host file says so")
def _():
    made = mcp.scratch("made") / "image"
    server = workshop("one", fetch="echo fetching; touch %s" % made)
    for host, expected in (("", False), ('prepare = "never";\n', False),
                           ('prepare = "auto";\n', True)):
        router = Router([server], host=host, options=["--plugin-dir", str(PLUGINS)])
        router.initialize()
        check("one_echo" in router.list_tools(), "no tools")
        equal(made.exists(), expected, "prepared with %r" % host)
        equal("fetching" in router.log_text(), expected)
        router.close()


@case("a step that fails before a start is the reason of that")
def _():
    server = workshop("one", fetch="echo the registry is closed; exit 5")
    status, _, log = mcp.run([*arguments([server], 'prepare = "auto";\n'), "tools"])
    equal(status, 4)
    contains(log, 'the step "fetch" ended with exit code 5: the registry is closed')


@case("a router that ends while it prepares leaves nothing running")
def _():
    mark = mcp.new_mark()
    slow = workshop("one", fetch="echo begun; while :; do sleep 1; done; : %s" % mark)
    router = Router([slow], host='prepare = "auto";\n',
                    options=["--plugin-dir", str(PLUGINS)])
    router.initialize()
    router.logged("begun")
    processes = mcp.descendants(router.pid)
    router.close()
    mcp.nothing_left(mark, processes)


mcp.main()
