#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a hostile server, a hostile file and another user try against the router's own programs."""

import json
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Client, Router, Skip, case, check, contains, equal, run  # noqa: E402

PROGRAM = str(mcp.BUILD / "core" / "jauauth")
KEEPER = mcp.BUILD / "core" / "sandbox" / "jauauth-keeper"


def plugin_folders():
    return [str(folder) for folder in sorted((mcp.BUILD / "plugins").glob("*/.libs"))]


def direct(*arguments, keeper=KEEPER, directory=None, environment=None):
    """Runs the program itself, without the wrapper that names keeper and plugins."""
    argv = [PROGRAM, "--keeper", str(keeper)]
    for folder in plugin_folders():
        argv += ["--plugin-dir", folder]
    done = subprocess.run([*argv, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, cwd=directory, env=environment, timeout=mcp.WAIT)
    return done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "backslashreplace")


def files(servers, host=""):
    """The options that name a servers file and a host file with this content."""
    folder = mcp.scratch("files")
    return ["--servers", str(mcp.write(folder / "servers.json", {"servers": servers})),
            "--config", str(mcp.write(folder / "jauauth.conf", host))]


def script(name, text):
    """A server of the tests' own, and the mount that shows it."""
    path = mcp.write(mcp.scratch("script") / name, text)
    path.chmod(0o755)
    return str(path), "%s:%s:ro" % (path, path)


def without_sandbox(identifier, argv):
    if mcp.ROOT and not mcp.account_exists():
        raise Skip("there is no account %s" % mcp.ACCOUNT)
    return {"id": identifier, "command": argv[0], "args": argv[1:],
            "sandbox": {"strategy": "none"}}


# --- The router's own processes ----------------------------------------------------------------

@case("no program of the same user can read the memory of router, worker and keeper")
def _():
    user = None
    if mcp.ROOT:
        # What root runs shows nothing: its files in /proc belong to root all the same.
        if not mcp.account_exists():
            raise Skip("there is no account %s" % mcp.ACCOUNT)
        user = mcp.ACCOUNT
        if subprocess.run([PROGRAM, "--version"], user=user, capture_output=True,
                          check=False).returncode != 0:
            raise Skip("%s cannot run the program" % user)
    home = mcp.give_to_account(mcp.scratch("home"))
    options = files([without_sandbox("one", [mcp.outside_program("sleep"), "1000"])])
    argv = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"] if user else []
    client = Client([*argv, mcp.JAUAUTH, "serve", "--allow-unsandboxed", *options],
                    environment={"PATH": "/usr/bin:/bin", "HOME": str(home),
                                 "JAUAUTH_BUILD": str(mcp.BUILD)})
    client.initialize()
    own = {"jauauth", "jauauth-keeper"}
    found = mcp.eventually(lambda: {
        mcp.comm(pid): pid for pid in [client.pid, *(each[0] for each in
                                                     mcp.descendants(client.pid))]
        if mcp.comm(pid) in own}.keys() >= own)
    check(found, "the keeper was not started\n" + client.log_text())
    for pid in [client.pid, *(each[0] for each in mcp.descendants(client.pid))]:
        if mcp.comm(pid) in own:
            # One that was just executed has not got so far yet.
            mcp.eventually(lambda: os.stat("/proc/%d/environ" % pid).st_uid == 0)
            equal(os.stat("/proc/%d/environ" % pid).st_uid, 0,
                  "owner of what /proc shows of %s" % mcp.command_line(pid))
    client.close()


@case("a keeper that somebody else can change is refused")
def _():
    folder = mcp.scratch("keeper")
    keeper = folder / "jauauth-keeper"
    shutil.copyfile(KEEPER, keeper)
    options = files([without_sandbox("one", [mcp.outside_program("true")])])
    keeper.chmod(0o775)
    status, _, log = direct("--allow-unsandboxed", *options, "tools", keeper=keeper)
    equal(status, 3)
    contains(log, "the keeper cannot be used", "can be written by its group", "chmod g-w")
    keeper.chmod(0o755)
    folder.chmod(0o777)
    status, _, log = direct("--allow-unsandboxed", *options, "tools", keeper=keeper)
    equal(status, 3)
    contains(log, "can be written by everyone")
    folder.chmod(0o755)
    link = mcp.scratch("link") / "keeper"
    link.symlink_to(keeper)
    status, _, log = direct("--allow-unsandboxed", *options, "tools", keeper=link)
    equal(status, 3)
    contains(log, "is a symbolic link")


@case("keeper and plugins can be named from the working directory")
def _():
    path, _ = script("ends.sh", "#!/bin/sh\nexec cat >/dev/null\n")
    options = files([without_sandbox("one", ["/bin/sh", path])])
    arguments = ["--keeper", os.path.relpath(KEEPER, mcp.BUILD)]
    for folder in plugin_folders():
        arguments += ["--plugin-dir", os.path.relpath(folder, mcp.BUILD)]
    done = subprocess.run([PROGRAM, *arguments, "--json", "plugins", "list"], cwd=mcp.BUILD,
                          capture_output=True, check=False)
    for plugin in json.loads(done.stdout)["plugins"]:
        check("error" not in plugin, done.stdout)
    done = subprocess.run([PROGRAM, *arguments, *options, "--allow-unsandboxed",
                           "--log-level", "info", "serve"], cwd=mcp.BUILD, input=b"",
                          capture_output=True, check=False, timeout=mcp.WAIT)
    equal(done.returncode, 0, done.stderr)


