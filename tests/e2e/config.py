#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every error of the configuration: its file, line, column, pointer, text and hint."""

import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Skip, add_case, case, check, contains, equal, run, scratch, write  # noqa: E402

CHECK_FAILED = 1   # `config check` of a file with errors
CONFIGURATION = 3  # any other command that needs the file

MARK = "\u00b6"  # stands in front of the place that an error must name


def entry(**more):
    return {"id": "a", "command": "/bin/cat", "sandbox": {"strategy": "bubblewrap"}, **more}


def place_of(text):
    """(text without the mark, line, column in characters)"""
    at = text.index(MARK)
    before = text[:at]
    line = before.count("\n") + 1
    column = at - (before.rfind("\n") + 1) + 1
    return before + text[at + 1:], line, column


def checked(text, host="", *options):
    folder = scratch("config")
    servers = write(folder / "servers.json", text)
    conf = write(folder / "jauauth.conf", host)
    return (*run(["config", "check", servers, "--config", conf, *options]), servers, conf)


def wrong(text, pointer, *fragments):
    """`text` has one error, at its mark."""
    text, line, column = place_of(text)
    status, out, err, path, _ = checked(text)
    printed = out + err
    place = "%s:%d:%d: error: " % (path, line, column)
    contains(printed, place, *fragments)
    found = [each for each in printed.splitlines() if each.startswith(place)]
    if pointer:
        check(any(each.endswith("(at %s)" % pointer) for each in found),
              "%s is not in:\n%s" % (pointer, printed))
    equal(status, CHECK_FAILED, "exit status")
    status, out, err, path, _ = checked(text, "", "--json")
    equal(status, CHECK_FAILED, "exit status with --json")
    errors = [each for each in problems(out) if each["severity"] == "error"]
    check(any((each.get("line"), each.get("column")) == (line, column) and
              (not pointer or each["pointer"] == pointer) for each in errors),
          "not in the JSON: %s" % out)


