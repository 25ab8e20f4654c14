#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Node and Python servers in sandboxes of the real firejail: what they find, and what they do not.
"""

import atexit
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import PRELOAD, Listener, Router, Skip, ask, case, check, contains, \
    equal  # noqa: E402

SECRET = "s3cret-%d-%s" % (os.getpid(), os.urandom(8).hex())
ACCOUNT = pwd.getpwnam(mcp.ACCOUNT) if mcp.ROOT and mcp.account_exists() else \
    pwd.getpwuid(os.getuid())


def needs_firejail():
    if not shutil.which("firejail"):
        raise Skip("firejail is not installed")
    if mcp.ROOT and not mcp.account_exists():
        raise Skip("root needs the account %s" % mcp.ACCOUNT)
    status, out, _ = mcp.run(["plugins", "show", "firejail", "--json"])
    if status not in (0, 1) or json.loads(out).get("probe", {}).get("state") == "unavailable":
        raise Skip("firejail cannot make a sandbox here")


def strategy(**options):
    """The sandbox of a server whose program lies in the folder of the test servers."""
    shown = [str(mcp.servers_folder()), *options.pop("read_only_paths", [])]
    return {"firejail": {"read_only_paths": shown, **options}}


def entry(identifier, argv, options=None, env=None, **request):
    return {"id": identifier, "command": argv[0], "args": argv[1:], "env": env or {},
            "sandbox": {"strategy": strategy(**(options or {})), **request}}


def python_server(options=None, **more):
    return entry("py", [mcp.outside_program("python3"), str(mcp.servers_folder() / "probe.py")],
                 options, **more)


def node_server(options=None, **more):
    return entry("js", [mcp.outside_program("node"), str(mcp.servers_folder() / "node.mjs")],
                 options, **more)


def marked_server(identifier, mark, behaviour="ok", env=None):
    return entry(identifier, [mcp.outside_program("python3"),
                              str(mcp.servers_folder() / "hostile.py"), behaviour, "--mark", mark],
                 env=env)


def opened(*servers, **more):
    needs_firejail()
    router = Router(list(servers), **more)
    router.initialize()
    return router


def refused(server, *fragments, **more):
    """The server does not start, and these texts say why."""
    router = opened(server, **more)
    router.list_tools()
    router.logged(*fragments)
    router.close(status=None)


def system_folder():
    """A folder that firejail hides unless it is asked for, and that everybody can read."""
    if not os.access("/var/tmp", os.W_OK):
        raise Skip("/var/tmp cannot be written")
    folder = pathlib.Path("/var/tmp/e2e-%d-%s" % (os.getpid(), os.urandom(4).hex()))
    folder.mkdir(mode=0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@case("the probe says available where a sandbox can be made by hand")
def _():
    if not shutil.which("firejail"):
        raise Skip("firejail is not installed")
    identity = {"user": ACCOUNT.pw_uid, "group": ACCOUNT.pw_gid, "extra_groups": []}
    by_hand = subprocess.run(
        ["firejail", "--quiet", "--net=none", "--noroot", "--private-dev", "true"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=mcp.WAIT, cwd="/",
        env={"PATH": "/usr/bin:/bin"}, **(identity if mcp.ROOT else {}))
    if by_hand.returncode != 0:
        raise Skip("firejail cannot make a sandbox here: %s" % by_hand.stderr.decode()[:200])
    status, out, err = mcp.run(["plugins", "show", "firejail", "--json"])
    equal(status, 0, out + err)
    equal(json.loads(out)["probe"]["state"], "available", out)


@case("a Node server answers, with a home, a user and a folder for temporary files")
def _():
    router = opened(node_server())
    found = ask(router, "js_identity")
    equal([found[name] for name in ("home_writable", "cache_writable", "temporary_writable")],
          [True] * 3)
    check(found["user"] and " " not in found["user"], "os.userInfo(): %s" % found["user"])
    equal(found["directory"], found["home"], "the directory of the start")
    router.close()


@case("a Python server has them too")
def _():
    router = opened(python_server())
    found = ask(router, "py_identity")
    equal([found[name] for name in ("home_writable", "temporary_writable")], [True] * 2)
    for name in ("user", "passwd", "group"):
        check(found[name] and "Error" not in found[name], "%s: %s" % (name, found[name]))
    check(found["uid"] != 0, "it is root inside")
    router.close()


@case("the home is empty at each start")
def _():
    found = []
    for _ in range(2):
        router = opened(python_server())
        path = ask(router, "py_identity")["home"] + "/note"
        found.append(ask(router, "py_read_file", {"path": path})["done"])
        check(ask(router, "py_write_file", {"path": path})["done"], "home")
        check(not os.path.exists(path), "%s is the host's" % path)
        router.close()
    equal(found, [False, False])


@case("no network: no host port, no abstract or path socket, no route")
def _():
    abstract = "e2e-%s" % os.urandom(6).hex()
    path = mcp.scratch("socket") / "s"
    listeners = [Listener(socket.AF_INET, ("127.0.0.1", 0)),
                 Listener(socket.AF_UNIX, "\0" + abstract), Listener(socket.AF_UNIX, str(path))]
    path.chmod(0o777)
    port = listeners[0].socket.getsockname()[1]
    try:
        router = opened(python_server(), node_server())
        equal(ask(router, "py_identity")["interfaces"], ["lo"])
        check(set(ask(router, "js_identity")["interfaces"]) <= {"lo"}, "Node sees interfaces")
        for tool, arguments in (("connect_tcp", {"port": port}),
                                ("connect_unix", {"path": "@" + abstract}),
                                ("connect_unix", {"path": str(path)}), ("route_out", {})):
            check(not ask(router, "py_" + tool, arguments)["done"],
                  "%s %s succeeded" % (tool, arguments))
        check(ask(router, "js_connect", {"port": port})["outcome"] != "connected", "node connected")
        router.close()
    finally:
        for each in listeners:
            each.close()


@case("with \"net\": true a server reaches the host's port")
def _():
    listener = Listener(socket.AF_INET, ("127.0.0.1", 0))
    try:
        router = opened(python_server({"net": True}))
        found = ask(router, "py_connect_tcp", {"port": listener.socket.getsockname()[1]})
        equal(found.get("text"), "hello", str(found))
        router.close()
    finally:
        listener.close()


@case("the environment holds what is named and nothing else, literally")
def _():
    mcp.needs_plain_keeper()
    named = {"NAMED": "x = y\n", "CUT": "a # b", "SPACES": "a  b ", "QUOTES": "\"'`$HOME ${x} \\",
             "EMPTY": "", "LONG": "x" * 20000, "UNICODE": "naïve ☃"}
    environment = dict(os.environ, E2E_PASSED="passed", E2E_SECRET=SECRET)
    router = opened(python_server(env={**named, "QUOTES": "\"'`$$HOME $${x} \\"},
                                  env_passthrough=["E2E_PASSED"]),
                    node_server(), environment=environment)
    for tool, wanted in (("py_identity", {**named, "E2E_PASSED": "passed"}), ("js_identity", {})):
        found = ask(router, tool)["environment"]
        extra = set(found) - set(wanted) - {"PATH", "HOME", "LANG", "LC_CTYPE"}
        check(not extra, "%s finds %s" % (tool, sorted(extra)))
        equal({name: found.get(name) for name in wanted}, wanted)
    router.close()


@case("LD_PRELOAD and PATH of a server's env are not those of a program outside")
def _():
    needs_firejail()
    if not shutil.which("gcc"):
        raise Skip("there is no compiler")
    folder, witness = mcp.scratch("preload"), mcp.scratch("witness", 0o777)
    (folder / "trap").mkdir(mode=0o755)
    source = mcp.write(folder / "preload.c", PRELOAD % witness)
    library = folder / "preload.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    library.chmod(0o755)
    for name in ("firejail", "jauauth-keeper", "python3", "env", "sh"):
        trap = folder / "trap" / name
        trap.write_text("#!/bin/sh\ntouch %s/trapped-%s\n" % (witness, name))
        trap.chmod(0o755)
    wanted = {"LD_PRELOAD": str(library), "PATH": "%s/trap:/usr/bin" % folder,
              "LD_LIBRARY_PATH": str(folder), "BASH_ENV": "/x", "ENV": "/x"}
    router = opened(python_server({"read_only_paths": [str(folder)]}, env=wanted))
    found = ask(router, "py_identity")["environment"]
    equal({name: found.get(name) for name in wanted}, wanted)
    router.close()
    equal(sorted(os.listdir(witness)), [], "what ran outside the sandbox")


@case("a value that only firejail's own environment could carry is refused where it would obey it")
def _():
    refused(python_server(env={"LD_PRELOAD": "/a  /b"}), "LD_PRELOAD", "obey")
    refused(python_server(env={"SHELL": "/bin/zsh"}), "SHELL")


@case("no process of the host is seen or met")
def _():
    router = opened(python_server())
    found = ask(router, "py_list_processes", {"containing": ""})
    check(len(found["processes"]) < 8, "%d processes are seen" % len(found["processes"]))
    for pid in (os.getpid(), router.pid):
        if pid > 100:
            check(not ask(router, "py_signal_process", {"pid": pid})["done"], "a signal arrived")
            check(not ask(router, "py_read_environment", {"pid": pid})["done"], "environ was read")
    router.close()


@case("files of the host are not there, system folders cannot be written")
def _():
    folder = system_folder()
    mcp.write(folder / "canary", "x")
    router = opened(python_server())
    canary = mcp.write(mcp.scratch("canary") / "canary", "x")
    for path in (str(canary), str(folder / "canary"), "/etc/shadow", "/root/.bashrc",
                 os.path.expanduser("~/.bashrc") if not mcp.ROOT else "/root/.profile",
                 str(router.servers_file), str(router.host_file), "/proc/1/root/etc/shadow"):
        found = ask(router, "py_read_file", {"path": path})
        # Of a private home firejail itself writes the account's .bashrc anew.
        check(not found["done"] or path.endswith("/.bashrc"), "%s was read" % path)
    for path in ("/usr/e2e-canary", "/etc/e2e-canary", "/e2e-canary", "/var/e2e-canary",
                 "/run/e2e-canary", "/proc/sys/kernel/core_pattern", "/opt/e2e-canary",
                 str(mcp.servers_folder() / "e2e-canary")):
        found = ask(router, "py_write_file", {"path": path})
        check(not found["done"] or not path.startswith("/proc"), "%s was written" % path)
        check(not path.endswith("e2e-canary") or not os.path.exists(path), "%s is there" % path)
    for place in ("/tmp", "/dev/shm", "/var/tmp"):
        ask(router, "py_write_file", {"path": place + "/e2e-canary-%s" % SECRET})
        check(not os.path.exists(place + "/e2e-canary-%s" % SECRET), "%s is the host's" % place)
    router.close()


@case("no privileges: no capability, no new ones, a seccomp filter, no user namespace")
def _():
    router = opened(python_server())
    found = ask(router, "py_identity")
    equal(int(found["capabilities"], 16), 0)
    equal(int(found["bounding"], 16), 0, "the bounding set")
    equal(found["no_new_privileges"], "1")
    equal(found["seccomp"], "2")
    equal([each for each in found["descriptors"] if each > 2], [], "inherited descriptors")
    check(not ask(router, "py_become_root_of_a_namespace")["done"], "a user namespace opened")
    router.close()


@case("whitelist_paths can be changed, read_only_paths cannot, what is beside them is not there")
def _():
    folder = system_folder()
    work, shown = folder / "work", folder / "shown"
    for each in (work, shown):
        each.mkdir(mode=0o755)
    mcp.give_to_account(work)
    mcp.write(shown / "file", "in the path").chmod(0o666)
    mcp.write(folder / "beside", "x")
    router = opened(python_server({"whitelist_paths": [str(work)],
                                   "read_only_paths": [str(shown)]}))
    equal(ask(router, "py_read_file", {"path": str(shown / "file")}).get("text"), "in the path")
    check(not ask(router, "py_write_file", {"path": str(shown / "file")})["done"], "it was written")
    check(ask(router, "py_write_file", {"path": str(work / "made")})["done"], "work: not writable")
    check((work / "made").exists(), "it did not arrive")
    check(not ask(router, "py_read_file", {"path": str(folder / "beside")})["done"], "beside")
    router.close()


@case("a path in both lists is an error, one below the other is read-only")
def _():
    folder = system_folder()
    below = folder / "below"
    below.mkdir()
    for each in (folder, below):
        mcp.give_to_account(each)
    refused(python_server({"whitelist_paths": [str(folder)], "read_only_paths": [str(folder)]}),
            str(folder), "two different mounts")
    router = opened(python_server({"whitelist_paths": [str(folder)],
                                   "read_only_paths": [str(below)]},
                                  allow_swappable=[str(below)]))
    check(ask(router, "py_write_file", {"path": str(folder / "made")})["done"], "above")
    check(not ask(router, "py_write_file", {"path": str(below / "made")})["done"], "below")
    router.close()


@case("missing, too wide and unusual paths are errors that name them")
def _():
    folder = system_folder()
    for path, words in (("/var/tmp/e2e-missing", "does not exist"), ("/srv", "/srv"),
                        ("/root/x", "/root/x")):
        refused(python_server({"whitelist_paths": [path]}), path, words)
    odd = folder / "a,b"
    odd.mkdir()
    refused(python_server({"whitelist_paths": [str(odd)]}), "a,b")


@case("a program or a path that the sandbox hides is an error with the line that shows it")
def _():
    needs_firejail()
    script = str(mcp.servers_folder() / "probe.py")
    server = {"id": "py", "command": mcp.outside_program("python3"), "args": [script],
              "sandbox": {"strategy": {"firejail": {}}}}
    refused(server, script, '"read_only_paths": ["%s"]' % mcp.servers_folder())


@case("extra_args: what repeats the plan merges, unknown flags need the host file, some never pass")
def _():
    same = ["--nosound", "--no3d", "--nodvd", "--notv", "--nou2f", "--novideo", "--machine-id",
            "--disable-mnt", "--net=none", "--seccomp", "--caps.drop=all", "--noinput"]
    router = opened(python_server({"extra_args": same}))
    check(ask(router, "py_identity")["seccomp"] == "2", "no filter")
    router.close()
    refused(python_server({"extra_args": ["--keep-dev-shm"]}), "--keep-dev-shm", "allow_flags")
    for flag in ("--ignore=net", "--join=1", "--output=/tmp/x", "--env=A=b"):
        refused(python_server({"extra_args": [flag]}), flag.split("=")[0], "never passed on")
    allowed = 'plugins = { firejail = { allow_flags = [ "--keep-dev-shm" ]; }; };'
    router = opened(python_server({"extra_args": ["--keep-dev-shm"]}), host=allowed)
    check(ask(router, "py_identity")["uid"] != 0, "root")
    status, out, err = mcp.run(["explain", "py", "--servers", router.servers_file, "--config",
                                router.host_file])
    equal(status, 0, out + err)
    contains(out, "--keep-dev-shm")
    router.close()


@case("limits for each process arrive inside")
def _():
    router = opened(python_server(
        memory_limit="512m", pids_limit=60, open_files_limit=128, file_size_limit="1m",
        accept_partial=["memory_limit", "pids_limit", "cpu_limit"]))
    limits = ask(router, "py_identity")["limits"]
    equal(limits["core"], [0, 0])
    equal(limits["nofile"], [128, 128])
    equal(limits["fsize"], [1048576, 1048576])
    router.close()


@case("work_dir is where the server starts, a folder that is not there is an error")
def _():
    folder = system_folder()
    router = opened(python_server({"read_only_paths": [str(folder)]}, work_dir=str(folder)))
    equal(ask(router, "py_identity")["directory"], str(folder))
    router.close()
    refused(python_server(work_dir="/data/e2e/none"), "/data/e2e/none")


@case("a secret is on no command line, in no other environment, in no log")
def _():
    mark = mcp.new_mark()
    values = {"KEY": SECRET, "BY_NAME": SECRET + "\n#"}
    router = opened(marked_server("one", mark, env=values), marked_server("two", mark),
                    options=["--log-level", "debug"])
    found = dict(ask(router, "one_environment")["environment"])
    equal({name: found.get(name) for name in values}, values)
    wanted = SECRET.encode()
    for pid in mcp.all_processes():
        check(wanted not in mcp.command_line(pid), "on the command line of %d" % pid)
    check(SECRET not in str(ask(router, "two_environment")), "another server has it")
    router.close()
    check(SECRET not in router.log_text(), "in the log")
    status, out, err = mcp.run(["explain", "one", "--json", "--servers", router.servers_file,
                                "--config", router.host_file])
    equal(status, 0, out + err)
    check(SECRET not in out + err, "in explain")


@case("a firejail inside a firejail, which would protect nothing, is refused")
def _():
    needs_firejail()
    identity = {"user": ACCOUNT.pw_uid, "group": ACCOUNT.pw_gid, "extra_groups": []}
    done = subprocess.run(
        ["firejail", "--quiet", "--noprofile", mcp.JAUAUTH, "plugins", "show", "firejail",
         "--json"], stdin=subprocess.DEVNULL, capture_output=True, timeout=mcp.WAIT,
        env={"HOME": "/tmp", "PATH": "/usr/local/bin:/usr/bin:/bin",
             "JAUAUTH_BUILD": str(mcp.BUILD)}, **(identity if mcp.ROOT else {}))
    if b'"probe"' not in done.stdout:
        raise Skip("jauauth does not run inside firejail here: %s" % done.stderr.decode()[:200])
    probe = json.loads(done.stdout)["probe"]
    equal(probe["state"], "unavailable")
    equal(probe["findings"][0]["code"], "engine-nested")


@case("an interface of its own is refused where firejail.config keeps it for root")
def _():
    needs_firejail()
    try:
        with open("/etc/firejail/firejail.config", encoding="utf-8") as file:
            restricted = any(line.split() == ["restricted-network", "yes"] for line in file)
    except OSError:
        restricted = False
    if not restricted:
        raise Skip("firejail.config does not restrict networks here")
    refused(python_server({"net": "br0"}), "restricted-network yes")


@case("nothing of firejail's own comes between the protocol's lines")
def _():
    router = opened(node_server(), python_server())
    for _ in range(5):
        ask(router, "js_identity")
        ask(router, "py_identity")
    check("Child process initialized" not in router.log_text(), router.log_text())
    router.close()  # any line that is none of the protocol's is a failure here


@case("as root the server runs under the account, seen from the host")
def _():
    if not mcp.ROOT:
        raise Skip("this is about root")
    mark = mcp.new_mark()
    router = opened(marked_server("one", mark))
    router.list_tools()
    pids = [pid for pid in mcp.marked(mark) if mcp.comm(pid).startswith("python")]
    check(pids, "the server is not found")
    for pid in pids:
        with open("/proc/%d/status" % pid, encoding="utf-8") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        equal(set(status["Uid"].split()), {str(ACCOUNT.pw_uid)}, "uid on the host")
    router.close()


@case("SIGTERM and SIGKILL of the router at any moment leave nothing")
def _():
    needs_firejail()
    begin = time.monotonic()
    started = 0
    for number in range(12):
        mark = mcp.new_mark()
        router = Router([marked_server("one", mark, "ignores-sigterm" if number % 2 else "ok")])
        router.initialize()
        router.start("tools/list")
        if number == 0:
            router.list_tools()
            whole = time.monotonic() - begin
        else:
            time.sleep(whole * number / 10)
        started += any(mcp.comm(pid).startswith("python") for pid in mcp.marked(mark))
        processes = mcp.descendants(router.pid)
        router.process.send_signal(signal.SIGTERM if number % 3 == 0 else signal.SIGKILL)
        router.process.wait(mcp.WAIT)
        mcp.nothing_left(mark, processes)
        router.kill()
    check(started > 0, "no server had started in any try")


@case("how a server ended, and why firejail could not start one, is said")
def _():
    needs_firejail()
    router = opened(marked_server("one", mcp.new_mark()))
    check(router.call("one_exit", {"status": 7}).error, "the call was answered")
    router.logged("one", "the server ended with status 7")
    router.close(status=None)
    # What it has started ends with it.
    mark = mcp.new_mark()
    router = opened(marked_server("one", mark, "forks-child"))
    router.list_tools()
    check(len(mcp.marked(mark)) > 1, "there is no child")
    processes = mcp.descendants(router.pid)
    router.close(status=None)
    mcp.nothing_left(mark, processes)
    # A profile with a command that firejail does not know: only firejail itself can find that.
    folder = mcp.scratch("profile")
    profile = mcp.write(folder / "own.profile", "no-such-command\n")
    refused(python_server({"profile": str(profile)}), "firejail says: Error")


@case("a profile of one's own opens what it names, and cannot take the filter away")
def _():
    folder = mcp.scratch("profile")
    profile = mcp.write(folder / "own.profile", "env FROM_PROFILE=yes\nseccomp.keep read\n")
    router = opened(python_server({"profile": str(profile)}))
    found = ask(router, "py_identity")
    equal(found["environment"].get("FROM_PROFILE"), "yes")
    equal(found["seccomp"], "2")
    equal(int(found["capabilities"], 16), 0)
    check(not ask(router, "py_become_root_of_a_namespace")["done"], "a user namespace opened")
    router.close()


mcp.main()
