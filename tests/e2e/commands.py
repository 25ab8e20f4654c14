#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands of the command line, their options, output and exit codes."""

import json
import os
import re
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import add_case, case, check, contains, equal, run, scratch, write  # noqa: E402

FINE, NO, USAGE, CONFIGURATION, SANDBOX = 0, 1, 2, 3, 4


def files(servers, host="", **more):
    folder = scratch("command")
    return (["--servers", str(write(folder / "servers.json", {"servers": servers, **more})),
             "--config", str(write(folder / "jauauth.conf", host)), "--allow-unsandboxed"])


def fine(arguments, **more):
    status, out, err = run(arguments, **more)
    equal(status, FINE, "exit status of %s\n%s%s" % (arguments, out, err))
    check("\x1b" not in out, "colours without a terminal")
    return out


def as_json(arguments, **more):
    return json.loads(fine([*arguments, "--json"], **more))


def somewhere(value, what):
    """Whether `what` stands as a text anywhere in a tree."""
    if isinstance(value, dict):
        return what in value or any(somewhere(each, what) for each in value.values())
    if isinstance(value, list):
        return any(somewhere(each, what) for each in value)
    return value == what


@case("--version names the version, the ABI, the protocol revisions and what is built in")
def _():
    out = fine(["--version"])
    check(re.search(r"^jauauth \d+\.\d+\.\d+", out), out)
    contains(out, "ABI", *mcp.REVISIONS)
    found = as_json(["--version"])
    check(all(somewhere(found, revision) for revision in mcp.REVISIONS), str(found))
    makefile = (mcp.BUILD / "Makefile").read_text()
    built = [file.stem for file in mcp.BUILD.glob("plugins/*/.libs/*.so")]
    equal(sorted(found["plugins"]), sorted(built), "plugins that were built")
    strategy = re.search(r"^DEFAULT_STRATEGY = (.*)", makefile, re.M).group(1)
    equal(found["default_strategy"], strategy)
    flags = re.search(r"^SANITIZER_FLAGS =(.*)", makefile, re.M).group(1)
    sanitizers = re.search(r"-fsanitize=(\S+)", flags)
    equal(found["sanitizers"], sanitizers.group(1).split(",") if sanitizers else [])
    contains(out, ", ".join(found["plugins"]) or "none", "default strategy: " + strategy,
             "sanitizers: " + (", ".join(found["sanitizers"]) or "none"))


@case("--help names every command")
def _():
    contains(fine(["--help"]), "serve", "plugins list", "plugins show", "config check",
             "config paths", "explain", "tools", "call")


def usage(arguments, *fragments):
    status, out, err = run(arguments)
    equal(status, USAGE, "exit status")
    equal(out, "", "standard output")
    contains(err, *fragments)


add_case("no command is an error of usage", usage, [], "command")
add_case("an unknown command is one, with a suggestion", usage, ["sreve"], "jauauth serve")
add_case("an unknown option is one, with a suggestion", usage, ["serve", "--sevrers", "x"],
         "--servers")
add_case("an option without its value is one", usage, ["tools", "--servers"], "--servers FILE")
add_case("an option given twice is one", usage, ["tools", "--servers", "a", "--servers", "b"],
         "twice")
add_case("a missing argument is one", usage, ["explain"], "explain")
add_case("an argument too much is one", usage, ["config", "paths", "x"], "config paths")
add_case("an unknown log level is one", usage, ["tools", "--log-level", "loud"], "loud")
add_case("an unknown log format is one", usage, ["tools", "--log-format", "xml"], "xml")


@case("options may stand before and behind the command")
def _():
    options = files([mcp.server("one")])
    equal(fine([*options, "tools"]), fine(["tools", *options]))
    equal(fine(["--json", *options, "tools"]), fine(["tools", *options, "--json"]))


@case("plugins list shows the plugins that are there and whether they work")
def _():
    out = fine(["plugins", "list"])
    contains(out, "bubblewrap", "none")
    found = as_json(["plugins", "list"])
    check(somewhere(found, "none") and somewhere(found, "bubblewrap"), str(found))
    check(any(somewhere(found, word) for word in ("available", "degraded", "unavailable")),
          str(found))


@case("plugins show prints the options with type and help, and what the probe found")
def _():
    out = fine(["plugins", "show", "bubblewrap"])
    contains(out, "ro_binds", "rw_binds", "share_net")
    found = as_json(["plugins", "show", "bubblewrap"])
    for name in ("ro_binds", "rw_binds", "share_net"):
        check(somewhere(found, name), "%s is not in %s" % (name, found))
    fine(["plugins", "show", "none"])


@case("plugins show of an unknown plugin says no, with a suggestion")
def _():
    status, out, err = run(["plugins", "show", "bublewrap"])
    check(status in (NO, CONFIGURATION), "status %d" % status)
    contains(err, "bubblewrap")


@case("config check: 0 and silence about a good file, 1 and the errors of a bad one")
def _():
    folder = scratch()
    good = write(folder / "good.json", {"servers": [mcp.server("one")]})
    bad = write(folder / "bad.json", {"servers": [{"id": "a", "comand": "x"}]})
    status, out, err = run(["config", "check", good, "--allow-unsandboxed"])
    equal(status, FINE, out + err)
    check("error" not in out + err, out + err)
    status, out, err = run(["config", "check", bad])
    equal(status, NO)
    contains(out + err, "bad.json:", "comand", 'did you mean "command"?')
    status, out, _ = run(["config", "check", bad, "--json"])
    equal(status, NO)
    check(somewhere(json.loads(out), "/servers/0/comand"), out)
    status, out, err = run(["config", "check", folder / "missing.json"])
    check(status in (NO, CONFIGURATION), "status %d" % status)
    contains(out + err, "missing.json")


