#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`jauauth config import`: other clients' files, of which nothing may be lost."""

import codecs
import json
import os
import re
import resource
import subprocess
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import add_case, case, check, contains, equal, run, scratch, write  # noqa: E402

FINE, NO, CONFIGURATION = 0, 1, 3

# As the clients' own documentation has them.
DESKTOP = {
    "globalShortcut": "Ctrl+Space",
    "mcpServers": {
        "filesystem": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem",
                                                  "/srv/docs/letters"]},
        "memory": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-memory"]},
        "github": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-github@2025.4"],
                   "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": "ghp_SECRET1"}},
        "time": {"command": "uvx", "args": ["mcp-server-time", "--local-timezone=Europe/Paris"]}}}

EDITOR = """{
  // Input variables are asked for once.
  "inputs": [
    {"type": "promptString", "id": "perplexity-key", "description": "API Key", "password": true},
  ],
  "servers": {
    /* A server
       over the network. */
    "Sentry": {"type": "http", "url": "https://mcp.sentry.example/mcp?key=SECRET2",
               "headers": {"Authorization": "Bearer SECRET3"}},
    "perplexity": {
      "type": "stdio",
      "command": "npx",
      "args": ["-y", "server-perplexity-ask"],
      "env": {"PERPLEXITY_API_KEY": "${input:perplexity-key}", "N": 5, "GONE": null},
      "envFile": "${workspaceFolder}/.env", // read by the editor
      "dev": {"watch": "build/**/*.js", "debug": {"type": "node"}},
      "cwd": "${workspaceFolder}"
    },
  }
}
"""

CURSOR = {"mcpServers": {
    "my server.js": {"type": "stdio", "command": "node",
                     "args": ["/srv/app/dist/index.js", "${userHome}", "a$b", "cost $5", "$$"],
                     "env": {"API_KEY": "${env:API_KEY}", "PASSWORD": "pa$SECRET4"},
                     "cwd": "/srv/app", "disabled": False, "autoApprove": ["read"],
                     "alwaysAllow": [], "timeout": 60, "note": {"deep": [1.50, None, "x"]}},
    "my-server.js": {"command": "python3", "args": ["-m", "mcp_server"], "start": "npm start"},
    "off": {"command": "uvx", "args": ["x"], "disabled": True},
    "remote": {"url": "https://example.org/sse", "auth": {"CLIENT_SECRET": "SECRET5"}},
    "42": {"command": "/usr/bin/env"}}}

ZED = {"theme": "One Dark", "context_servers": {
    "old-way": {"command": {"path": "node", "args": ["/srv/zed/x.js"], "env": {"A": "b"},
                            "timeout": 3}, "settings": {"key": "SECRET6"}},
    "new-way": {"source": "custom", "command": "mcp-server-git", "args": ["--repo", "/srv/repo"],
                "enabled": True},
    "extension": {"source": "extension", "settings": {"token": "SECRET7"}}}}

OLDER = {"timeout_ms": 1234, "cache_tools": True, "extra": [1], "servers": [
    {"id": "a", "name": "A", "command": "node", "args": ["$HOME/x"], "timeout_ms": 5,
     "requires_auth": False, "vendor": {"x": 1},
     "sandbox": {"strategy": {"docker": {"image": "node:18-alpine", "memory_limit": "256m"}}}},
    {"id": "b", "command": "/bin/cat", "url": "x"}]}


def place(name, content):
    folder = scratch("import")
    file = folder / name
    if isinstance(content, bytes):
        file.write_bytes(content)
        file.chmod(0o644)
    else:
        write(file, content)
    return file, folder / "servers.json"


def import_(file, target, *options, status=FINE):
    code, out, err = run(["config", "import", file, "--to", target, *options])
    equal(code, status, "exit status\n" + out + err)
    return out if status == FINE else err


def imported(name, content, before=None):
    """(report, new servers file) of an import that is written."""
    file, target = place(name, content)
    if before is not None:
        write(target, before)
    report = json.loads(import_(file, target, "--write", "--json"))
    return report, json.loads(target.read_text())