# --- Hostile servers against the commands ------------------------------------------------------

@case("a server that closes its stdin does not end the commands that try it")
def _():
    path, _ = script("closes.sh", """#!/bin/sh
read line
exec 0<&-
echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25",\
"capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}}'
sleep 1
""")
    options = files([without_sandbox("one", ["/bin/sh", path])])
    for command in (["tools"], ["call", "one_x"]):
        status, _, log = run(["--allow-unsandboxed", *options, *command])
        check(status in (1, 4), "exit status %d\n%s" % (status, log))
        check(log, "there is no word of what happened")


@case("nothing that a server says can steer the terminal of who lists and calls its tools")
def _():
    path, mount = script("steers.py", """import json, sys
EVIL = "\\u009b2J\\u202e\\x7f\\x1b[2J"
for line in sys.stdin:
    message = json.loads(line)
    if message.get("method") == "initialize":
        result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                  "serverInfo": {"name": EVIL, "version": EVIL}}
    elif message.get("method") == "tools/list":
        result = {"tools": [{"name": "t", "description": EVIL, "title": EVIL, EVIL: EVIL,
                             "inputSchema": {"type": "object"}}]}
    elif message.get("method") == "tools/call":
        kind = message["params"]["arguments"].get("kind")
        result = ({"content": [{"type": "text", "text": EVIL}, {"type": EVIL}]} if kind == "text"
                  else {"other": EVIL})
        if kind == "error":
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": {
                "code": 1, "message": EVIL}}, ensure_ascii=False), flush=True)
            continue
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result},
                     ensure_ascii=False), flush=True)
""")
    strategy = mcp.a_strategy()
    options = files([mcp.program("one", [mcp.outside_program("python3"), path], strategy=strategy,
                                 request={"mounts": [mount]} if strategy != "none" else {})])
    for command in (["tools"], ["--json", "tools"], ["call", "one_t", '{"kind":"text"}'],
                    ["call", "one_t", '{"kind":"other"}'], ["call", "one_t", '{"kind":"error"}'],
                    ["--json", "call", "one_t", '{"kind":"text"}']):
        done = subprocess.run([mcp.JAUAUTH, "--allow-unsandboxed", *options, *command],
                              capture_output=True, check=False, timeout=mcp.WAIT)
        both = (done.stdout + done.stderr).decode("utf-8")
        check("2J" in both, "the server was not shown: %s" % both)
        for steering in "\x1b\x7f\x9b\u202e":
            check(steering not in both, "%r of %s reaches the terminal" % (steering, command))
    shown = json.loads(run(["--allow-unsandboxed", *options, "--json", "tools"])[1])
    equal(shown["tools"][0]["description"], "\x9b2J\u202e\x7f\x1b[2J", "the value itself")


# --- Secrets -----------------------------------------------------------------------------------

@case("what the router's environment puts into arguments is not shown by explain")
def _():
    secret = "hunter2-%s" % os.urandom(6).hex()
    strategy = mcp.a_strategy()
    entry = mcp.program("one", [mcp.outside_program("true"), "--token=${OUTER}", "$OUTER"],
                        strategy=strategy, env={"INNER": "<${OUTER}>"})
    options = files([entry], 'environment = ["OUTER"];')
    environment = {**os.environ, "OUTER": secret}
    for form in ([], ["--json"]):
        status, output, log = run(["--allow-unsandboxed", *form, *options, "explain", "one"],
                                  environment=environment)
        equal(status, 0, log)
        check(secret not in output + log, "the secret is shown:\n" + output + log)
        contains(output, "$OUTER")


# --- State -------------------------------------------------------------------------------------

@case("a kept home is made at the first start, is the server's own and lasts")
def _():
    if "bubblewrap" not in mcp.strategies():
        raise Skip("bubblewrap cannot run here")
    path, mount = script("remembers.py", """import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("method") == "initialize":
        result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                  "serverInfo": {"name": "x", "version": "1"}}
    elif message.get("method") == "tools/list":
        result = {"tools": [{"name": "t", "inputSchema": {"type": "object"}}]}
    elif message.get("method") == "tools/call":
        file = os.path.expanduser("~/count")
        count = open(file).read() if os.path.exists(file) else ""
        open(file, "w").write(count + "+")
        result = {"content": [{"type": "text", "text": count + "+"}]}
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
""")
    state = mcp.scratch("state") / "below" / "jauauth"
    entry = mcp.program("one", [mcp.outside_program("python3"), path], strategy="bubblewrap",
                        request={"mounts": [mount], "home": "keep"})
    folder = mcp.scratch("files")
    options = ["--config", mcp.write(folder / "jauauth.conf", 'state_directory = "%s";' % state),
               "--servers", mcp.write(folder / "servers.json",
                                      {"cache_tools": True, "servers": [entry]})]
    status, _, log = run([*options, "explain", "one"])
    equal(status, 0, log)
    for expected in ("+", "++"):
        status, output, log = run([*options, "call", "one_t"])
        equal((status, output.strip()), (0, expected), log)
    equal((state / "homes" / "one").stat().st_mode & 0o7777, 0o700)
    equal((state / "cache").stat().st_mode & 0o7777, 0o700)


mcp.main()