@case("config paths prints where files are looked for, in order")
def _():
    out = fine(["config", "paths"])
    contains(out, "jauauth.conf", "servers.json")
    options = files([mcp.server("one")])
    contains(fine(["config", "paths", *options]), options[1], options[3])
    check(somewhere(as_json(["config", "paths", *options]), options[1]), "--json")


@case("explain prints the plan of a server, secrets masked")
def _():
    secret = "s3cret-%s" % os.urandom(6).hex()
    options = files([mcp.server("one", env={"KEY": secret, "OTHER": "x${KEY}"},
                                strategy="bubblewrap")])
    out = fine(["explain", "one", *options])
    contains(out, "hostile.py", "KEY")
    check(secret not in out, "the secret is shown")
    status, text, _ = run(["explain", "one", *options, "--json"])
    equal(status, FINE)
    json.loads(text)
    check(secret not in text, "the secret is shown")


@case("explain says in one line what a server without a sandbox can do")
def _():
    if "none" not in mcp.strategies():
        options = files([mcp.program("one", ["/bin/cat"], strategy="none")])
    else:
        options = files([mcp.server("one", strategy="none")])
    out = fine(["explain", "one", *options])
    contains(out.lower(), "none")


@case("explain of an unknown server says which there are")
def _():
    options = files([mcp.server("files")])
    status, _, err = run(["explain", "fiels", *options])
    check(status in (NO, USAGE, CONFIGURATION), "status %d" % status)
    contains(err, "fiels", "files")


@case("tools lists the tools of all servers, or of one")
def _():
    options = files([mcp.server("one"), mcp.server("two")])
    out = fine(["tools", *options])
    contains(out, "one_echo", "two_echo")
    out = fine(["tools", "two", *options])
    contains(out, "two_echo")
    check("one_echo" not in out, "tools of another server")
    found = as_json(["tools", *options])
    check(somewhere(found, "one_echo") and somewhere(found, "two_misbehave"), str(found))


@case("tools says when a server cannot start, lists the others and exits 4")
def _():
    options = files([mcp.server("good"), mcp.server("bad", "exits-at-once")])
    status, out, err = run(["tools", *options])
    contains(out, "good_echo")
    contains(err, "bad")
    check(status in (NO, SANDBOX), "status %d" % status)


@case("call calls a tool with JSON and prints the result")
def _():
    options = files([mcp.server("one")])
    contains(fine(["call", "one_echo", '{"text": "hello \u00e9"}', *options]), "hello \u00e9")
    found = as_json(["call", "one_echo", '{"a":[1.50]}', *options])
    equal(found.get("structuredContent", found), {"a": [1.5]})
    contains(fine(["call", "one_echo", *options]), "{}")


@case("call: a result that is an error, an error and an unknown tool exit 1")
def _():
    options = files([mcp.server("one")])
    for arguments, fragment in ((["one_refuse"], "refused"), (["one_fail"], "as asked"),
                                (["one_ecoh"], "one_echo")):
        status, out, err = run(["call", *arguments, *options])
        equal(status, NO, str(arguments))
        contains(out + err, fragment)


@case("call: arguments that are no JSON object are an error of usage with a place")
def _():
    options = files([mcp.server("one")])
    for text in ('{"a":', "[1]", "7", "x"):
        status, out, err = run(["call", "one_echo", text, *options])
        equal(status, USAGE, text)
        equal(out, "")


@case("no command leaves processes behind")
def _():
    mark = mcp.new_mark()
    options = files([mcp.server("one", mark=mark), mcp.server("two", "ignores-sigterm", mark=mark)])
    fine(["tools", *options])
    mcp.nothing_left(mark)
    fine(["call", "one_echo", *options])
    mcp.nothing_left(mark)


@case("log lines carry time, level and server; as JSON too; nothing of them is on stdout")
def _():
    options = files([mcp.server("one", "banner")])
    status, out, err = run(["call", "one_stderr", '{"text":"from the server"}', *options,
                            "--log-level", "debug"])
    equal(status, FINE)
    lines = [line for line in err.splitlines() if "from the server" in line]
    check(lines, "the server's stderr is not in the log:\n%s" % err)
    check(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", lines[0]), "no time: %s" % lines[0])
    contains(lines[0], "one")
    status, out, err = run(["call", "one_stderr", '{"text":"from the server"}', *options,
                            "--log-level", "debug", "--log-format", "json"])
    records = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    check(records and all({"time", "level"} <= set(each) for each in records), err)
    check(any(each.get("server") == "one" and "from the server" in str(each)
              for each in records), "no record of the server's stderr: %s" % err)


@case("the completion knows every command and option that --help prints")
def _():
    script = (mcp.SOURCE / "completion" / "jauauth.bash").read_text()
    out = fine(["--help"])
    for word in re.findall(r"--[a-z][a-z-]+", out):
        contains(script, word)
    for line in out.split("Commands:")[1].split("Options:")[0].splitlines():
        found = re.match(r"  ([a-z]+)", line)
        if found:
            contains(script, found.group(1))


mcp.main()