def words(value):
    """Every name and every value in it, as text."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield name
            yield from words(below)
    elif isinstance(value, list):
        for below in value:
            yield from words(below)
    else:
        yield str(value)


def servers(document):
    return {each["id"]: each for each in document["servers"]}


def of(report, name):
    return next(each for each in report["servers"] if each["name"] == name)


def went(report, name):
    return {each["field"]: each["went"] for each in of(report, name)["fields"]}


def without_comments(text):
    """Of the text above, where comments stand at the start or end of a line."""
    text = re.sub(r"(?m)^ *//.*$| // .*$|^ */\* [\s\S]*?\*/", "", text)
    return re.sub(r",(\s*[\]}])", r"\1", text)


def nothing_lost(name, content):
    """Every name and value of the file is in the servers file, or it is said where it is."""
    report, document = imported(name, content)
    original = json.loads(without_comments(content)) if isinstance(content, str) else content
    left = [each["field"] for each in report["fields"] if each["went"] == "left"]
    changed = {field.rpartition(".")[2] for each in report["servers"]
               for field, way in went(report, each["name"]).items() if way == "changed"}
    there = set(words(document))
    # A field below another one is kept under both names.
    there |= {part for name in there for part in re.split("[./]", name)}
    for word in words({name: value for name, value in original.items() if name not in left}):
        check(word in there or word in ("mcpServers", "servers", "context_servers") or
              word in changed or ("$" in word and changed), "%r is lost" % word)
    for each in report["servers"]:
        check(each["result"] in ("taken", "aside"), str(each))
    for server in document["servers"]:
        equal(set(server) & {"url", "cwd", "disabled", "autoApprove"}, set(), server["id"])
    status, out, err = run(["config", "check", report["target"]])
    check("unknown key" not in out + err and "expected" not in out + err, out + err)


for _name, _content in (("claude_desktop_config.json", DESKTOP), ("mcp.json", EDITOR),
                        ("cursor.json", CURSOR), ("settings.json", ZED), ("older.json", OLDER)):
    add_case("nothing of %s is lost" % _name, nothing_lost, _name, _content)


# --- What is taken, and what becomes of it -----------------------------------------------------

@case("the file of a desktop client: servers by their names, its settings aside")
def _():
    report, document = imported("claude_desktop_config.json", DESKTOP)
    equal(list(servers(document)), list(DESKTOP["mcpServers"]))
    for name, entry in DESKTOP["mcpServers"].items():
        equal({key: servers(document)[name].get(key) for key in entry}, entry, name)
    equal(document["imported"], [{"from": "claude_desktop_config.json",
                                  "keys": {"globalShortcut": "Ctrl+Space"}}])


@case("an editor's mcp.json: comments, inputs, files of variables, and a remote server aside")
def _():
    report, document = imported("mcp.json", EDITOR)
    contains(json.dumps(report["notes"]), "3 comments", "line 2", "2 commas")
    server = servers(document)["perplexity"]
    equal(server["env"], {"PERPLEXITY_API_KEY": "${PERPLEXITY_KEY}", "N": "5"})
    equal(server["imported"], {"env/GONE": None, "envFile": "${workspaceFolder}/.env",
                               "dev": {"watch": "build/**/*.js", "debug": {"type": "node"}},
                               "cwd": "${workspaceFolder}"})
    found = {each["field"]: each for each in of(report, "perplexity")["fields"]}
    contains(found["env/PERPLEXITY_API_KEY"]["text"], "PERPLEXITY_KEY", "environment")
    equal(found["envFile"]["went"], "kept")
    remote = of(report, "Sentry")
    equal(remote["result"], "aside")
    contains(remote["text"], "network", "not support")
    kept = document["imported"][0]
    equal(kept["servers"]["Sentry"]["headers"], {"Authorization": "Bearer SECRET3"})
    equal(kept["keys"]["inputs"][0]["id"], "perplexity-key")


@case("Cursor's mcp.json: names that make no ids, dollars that are no variables, keys nobody knows")
def _():
    report, document = imported("mcp.json", CURSOR)
    equal(list(servers(document)), ["my-server-js", "my-server-js-2", "server"])
    first = servers(document)["my-server-js"]
    equal(first["name"], "my server.js")
    contains(of(report, "my server.js")["text"], '"my-server-js"', "tools")
    equal(first["args"], ["/srv/app/dist/index.js", "${HOME}", "a$$b", "cost $5", "$$$"])
    equal(first["env"], {"API_KEY": "${API_KEY}", "PASSWORD": "pa$$SECRET4"})
    equal(first["sandbox"]["work_dir"], "/srv/app")
    equal(first["imported"], {"disabled": False, "autoApprove": ["read"], "alwaysAllow": [],
                              "timeout": 60, "note": {"deep": [1.5, None, "x"]}})
    equal(went(report, "my server.js")["note"], "kept")
    equal(servers(document)["my-server-js-2"]["imported"], {"start": "npm start"})
    for name in ("off", "remote"):
        equal(of(report, name)["result"], "aside")
        equal(document["imported"][0]["servers"][name], CURSOR["mcpServers"][name])
    contains(of(report, "off")["text"], "switched off")
    equal(servers(document)["server"]["name"], "42")


@case("what is kept keeps its bytes")
def _():
    file, target = place("mcp.json", '{"mcpServers": {"a": {"command": "x", "n": 1.50e2,'
                         ' "u": "\\u0041\\/", "z": 0.1}}}')
    import_(file, target, "--write")
    contains(target.read_text(), '"n": 1.50e2', '"u": "\\u0041\\/"', '"z": 0.1')


@case("Zed's settings: a command in an object, and the editor's own settings stay where they are")
def _():
    report, document = imported("settings.json", ZED)
    old = servers(document)["old-way"]
    equal((old["command"], old["args"], old["env"]), ("node", ["/srv/zed/x.js"], {"A": "b"}))
    equal(old["imported"], {"command.timeout": 3, "settings": {"key": "SECRET6"}})
    equal(servers(document)["new-way"]["imported"], {"source": "custom", "enabled": True})
    equal(of(report, "extension")["result"], "aside")
    equal([(each["field"], each["went"]) for each in report["fields"]], [("theme", "left")])
    check("theme" not in document, "it was taken")


@case("settings of an editor with the servers one level deeper are understood")
def _():
    report, document = imported("settings.json", {
        "editor.fontSize": 12, "mcp": {"servers": {"a": {"command": "x"}}}})
    equal(list(servers(document)), ["a"])


@case("an older router's file: its sandboxes, times and variables stay as they are")
def _():
    report, document = imported("older.json", OLDER)
    equal(document["timeout_ms"], 1234)
    equal(document["cache_tools"], True)
    first = servers(document)["a"]
    equal({key: first[key] for key in OLDER["servers"][0] if key != "vendor"},
          {key: value for key, value in OLDER["servers"][0].items() if key != "vendor"})
    equal(first["imported"], {"vendor": {"x": 1}})
    check("sandbox" not in of(report, "a"), "a sandbox was proposed")
    equal(servers(document)["b"]["imported"], {"url": "x"})
    equal(document["imported"][0]["keys"], {"extra": [1]})
    report, again = imported("older.json", OLDER, {"servers": [], "timeout_ms": 7})
    equal((again["timeout_ms"], again["imported"][0]["keys"]["timeout_ms"]), (7, 1234))


# --- Sandboxes ---------------------------------------------------------------------------------

def proposed(entry, name="x"):
    report, document = imported("mcp.json", {"mcpServers": {name: entry}})
    found = of(report, name)
    equal(found["sandbox"], document["servers"][0]["sandbox"])
    check(found["reasons"], "no reason")
    return found["sandbox"], "\n".join(found["reasons"])


def container():
    """A strategy of this machine that runs images, or None."""
    for each in json.loads(run(["plugins", "list", "--json"])[1])["plugins"]:
        options = (each["description"] or {}).get("options", [])
        if [one["name"] for one in options if one["required"]] == ["image"] and \
                (each["probe"] or {}).get("state") in ("available", "degraded"):
            return each["name"]
    return None


@case("a server of files gets no network and its folder only")
def _():
    sandbox, reasons = proposed({"command": "mcp-server-filesystem",
                                 "args": ["/srv/docs/a", "/srv/docs/b/", "-v", "/srv/docs/a/c"]})
    equal(sandbox, {"network": False,
                    "mounts": ["/srv/docs/a:/srv/docs/a:ro", "/srv/docs/b:/srv/docs/b:ro"]})
    contains(reasons, "files", "mcp-server-filesystem", "read-only")


@case("a folder that is too much is not shown, and that is said")
def _():
    home = os.environ.get("HOME", "/root")
    sandbox, reasons = proposed({"command": "mcp-server-filesystem", "args": ["/", home, "/home"]})
    check("mounts" not in sandbox, str(sandbox))
    contains(reasons, '"/" is not shown', '"%s" is not shown' % home, '"/home" is not shown')


@case("a service of the network gets a container where there is one, and says so where not")
def _():
    name = container()
    for entry in ({"command": "node", "args": ["/srv/slack/index.js"], "env": {"SLACK_TOKEN": "x"}},
                  {"command": "python3", "args": ["/srv/tool/main.py", "https://example.org/"]}):
        sandbox, reasons = proposed(entry)
        equal(sandbox["network"], True)
        contains(reasons, "network")
        check("example.org" not in reasons, "an argument is shown: " + reasons)
        folder = os.path.dirname(entry["args"][0])
        equal(sandbox["mounts"], ["%s:%s:ro" % (folder, folder)])
        if name is None:
            check("strategy" not in sandbox, str(sandbox))
            contains(reasons, "no strategy that runs images")
        else:
            check(any(sandbox["strategy"].get(each, {}).get("image") for each in
                      sandbox["strategy"]), str(sandbox))
            contains(reasons, "container", "digest")


@case("strangers' code gets limits and no network, with what to do before its first start")
def _():
    for entry in ({"command": "npx", "args": ["-y", "@x/server-memory"]},
                  {"command": "uvx", "args": ["mcp-server-time==1.2"]},
                  {"command": "/usr/bin/npx", "args": ["-y", "@x/server-memory@1.0.0"]}):
        sandbox, reasons = proposed(entry)
        equal(sandbox["network"], False)
        equal((sandbox["memory_limit"], sandbox["pids_limit"]), ("1g", 128))
        contains(reasons, "strangers", "limits", "before it starts")


@case("strangers' code that needs a network gets it with limits")
def _():
    sandbox, reasons = proposed({"command": "npx", "args": ["-y", "@x/server-github"]})
    equal((sandbox["network"], sandbox["pids_limit"]), (True, 128))
    contains(reasons, "strangers", "network")


@case("code is shown from its top folder on, and not more")
def _():
    folder = scratch("code")
    (folder / "app" / "dist").mkdir(parents=True)
    write(folder / "app" / "package.json", "{}")
    write(folder / "app" / "dist" / "index.js", "")
    sandbox, _ = proposed({"command": "node", "args": [str(folder / "app" / "dist" / "index.js")]})
    equal(sandbox["mounts"], ["%s:%s:ro" % (folder / "app", folder / "app")])
    (folder / "app" / "package.json").unlink()
    sandbox, _ = proposed({"command": "node", "args": [str(folder / "app" / "dist" / "index.js")]})
    equal(sandbox["mounts"], ["%s:%s:ro" % (folder / "app" / "dist", folder / "app" / "dist")])


@case("what is proposed is accepted by the reader, with the folders there it is right")
def _():
    folder = scratch("docs")
    tool = folder / "letters"
    tool.mkdir()
    file, target = place("mcp.json", {"mcpServers": {
        "files": {"command": "/bin/cat", "args": [str(tool)], "cwd": str(tool)}}})
    import_(file, target, "--write")
    status, out, err = run(["config", "check", target])
    equal(status, FINE, out + err)


@case("a program that starts a sandbox itself is kept aside, with what to write instead")
def _():
    report, document = imported("mcp.json", {"mcpServers": {
        "boxed": {"command": "bwrap", "args": ["--", "server"]}}})
    equal(of(report, "boxed")["result"], "aside")
    contains(of(report, "boxed")["text"], "bwrap", '{"strategy": {"bubblewrap"')
    equal(document["imported"][0]["servers"]["boxed"]["args"], ["--", "server"])


# --- Showing and writing -----------------------------------------------------------------------

def patched(old, diff):
    """`old` with a unified diff applied."""
    lines, out, at = old.splitlines(True), [], 0
    hunks = re.split(r"(?m)^@@ -(\d+),(\d+) \+\d+,\d+ @@\n", diff)[1:]
    check(hunks, "no hunk in\n" + diff)
    for start, count, body in zip(hunks[::3], hunks[1::3], hunks[2::3]):
        start = int(start) - (int(count) > 0)
        out += lines[at:start]
        at = start
        for line in body.splitlines(True):
            if line[0] in " -":
                equal(lines[at], line[1:], "line of the old file")
                at += 1
            if line[0] in " +":
                out.append(line[1:])
    return "".join(out + lines[at:])


BEFORE = """{
  "servers": [
    {"id": "one", "command": "/bin/cat"},
    {
      "id": "github", "command": "/bin/cat",
      "env": {"KEY": "SECRET8"}
    }
  ],

  "cache_tools":   true
}
"""


@case("without --write it only shows; the diff is what --write does")
def _():
    file, target = place("mcp.json", {"mcpServers": {"a": {"command": "x", "weird": 1},
                                                     "b": {"url": "https://x"}}})
    for before in (None, BEFORE.replace("SECRET8", "***"), '{"servers":[]}\n',
                   '{\n  "imported": [\n    {}\n  ],\n  "servers": [\n    {"id": "q", '
                   '"command": "x"}\n  ]\n}\n'):
        if before is not None:
            write(target, before)
        names = sorted(os.listdir(target.parent))
        out = import_(file, target)
        contains(out, "nothing was written", "--write")
        equal(sorted(os.listdir(target.parent)), names)
        if before is not None:
            equal(target.read_text(), before)
        diff = json.loads(import_(file, target, "--json"))["diff"]
        contains(out, diff)
        report = json.loads(import_(file, target, "--json", "--write"))
        equal(report["diff"], diff)
        equal(target.read_text(), patched(before or "", diff))
        json.loads(target.read_text())
        equal(oct(target.stat().st_mode & 0o777), "0o600")
        target.unlink()


@case("an existing file keeps its bytes, and a backup of it is kept")
def _():
    file, target = place("claude_desktop_config.json", DESKTOP)
    write(target, BEFORE)
    report = json.loads(import_(file, target, "--json", "--write"))
    equal(of(report, "github")["result"], "present")
    new = target.read_text()
    for line in BEFORE.splitlines():
        contains(new, line)
    equal([each["id"] for each in json.loads(new)["servers"]],
          ["one", "github", "filesystem", "memory", "time"])
    equal(report["backup"], str(target) + ".bak")
    equal((target.parent / "servers.json.bak").read_text(), BEFORE)
    equal(oct((target.parent / "servers.json.bak").stat().st_mode & 0o777), "0o600")
    file, _ = place("other.json", {"mcpServers": {"c": {"command": "x"}}})
    report = json.loads(import_(file, target, "--json", "--write"))
    equal(report["backup"], str(target) + ".bak.2")
    equal((target.parent / "servers.json.bak").read_text(), BEFORE)


@case("the same import a second time changes nothing")
def _():
    file, target = place("mcp.json", {"mcpServers": {"a": {"command": "x"}}})
    import_(file, target, "--write")
    before = target.read_bytes()
    contains(import_(file, target, "--write"), "nothing new")
    equal(target.read_bytes(), before)
    equal(sorted(os.listdir(target.parent)), ["mcp.json", "servers.json"])


@case("a target in the shape of other clients is added to in its own way")
def _():
    report, document = imported("mcp.json", CURSOR, {"mcpServers": {"a": {"command": "x"}}})
    equal(list(document["mcpServers"]), ["a", "my-server-js", "my-server-js-2", "server"])
    check("id" not in document["mcpServers"]["server"], "it has an id")
    status, out, err = run(["config", "check", report["target"]])
    check("unknown key" not in out + err, out + err)


@case("the target is the servers file that is used, when none is named")
def _():
    file, target = place("mcp.json", {"mcpServers": {"a": {"command": "x"}}})
    status, out, err = run(["config", "import", file, "--servers", target, "--write", "--json"])
    equal(status, FINE, out + err)
    equal(json.loads(out)["target"], str(target))
    equal(list(servers(json.loads(target.read_text()))), ["a"])


@case("no secret is shown, neither of the file nor of the target")
def _():
    for name, content in (("a.json", DESKTOP), ("b.json", EDITOR), ("c.json", CURSOR),
                          ("d.json", ZED)):
        for options in ((), ("--json",)):
            file, target = place(name, content)
            write(target, BEFORE)
            code, out, err = run(["config", "import", file, "--to", target, *options])
            equal(code, FINE, err)
            check(not re.search(r"SECRET\d", out + err), "a secret is shown:\n" + out + err)
            contains(out, "***")


@case("names that would steer a terminal are shown escaped")
def _():
    out = import_(*place("mcp.json", {"mcpServers": {"a\x1b[2Jb": {"command": "x", "\x07": 1}}}))
    check("\x1b" not in out and "\x07" not in out, repr(out))


# --- Bad input ---------------------------------------------------------------------------------

@case("a byte order mark is left out, and that is said")
def _():
    report, document = imported("mcp.json", codecs.BOM_UTF8 + json.dumps(DESKTOP).encode())
    contains(json.dumps(report["notes"]), "byte order mark")
    equal(len(document["servers"]), 4)
    file, target = place("mcp.json", {"mcpServers": {"z": {"command": "x"}}})
    target.write_bytes(codecs.BOM_UTF8 + BEFORE.encode())
    target.chmod(0o644)
    import_(file, target, "--write")
    equal([each["id"] for each in json.loads(target.read_text())["servers"]],
          ["one", "github", "z"])


@case("comments are left out but not what looks like one inside of a text")
def _():
    report, document = imported("mcp.json", '{"mcpServers": {"a": {"command": "x", /* y */ "args": '
                                '["https://x//y", "/* z */", ",]", "\\"//"], },},} // end')
    equal(document["servers"][0]["args"], ["https://x//y", "/* z */", ",]", '"//'])
    contains(json.dumps(report["notes"]), "2 comments", "3 commas")


MARK = "\u00b6"


def broken(text, *fragments):
    at = text.index(MARK)
    line = text[:at].count("\n") + 1
    column = at - (text[:at].rfind("\n") + 1) + 1
    file, target = place("mcp.json", text[:at] + text[at + 1:])
    err = import_(file, target, "--write", status=CONFIGURATION)
    contains(err, "%s:%d:%d: error: " % (file, line, column), *fragments)
    check(not target.exists(), "something was written")


for _text, _json, *_fragments in (
        ("a missing comma", '{"mcpServers": {\n // one\n "a": {"command": "x" \u00b6"args": []}}}'),
        ("an end that comes too early", '{"mcpServers": {\n\u00b6'),
        ("a comment without an end", '{"mcpServers": {}} \u00b6/* x'),
        ("a single quote", "{\u00b6'mcpServers': {}}", "quote"),
        ("two servers of one name",
         '{"mcpServers": {"a": {"command": "x"},\n  \u00b6"a": {"command": "y"}}}',
         '"a" stands twice', "line 1"),
        ("a key that stands twice", '{"mcpServers": {"a": {"env": {},\n \u00b6"env": {}}}}',
         '"env" stands twice'),
        ("two servers of one id",
         '{"servers": [{"id": "a", "command": "x"},\n{"id": \u00b6"a", "command": "y"}]}',
         '"a" stands twice'),
        ("no servers", '\u00b6{"theme": "dark"}', "no servers", "context_servers"),
        ("a list", '\u00b6[]', "no object"),
        ("a number that is too large", '{"mcpServers": {"a": {"n": 1e400\u00b6}}}', "too large")):
    add_case("%s is an error at its place, and nothing is written" % _text, broken, _json,
             *_fragments)


@case("a file in UTF-16 is told to be that")
def _():
    file, target = place("mcp.json", json.dumps(DESKTOP).encode("utf-16"))
    contains(import_(file, target, status=CONFIGURATION), "UTF-16")


@case("entries that are no servers are kept aside, whatever they are")
def _():
    entries = {"a": 5, "b": {}, "c": {"command": 5}, "d": {"command": "x", "args": "-y"},
               "e": {"command": "x", "args": [["y"]]}, "f": {"command": "x", "env": []},
               "g": None, "h": {"command": {"args": []}}}
    report, document = imported("mcp.json", {"mcpServers": entries})
    equal(document["servers"] if "servers" in document else [], [])
    equal(document["imported"][0]["servers"], entries)
    check(all(each["result"] == "aside" and each["text"] for each in report["servers"]),
          str(report))


@case("a file that is missing, or none, is an error")
def _():
    file, target = place("mcp.json", "")
    contains(import_(file, target, status=CONFIGURATION), "empty")
    contains(import_(file.parent / "none.json", target, status=CONFIGURATION), "none.json")
    contains(import_(file.parent, target, status=CONFIGURATION), "no regular file")


@case("a file that others can write is taken with a warning")
def _():
    file, target = place("mcp.json", {"mcpServers": {"a": {"command": "x"}}})
    check("others could" not in import_(file, target), "it was warned of")
    file.chmod(0o666)
    contains(import_(file, target), "others could have written")


@case("a target that is a link is refused and not followed")
def _():
    file, target = place("mcp.json", {"mcpServers": {"a": {"command": "x"}}})
    victim = write(scratch("victim") / "servers.json", '{"servers": []}')
    target.symlink_to(victim)
    contains(import_(file, target, "--write", status=CONFIGURATION), str(target))
    equal(victim.read_text(), '{"servers": []}')
    target.unlink()
    target.symlink_to(victim.parent / "nowhere")
    import_(file, target, "--write", status=CONFIGURATION)
    check(target.is_symlink() and not (victim.parent / "nowhere").exists(), "it was followed")


@case("a target that cannot be read is left alone, with the place of its fault")
def _():
    for text, *fragments in (('{"servers": [}', ":1:14: error: "),
                             ('{"servers": {}}', ":1:13: error: "),
                             ('{"servers": [], "imported": {}}', ":1:29: error: "),
                             ('{"servers": [], "servers": []}', "twice")):
        file, target = place("mcp.json", {"mcpServers": {"a": {"command": "x"}}})
        write(target, text)
        contains(import_(file, target, "--write", status=CONFIGURATION), str(target), *fragments)
        equal(target.read_text(), text)
        equal(sorted(os.listdir(target.parent)), ["mcp.json", "servers.json"])


@case("a disk that is full leaves the old file whole, and no half of a new one")
def _():
    for before in (None, BEFORE):
        file, target = place("mcp.json", CURSOR)
        if before is not None:
            write(target, before)
        done = subprocess.run(
            [mcp.JAUAUTH, "config", "import", str(file), "--to", str(target), "--write"],
            capture_output=True, text=True, timeout=mcp.WAIT, check=False, restore_signals=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999)))
        equal(done.returncode, CONFIGURATION, done.stdout + done.stderr)
        contains(done.stderr, "cannot write %s" % target)
        left = set(os.listdir(target.parent)) - {"mcp.json", "servers.json.bak"}
        equal(left, {"servers.json"} if before else set())
        if before is not None:
            equal(target.read_text(), before)


@case("a target in a place where nothing can be written is an error")
def _():
    file, target = place("mcp.json", {"mcpServers": {"a": {"command": "x"}}})
    contains(import_(file, file / "servers.json", "--write", status=CONFIGURATION),
             str(file))
    equal(os.listdir(file.parent), ["mcp.json"])


mcp.main()