def problems(text):
    """The problems in what --json printed, wherever they stand in it."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            if "severity" in value and "text" in value:
                found.append(value)
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)
    walk(json.loads(text))
    return found


S = '{"servers": [{"id": "a", "command": "/bin/cat"%s}]}'
B = '{"servers": [{"id": "a", "command": "/bin/cat", "sandbox": {"strategy": %s}}]}'
FIRST = "/servers/0"

for _text, _json, _pointer, *_fragments in (
        ("a comma too much", '{"servers": [\n  {"id": "a",\n   "command": "b",\n  \u00b6}]}', None),
        ("an end that comes too early", '{"servers": [\n\u00b6', None),
        ("a // comment", '{"servers": [\n  \u00b6// mine\n]}', None, "comment"),
        ("text behind the end", '{"servers": []}\n\n \u00b6x', None),
        ("a number that JSON does not have", '{"servers": [], "timeout_ms": \u00b6+5}', None),
        ("no object", '\u00b6[]', None, "object"),
        ("an unknown key at the top", '{"servers": [], \u00b6"timeuot_ms": 5}', "/timeuot_ms",
         'did you mean "timeout_ms"?'),
        ("an unknown key of a server", S % ',\n \u00b6"agrs": []', FIRST + "/agrs",
         'did you mean "args"?'),
        ("a key of other programs", S % ', \u00b6"cwd": "/x"', FIRST + "/cwd", "work_dir"),
        ("an unknown key of a sandbox", S % ', "sandbox": {\u00b6"memory_limits": "1g"}',
         FIRST + "/sandbox/memory_limits", 'did you mean "memory_limit"?'),
        ("an unknown option of a strategy", B % '{"bubblewrap": {\u00b6"ro_bind": []}}',
         FIRST + "/sandbox/strategy/bubblewrap/ro_bind", "ro_binds"),
        ("two strategies", B % '\u00b6{"bubblewrap": {}, "none": {}}', FIRST + "/sandbox/strategy",
         "exactly one"),
        ("an option of the wrong type", B % '{"bubblewrap": {"share_net": \u00b6"no"}}',
         FIRST + "/sandbox/strategy/bubblewrap/share_net"),
        ("a bind without its inside", B % '{"bubblewrap": {"ro_binds": [\u00b6["/usr"]]}}',
         FIRST + "/sandbox/strategy/bubblewrap/ro_binds/0"),
        ("a command of the wrong type", '{"servers": [{"id": "a", "command": \u00b65}]}',
         FIRST + "/command", "expected"),
        ("no command", '{"servers": [\u00b6{"id": "a"}]}', FIRST, "command"),
        ("no id", '{"servers": [\u00b6{"command": "/bin/cat"}]}', FIRST, '"id"'),
        ("two servers with one id",
         '{"servers": [{"id": "a", "command": "/bin/cat"},\n {"command": "/bin/cat", '
         '"id": \u00b6"a"}]}', "/servers/1/id", '"a"'),
        ("a key that stands twice", S % ', \u00b6"id": "b"', None, "id"),
        ("an id that makes unusable names",
         '{"servers": [{"id": \u00b6"my server.js", "command": "/bin/cat"}]}', FIRST + "/id",
         "my-server-js"),
        ("an id that begins with a digit", '{"servers": [{"id": \u00b6"1st", "command": "/x"}]}',
         FIRST + "/id", "letter"),
        ("an id that is too long",
         '{"servers": [{"id": \u00b6"%s", "command": "/bin/cat"}]}' % ("x" * 41), FIRST + "/id",
         "40"),
        ("an unset variable in args", S % ', "args": ["x", \u00b6"$NO_SUCH_VARIABLE/x"]',
         FIRST + "/args/1", "NO_SUCH_VARIABLE"),
        ("an unset variable in env", S % ', "env": {"KEY": \u00b6"${NO_SUCH_VARIABLE}"}',
         FIRST + "/env/KEY", "NO_SUCH_VARIABLE"),
        ("an unfinished variable", S % ', "args": [\u00b6"${HOME"]', FIRST + "/args/0"),
        ("a time-out of nothing", S % ', "timeout_ms": \u00b60', FIRST + "/timeout_ms", "range"),
        ("a time-out in words", S % ', "timeout_ms": \u00b6"30s"', FIRST + "/timeout_ms",
         "expected"),
        ("a memory limit in an unknown unit", S % ', "sandbox": {"memory_limit": \u00b6"256q"}',
         FIRST + "/sandbox/memory_limit", "256m"),
        ("a memory limit without its unit", S % ', "sandbox": {"memory_limit": \u00b6256}',
         FIRST + "/sandbox/memory_limit", "unit"),
        ("a share of the processor in words", S % ', "sandbox": {"cpu_limit": \u00b6"half"}',
         FIRST + "/sandbox/cpu_limit"),
        ("a memory limit of nothing", S % ', "sandbox": {"memory_limit": \u00b6"0"}',
         FIRST + "/sandbox/memory_limit", "outside the range", "hint: ", "leave it out"),
        ("a memory limit below nothing", S % ', "sandbox": {"memory_limit": \u00b6"-1"}',
         FIRST + "/sandbox/memory_limit", 'a size such as "256m"'),
        ("a memory limit with an exponent", S % ', "sandbox": {"memory_limit": \u00b6"1e9g"}',
         FIRST + "/sandbox/memory_limit", 'a size such as "256m"'),
        ("a memory limit beyond every machine", S % ', "sandbox": {"memory_limit": \u00b6"2000t"}',
         FIRST + "/sandbox/memory_limit", "outside the range"),
        ("a limit of no processes", S % ', "sandbox": {"pids_limit": \u00b60}',
         FIRST + "/sandbox/pids_limit", "outside the range", "leave it out"),
        ("no limit of processes as engines write it", S % ', "sandbox": {"pids_limit": \u00b6-1}',
         FIRST + "/sandbox/pids_limit", "a whole number"),
        ("a share of no processor", S % ', "sandbox": {"cpu_limit": \u00b6"0"}',
         FIRST + "/sandbox/cpu_limit", "outside the range", "leave it out"),
        ("processors beyond every machine", S % ', "sandbox": {"cpu_limit": \u00b6"1e9"}',
         FIRST + "/sandbox/cpu_limit", "a number of processors"),
        ("open files in a unit", S % ', "sandbox": {"open_files_limit": \u00b6"1k"}',
         FIRST + "/sandbox/open_files_limit"),
        ("a size of files below nothing", S % ', "sandbox": {"file_size_limit": \u00b6-5}',
         FIRST + "/sandbox/file_size_limit"),
        ("a home of another kind", S % ', "sandbox": {"home": \u00b6"mine"}',
         FIRST + "/sandbox/home", "keep"),
        ("a work directory that is not absolute", S % ', "sandbox": {"work_dir": \u00b6"~/x"}',
         FIRST + "/sandbox/work_dir", "absolute"),
        ("a mount without an inside", S % ', "sandbox": {"mounts": ["/usr:/usr:ro", \u00b6"/srv"]}',
         FIRST + "/sandbox/mounts/1", "/srv:/srv:ro"),
        ("a mount with an unknown flag", S % ', "sandbox": {"mounts": [\u00b6"/srv:/srv:wr"]}',
         FIRST + "/sandbox/mounts/0"),
        ("a limit to accept that is none", S % ', "sandbox": {"accept_partial": [\u00b6"memory"]}',
         FIRST + "/sandbox/accept_partial/0", "memory_limit"),
        ("a server over the network", '{"servers": [{"id": "a", \u00b6"url": "http://x/mcp"}]}',
         FIRST + "/url", "network"),
        ("a place behind characters of several bytes",
         '{"servers": [{"name": "\u00e9\u4e16\U0001f600", \u00b6"nmae": "x", "id": "a", '
         '"command": "/bin/cat"}]}', FIRST + "/nmae", '"name"'),
        ("a key with a slash", S % ', \u00b6"a/b~c": 1', FIRST + "/a~1b~0c"),
        ("an error in the other shape",
         '{"mcpServers": {"one": {"command": "/bin/cat", \u00b6"agrs": []}}}',
         "/mcpServers/one/agrs", 'did you mean "args"?'),
        ("settings that disagree",
         S % ', "sandbox": {"network": true, "strategy": {"bubblewrap": {"share_net": '
         '\u00b6false}}}', FIRST + "/sandbox/strategy/bubblewrap/share_net", "network")):
    add_case(_text, wrong, _json, _pointer, *_fragments)


@case("all errors come at once, and other servers are not concerned")
def _():
    text = json.dumps({"servers": [
        entry(agrs=[]), entry(id="b", timeout_ms=-1), entry(
            id="c", sandbox={"strategy": "bubblewrap", "network": False})]}, indent=2)
    status, out, err, _, _ = checked(text)
    equal(status, CHECK_FAILED)
    contains(out + err, "/servers/0/agrs", "/servers/1/timeout_ms")
    check("/servers/2" not in out + err, "the good server was blamed")


@case("a server with an error does not stop the others, unless --strict")
def _():
    bad = mcp.server("bad")
    bad["agrs"] = []
    router = mcp.Router([bad, mcp.server("good")])
    router.initialize()
    check("good_echo" in router.list_tools(), "the good server was stopped")
    router.logged("agrs")
    router.close()
    strict = mcp.Router([bad, mcp.server("good")], options=["--strict"])
    strict.close_input()
    equal(strict.wait(), CONFIGURATION)
    strict.logged("agrs")


@case("a file with a syntax error stops every command")
def _():
    folder = scratch()
    servers = write(folder / "servers.json", '{"servers": [}')
    for command in (["serve"], ["tools"], ["explain", "a"], ["call", "a_b"]):
        status, _, err = run([*command, "--servers", servers])
        equal(status, CONFIGURATION, " ".join(command))
        contains(err, "%s:1:14: error:" % servers)


@case("control characters in a file's texts do not reach the terminal")
def _():
    _, out, err, _, _ = checked(S % ', "\\u001b[2J": 1, "x\\u0007": 2')
    check("\x1b[2J" not in out + err and "\x07" not in out + err, "control characters")


@case("a value that may be a secret is not shown")
def _():
    secret = "hunter2-correct-horse"
    for text in (S % (', "env": {"KEY": ["%s"]}' % secret),
                 S % (', "env": {"KEY": "%s${NOPE}"}' % secret)):
        for options in ((), ("--json",), ("--log-level", "debug")):
            status, out, err, _, _ = checked(text, "", *options)
            equal(status, CHECK_FAILED)
            check(secret not in out + err, "a secret is shown: " + out + err)


# --- What is right, and what would not start here ---------------------------------------------

@case("the files that users have are accepted")
def _():
    folder = mcp.SOURCE / "tests" / "seed-configs"
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not files:
        raise Skip("there is no %s" % folder)
    for path in files:
        status, out, err, _, _ = checked(path.read_text(), 'allow_unsandboxed = true;\n')
        equal(status, 0, path.name + "\n" + out + err)


@case("what would stop a start here is a warning, and an error with --strict")
def _():
    text = json.dumps({"servers": [entry(command="no-such-program-anywhere")]})
    status, out, err, path, _ = checked(text)
    equal(status, 0, "exit status of %s" % (out + err))
    contains(out + err, str(path), "warning: ", "no-such-program-anywhere", "/servers/0/command")
    status, out, err, _, _ = checked(text, "", "--strict")
    equal(status, CHECK_FAILED)


@case("a limit that nothing enforces is a warning with the line that accepts it")
def _():
    box = {"strategy": "none", "cpu_limit": "0.5"}
    permission = "allow_unsandboxed = true; control_groups = false;"
    text = json.dumps({"servers": [entry(command="/bin/cat", sandbox=box)]})
    status, out, err, _, _ = checked(text, permission)
    equal(status, 0, out + err)
    contains(out + err, "warning: ", "cpu_limit cannot be enforced", "/servers/0/sandbox",
             '"accept_partial": ["cpu_limit"]')
    box["accept_partial"] = ["cpu_limit"]
    text = json.dumps({"servers": [entry(command="/bin/cat", sandbox=box)]})
    status, out, err, _, _ = checked(text, permission, "--strict")
    equal(status, 0, out + err)


@case("a default that is stricter than the engine's is a note, once for each server")
def _():
    if "bubblewrap" not in mcp.strategies():
        raise Skip("bubblewrap cannot run here")
    text = json.dumps({"servers": [entry(), entry(id="b"), entry(
        id="c", sandbox={"strategy": "bubblewrap", "network": False})]})
    status, out, err, path, _ = checked(text, "", "--strict")
    equal(status, 0, out + err)
    equal((out + err).count("note: "), 2, out + err)
    contains(out + err, "%s:1:" % path, "there is no network (at /servers/0/sandbox",
             "(at /servers/1/sandbox", '"network": true opens it')
    status, out, err, _, _ = checked(text, "", "--strict", "--json")
    equal(status, 0, out + err)
    equal([(each["severity"], each["server"]) for each in problems(out)],
          [("note", "a"), ("note", "b")])
    router = mcp.Router(json.loads(text)["servers"][:1])
    router.initialize()
    router.list_tools()
    router.close()
    check("there is no network" not in router.log_text(), router.log_text())


@case("a limit with its unit behind a space is what it says")
def _():
    box = {"strategy": "none", "memory_limit": "256 MB", "accept_partial": ["memory_limit"]}
    text = json.dumps({"servers": [entry(command="/bin/cat", sandbox=box)]})
    status, out, err, _, _ = checked(text, "allow_unsandboxed = true;", "--strict")
    equal(status, 0, out + err)


@case("a limit larger than the machine is a warning")
def _():
    for key, value in (("memory_limit", "900t"), ("cpu_limit", 1000)):
        box = {"strategy": "none", key: value, "accept_partial": [key]}
        text = json.dumps({"servers": [entry(command="/bin/cat", sandbox=box)]})
        status, out, err, _, _ = checked(text, "allow_unsandboxed = true;")
        equal(status, 0, out + err)
        contains(out + err, "warning: ", key, "this machine has", FIRST + "/sandbox", "hint: ")


@case("a strategy that no plugin has is a warning at its place, with a suggestion")
def _():
    text, line, column = place_of(B % '\u00b6"bublewrap"')
    status, out, err, path, _ = checked(text)
    equal(status, 0, out + err)
    contains(out + err, "%s:%d:%d: warning: " % (path, line, column), "bublewrap",
             'did you mean "bubblewrap"?')
    router = mcp.Router(json.loads(text)["servers"])
    router.initialize()
    equal(router.list_tools(), {})
    router.logged("bublewrap")
    router.close()


@case("a strategy whose plugin is not here is a warning with a hint")
def _():
    text = B % '{"docker": {"image": "x"}}'
    status, out, err, _, _ = checked(text)
    equal(status, 0, out + err)
    contains(out + err, "warning: ", "docker", "hint: ")


def warned(host, more, *fragments):
    text = json.dumps({"servers": [entry(**more)]}, indent=1)
    status, out, err, _, _ = checked(text, host)
    equal(status, 0, out + err)
    contains(out + err, "warning: ", *fragments)


@case("a package runner without network is recognised, with the ways out")
def _():
    for command, arguments in (("npx", ["-y", "@x/server"]), ("uvx", ["server"]),
                               ("npm", ["exec", "x"]), ("pipx", ["run", "x"]),
                               ("/usr/bin/npx", ["-y", "x"])):
        warned("", {"command": command, "args": arguments}, "network", '"home": "keep"')


@case("a package runner without network fails at once, not after its own time-outs")
def _():
    router = mcp.Router([{"id": "slow", "command": "npx", "args": ["-y", "@x/server"],
                          "sandbox": mcp.sandbox("bubblewrap")}])
    router.initialize()
    router.list_tools(seconds=20)
    router.logged("slow", "network")
    router.close()


@case("an entry that starts an engine itself is told what to write instead")
def _():
    # The core knows no engine: a plugin names the programs of its own.
    text = json.dumps({"servers": [entry(command="bwrap", args=["--", "server"])]}, indent=1)
    status, out, err, path, _ = checked(text)
    equal(status, CHECK_FAILED, out + err)
    contains(out + err, str(path), "bwrap", "(at /servers/0/command)", '{"strategy": {"bubblewrap"')


@case("`none` without permission does not start, and says how to allow it")
def _():
    text = B % '"none"'
    status, out, err, _, _ = checked(text)
    contains(out + err, "none", "allow_unsandboxed")
    router = mcp.Router([{"id": "bare", "command": "/bin/cat", "sandbox": {"strategy": "none"}}],
                        allow=False)
    router.initialize()
    equal(router.list_tools(), {})
    router.logged("bare", "allow_unsandboxed")
    router.close()


@case("a mount source that is missing is an error and is not made")
def _():
    missing = scratch() / "missing"
    text = json.dumps({"servers": [entry(sandbox={"strategy": "bubblewrap", "mounts": [
        "%s:/data:ro" % missing]})]})
    _, out, err, _, _ = checked(text)
    contains(out + err, str(missing), "/servers/0/sandbox/mounts/0")
    check(not missing.exists(), "it was made")


@case("a mount source that another server can swap is refused")
def _():
    shared = mcp.give_to_account(scratch("shared"))
    inner = shared / "inner"
    inner.mkdir()
    mcp.give_to_account(inner)
    text = json.dumps({"servers": [
        entry(sandbox={"strategy": {"bubblewrap": {"rw_binds": [[str(shared), "/work"]]}}}),
        entry(id="b", sandbox={"strategy": {"bubblewrap": {"ro_binds": [[str(inner), "/in"]]}}})]},
        indent=1)
    _, out, err, _, _ = checked(text)
    contains(out + err, str(inner), "/servers/1")
    router = mcp.Router(json.loads(text)["servers"])
    router.initialize()
    router.list_tools()
    router.logged(str(inner))
    router.close()


@case("a mount source below a folder that others can write is refused")
def _():
    loose = scratch("loose")
    (loose / "inner").mkdir()
    loose.chmod(0o777)
    text = json.dumps({"servers": [entry(sandbox={"strategy": "bubblewrap", "mounts": [
        "%s:/data:ro" % (loose / "inner")]})]})
    _, out, err, _, _ = checked(text)
    contains(out + err, str(loose), "/servers/0/sandbox/mounts/0")


@case("a place inside that lies below a writable mount is refused")
def _():
    work = mcp.give_to_account(scratch("work"))
    text = json.dumps({"servers": [entry(sandbox={"strategy": "bubblewrap", "mounts": [
        "%s:/data" % work, "/usr/share:/data/share:ro"]})]})
    _, out, err, _, _ = checked(text)
    contains(out + err, "/data/share")


@case("a program that the sandbox does not show is an error with the mount that shows it")
def _():
    folder = scratch("tool")
    tool = folder / "server"
    tool.write_text("#!/bin/sh\nexec cat\n")
    tool.chmod(0o755)
    text = json.dumps({"servers": [entry(command=str(tool))]})
    _, out, err, _, _ = checked(text)
    contains(out + err, str(folder), "mounts", ":ro")
    text = json.dumps({"servers": [entry(command="/bin/cat", args=[str(tool)])]})
    _, out, err, _, _ = checked(text)
    contains(out + err, str(folder), "mounts", ":ro")


@case("what the account cannot reach below a private home is named, as root")
def _():
    if not mcp.ROOT or not mcp.account_exists():
        raise Skip("only root starts servers under another account")
    private = scratch("private", 0o700)
    tool = private / "server"
    tool.write_text("#!/bin/sh\nexec cat\n")
    tool.chmod(0o755)
    (private / "documents").mkdir()
    for more in ({"command": str(tool)},
                 {"sandbox": {"strategy": "bubblewrap",
                              "mounts": ["%s:/docs:ro" % (private / "documents")]}}):
        _, out, err, _, _ = checked(json.dumps({"servers": [entry(**more)]}))
        contains(out + err, str(private), mcp.ACCOUNT)


@case("the account is missing: the start says how to make it, as root")
def _():
    if not mcp.ROOT:
        raise Skip("only root starts servers under another account")
    router = mcp.Router([mcp.server("one", run_as="no-such-account-here")])
    router.initialize()
    equal(router.list_tools(), {})
    router.logged("no-such-account-here", "useradd")
    router.close()


# --- Files that are not to be trusted -----------------------------------------------------------

def untrusted(change, *fragments):
    folder = scratch("trust")
    servers = write(folder / "servers.json", {"servers": [entry()]})
    conf = write(folder / "jauauth.conf", "")
    change(folder, servers, conf)
    status, out, err = run(["tools", "--servers", servers, "--config", conf])
    equal(status, CONFIGURATION, out + err)
    contains(out + err, *fragments)


def _loose(path, mode):
    path.chmod(mode)


add_case("a servers file that others can write is refused, with the chmod to type", untrusted,
         lambda folder, servers, conf: _loose(servers, 0o666), "servers.json", "chmod")
add_case("a host file that the group can write is refused", untrusted,
         lambda folder, servers, conf: _loose(conf, 0o664), "jauauth.conf", "chmod")
add_case("a folder that others can write is refused", untrusted,
         lambda folder, servers, conf: _loose(folder, 0o777), "chmod")


@case("a plugin that others can write is refused, and others go on")
def _():
    built = sorted(mcp.BUILD.glob("plugins/*/.libs/*.so"))
    if len(built) < 2:
        raise Skip("fewer than two plugins are built")
    folder = scratch("plugins")
    for plugin in built[:2]:
        copy = folder / plugin.name
        copy.write_bytes(plugin.read_bytes())
        copy.chmod(0o666 if plugin == built[0] else 0o644)
    # The wrapper would add the folders of the build, where the same plugins are.
    program = [*os.environ.get("JAUAUTH_WRAP", "").split(), str(mcp.BUILD / "core" / "jauauth")]
    done = subprocess.run([*program, "--plugin-dir", str(folder), "plugins", "list"],
                          capture_output=True, timeout=mcp.WAIT, check=False)
    text = (done.stdout + done.stderr).decode()
    contains(text, str(folder / built[0].name), "chmod go-w")
    good = [line for line in text.splitlines() if line.startswith(built[1].stem)]
    check(good and "broken" not in good[0], "the good plugin is not there: %s" % text)


# --- The host file ------------------------------------------------------------------------------

def wrong_host(text, line, *fragments):
    status, out, err, _, conf = checked('{"servers": []}', text)
    contains(out + err, "%s:%d:" % (conf, line), *fragments)
    check(status in (CHECK_FAILED, CONFIGURATION), "status %d" % status)


add_case("a syntax error of the host file", wrong_host, 'a = 1;\nb = = 2;\n', 2)
add_case("an unknown key of the host file", wrong_host, '\nallow_unsandbxed = true;\n', 2,
         "allow_unsandbxed", "allow_unsandboxed")
add_case("a value of the wrong type in the host file", wrong_host, 'allow_unsandboxed = "yes";\n',
         1, "allow_unsandboxed")


# --- No files at all ----------------------------------------------------------------------------

@case("no servers file: the error names the places and prints one to paste")
def _():
    home = scratch("home")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "JAUAUTH_BUILD": str(mcp.BUILD),
                   "XDG_CONFIG_HOME": str(home / "config")}
    status, out, err = run(["serve"], environment=environment)
    equal(status, CONFIGURATION, out + err)
    contains(err, "servers.json", '"servers"', '"command"')
    if not mcp.ROOT:
        contains(err, str(home / "config" / "jauauth"))
    start = err.index("{")
    pasted = json.loads(err[start:err.rindex("}") + 1])
    equal(len(pasted["servers"]), 1)


@case("files are found below XDG_CONFIG_HOME, but not by root")
def _():
    home = scratch("home")
    place = home / "config" / "jauauth"
    place.mkdir(parents=True, mode=0o755)
    write(place / "servers.json", {"servers": [entry(id="found")]})
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "JAUAUTH_BUILD": str(mcp.BUILD),
                   "XDG_CONFIG_HOME": str(home / "config")}
    status, out, err = run(["config", "paths"], environment=environment)
    equal(status, 0)
    equal(str(place) in out, not mcp.ROOT, "the user's own place is listed: %s" % out)
    status, out, err = run(["explain", "found"], environment=environment)
    if mcp.ROOT:
        equal(status, CONFIGURATION, out + err)
    else:
        equal(status, 0, out + err)


@case("numbers mean the same in every locale")
def _():
    environment = dict(os.environ, LC_ALL="de_DE.UTF-8", LANG="de_DE.UTF-8")
    folder = scratch()
    servers = write(folder / "servers.json", S % ', "sandbox": {"cpu_limit": 0.5}')
    outputs = set()
    for each in (environment, dict(os.environ, LC_ALL="C")):
        status, out, err = run(["explain", "a", "--servers", servers], environment=each)
        outputs.add((status, out))
    equal(len(outputs), 1, "outputs in two locales")


mcp.main()
