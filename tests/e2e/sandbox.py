#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ordinary Node and Python servers find in a bubblewrap sandbox, and what they do not."""

import os
import shutil
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import PRELOAD, Listener, Router, Skip, ask, case, check, equal  # noqa: E402

SECRET = "s3cret-%d-%s" % (os.getpid(), os.urandom(8).hex())
# Where nothing of these is set, a server still has them.
BUILT_IN = {"PATH", "HOME", "LANG"}
# What programs find in their environment although nobody passed it.
OWN = {"PWD", "SHLVL", "_", "LC_CTYPE"}


def needs_bubblewrap():
    if not shutil.which("bwrap"):
        raise Skip("bubblewrap is not installed")
    if mcp.ROOT and not mcp.account_exists():
        raise Skip("root needs the account %s" % mcp.ACCOUNT)


def node():
    return mcp.outside_program("node")


def python_server(**more):
    return mcp.program("py", [mcp.outside_program("python3"),
                              str(mcp.servers_folder() / "probe.py")],
                       strategy="bubblewrap", **more)


def node_server(**more):
    return mcp.program("js", [node(), str(mcp.servers_folder() / "node.mjs")],
                       strategy="bubblewrap", **more)


def opened(*servers, **more):
    needs_bubblewrap()
    router = Router(list(servers), **more)
    router.initialize()
    return router


@case("a Python server has a home, a user, a group and a folder for temporary files")
def _():
    router = opened(python_server())
    found = ask(router, "py_identity")
    equal(found["home_writable"], True)
    equal(found["temporary_writable"], True)
    for name in ("user", "passwd", "group"):
        check(found[name] and "Error" not in found[name], "%s: %s" % (name, found[name]))
    check(found["uid"] != 0, "it is root inside")
    check(found["directory"].startswith("/"), found["directory"])
    router.close()


@case("a Node server has them too, and caches go into its home")
def _():
    router = opened(node_server())
    found = ask(router, "js_identity")
    equal([found[name] for name in ("home_writable", "cache_writable", "temporary_writable")],
          [True] * 3)
    check(found["user"] and " " not in found["user"], "os.userInfo(): %s" % found["user"])
    router.close()


@case("no network: no interface but the loopback, no host port, no abstract or path socket")
def _():
    listeners = [Listener(socket.AF_INET, ("127.0.0.1", 0))]
    abstract = "e2e-%s" % os.urandom(6).hex()
    listeners.append(Listener(socket.AF_UNIX, "\0" + abstract))
    path = mcp.scratch("socket") / "s"
    listeners.append(Listener(socket.AF_UNIX, str(path)))
    path.chmod(0o777)
    port = listeners[0].socket.getsockname()[1]
    try:
        router = opened(python_server(), node_server())
        equal(ask(router, "py_identity")["interfaces"], ["lo"])
        check(set(ask(router, "js_identity")["interfaces"]) <= {"lo"}, "Node sees interfaces")
        for tool, arguments in (("connect_tcp", {"port": port}),
                                ("connect_unix", {"path": "@" + abstract}),
                                ("connect_unix", {"path": str(path)}), ("route_out", {})):
            found = ask(router, "py_" + tool, arguments)
            check(not found["done"], "%s %s succeeded" % (tool, arguments))
        check(ask(router, "js_connect", {"port": port})["outcome"] != "connected", "node connected")
        router.close()
    finally:
        for each in listeners:
            each.close()


@case("with \"network\": true a server reaches the host's port")
def _():
    listener = Listener(socket.AF_INET, ("127.0.0.1", 0))
    try:
        router = opened(python_server(request={"network": True}))
        found = ask(router, "py_connect_tcp", {"port": listener.socket.getsockname()[1]})
        equal(found.get("text"), "hello", str(found))
        for path in ("/etc/hosts", "/etc/nsswitch.conf"):
            check(ask(router, "py_read_file", {"path": path})["done"], path)
        router.close()
    finally:
        listener.close()


@case("the environment holds what is named and nothing else")
def _():
    environment = dict(os.environ, E2E_PASSED="passed", E2E_SECRET=SECRET)
    router = opened(python_server(env={"NAMED": "x = y\n"},
                                  request={"env_passthrough": ["E2E_PASSED"]}),
                    node_server(), environment=environment)
    for tool, named in (("py_identity", {"NAMED": "x = y\n", "E2E_PASSED": "passed"}),
                        ("js_identity", {})):
        found = ask(router, tool)["environment"]
        extra = set(found) - set(named) - BUILT_IN - OWN - {"TMPDIR", "USER", "LOGNAME", "SHELL",
                                                            "TZ"}
        check(not extra, "%s finds %s" % (tool, sorted(extra)))
        equal({name: found.get(name) for name in named}, named)
        check(BUILT_IN <= set(found), "missing: %s" % (BUILT_IN - set(found)))
    check(SECRET not in str(ask(router, "py_read_environment", {"pid": 1})),
          "the router's environment is that of process 1")
    router.close()


@case("no process of the host is seen or met")
def _():
    router = opened(python_server())
    mine = os.getpid()
    found = ask(router, "py_list_processes", {"containing": ""})
    check(len(found["processes"]) < 8, "%d processes are seen" % len(found["processes"]))
    check(not ask(router, "py_list_processes", {"containing": "sandbox.py"})["done"],
          "this test is seen")
    for pid in (mine, router.pid):
        if pid > 100:
            check(not ask(router, "py_signal_process", {"pid": pid})["done"], "a signal arrived")
            check(not ask(router, "py_read_environment", {"pid": pid})["done"], "environ was read")
    router.close()


@case("files of the host are not there, system folders cannot be written")
def _():
    router = opened(python_server())
    canary = mcp.write(mcp.scratch("canary") / "canary", "x")
    for path in (str(canary), os.path.expanduser("~/.bashrc"), "/etc/shadow", "/root/.bashrc",
                 str(router.servers_file), str(router.host_file), "/proc/1/root/etc/shadow"):
        check(not ask(router, "py_read_file", {"path": path})["done"], "%s was read" % path)
    for path in ("/usr/e2e-canary", "/etc/e2e-canary", "/e2e-canary", "/bin/e2e-canary",
                 "/dev/e2e-canary", "/proc/sys/kernel/core_pattern",
                 str(mcp.servers_folder() / "e2e-canary")):
        found = ask(router, "py_write_file", {"path": path})
        check(not found["done"], "%s was written" % path)
        check(not path.endswith("e2e-canary") or not os.path.exists(path), path)
    for folder in ("/tmp", "/dev/shm", "/var/tmp"):
        ask(router, "py_write_file", {"path": folder + "/e2e-canary-%s" % SECRET})
        check(not os.path.exists(folder + "/e2e-canary-%s" % SECRET), "%s is the host's" % folder)
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


@case("as root the server runs under the account, seen from the host")
def _():
    if not mcp.ROOT:
        raise Skip("this is about root")
    import pwd
    mark = mcp.new_mark()
    router = opened(mcp.server("one", strategy="bubblewrap", mark=mark))
    router.list_tools()
    wanted = pwd.getpwnam(mcp.ACCOUNT)
    pids = [pid for pid in mcp.marked(mark) if mcp.comm(pid).startswith("python")]
    check(pids, "the server is not found")
    for pid in pids:
        with open("/proc/%d/status" % pid, encoding="utf-8") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        equal(set(status["Uid"].split()), {str(wanted.pw_uid)}, "uid on the host")
        equal(set(status["Gid"].split()), {str(wanted.pw_gid)}, "gid on the host")
    router.close()


@case("LD_PRELOAD and PATH of a server's env are not those of a program outside")
def _():
    needs_bubblewrap()
    if not shutil.which("gcc"):
        raise Skip("there is no compiler")
    folder = mcp.scratch("preload")
    witness = mcp.scratch("witness", 0o777)
    (folder / "trap").mkdir(mode=0o755)
    source = mcp.write(folder / "preload.c", PRELOAD % witness)
    library = folder / "preload.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    library.chmod(0o755)
    for name in ("bwrap", "jauauth-keeper", "python3"):
        trap = folder / "trap" / name
        trap.write_text("#!/bin/sh\ntouch %s/trapped-%s\n" % (witness, name))
        trap.chmod(0o755)
    router = opened(mcp.server(
        "one", strategy="bubblewrap",
        request={"mounts": ["%s:%s:ro" % (folder, folder)]},
        env={"LD_PRELOAD": str(library), "PATH": "%s/trap:/usr/bin" % folder,
             "LD_LIBRARY_PATH": str(folder), "BASH_ENV": "/x", "LD_AUDIT": str(library)}))
    found = dict(ask(router, "one_environment")["environment"])
    equal(found.get("LD_PRELOAD"), str(library), "the server's own LD_PRELOAD")
    router.close()
    equal(sorted(os.listdir(witness)), [], "what ran outside the sandbox")


@case("a secret is on no command line, in no other environment, in no log")
def _():
    mark = mcp.new_mark()
    router = opened(mcp.server("one", strategy="bubblewrap", mark=mark, env={"KEY": SECRET}),
                    mcp.server("two", strategy="bubblewrap", mark=mark),
                    options=["--log-level", "debug"])
    found = dict(ask(router, "one_environment")["environment"])
    equal(found["KEY"], SECRET)
    wanted = SECRET.encode()
    for pid in mcp.all_processes():
        check(wanted not in mcp.command_line(pid), "on the command line of %d: %s" % (
            pid, mcp.command_line(pid)))
    holders = []
    for pid in [pid for pid, _ in mcp.descendants(router.pid)]:
        try:
            with open("/proc/%d/environ" % pid, "rb") as file:
                if wanted in file.read():
                    holders.append(mcp.comm(pid))
        except OSError:
            pass
    check(all(name.startswith("python") for name in holders), "in the environment of %s" % holders)
    check(SECRET not in str(ask(router, "two_environment")), "another server has it")
    router.close()
    check(SECRET not in router.log_text(), "in the log")
    for options in ((), ("--json",)):
        status, out, err = mcp.run(["explain", "one", "--servers", router.servers_file,
                                    "--config", router.host_file, *options])
        equal(status, 0, out + err)
        check(SECRET not in out + err, "in explain")


@case("home is empty at each start, or kept where the file says so")
def _():
    host = 'state_directory = "%s";' % mcp.scratch("state")
    identifier = "keep%s" % os.urandom(4).hex()
    found = {}
    for word in ("empty", "keep"):
        for turn in range(2):
            entry = python_server(request={"home": word})
            entry["id"] = identifier
            router = opened(entry, host=host)
            path = ask(router, identifier + "_identity")["home"] + "/note"
            found[word, turn] = ask(router, identifier + "_read_file", {"path": path})["done"]
            check(ask(router, identifier + "_write_file", {"path": path})["done"], "home")
            router.close()
    equal(found, {("empty", 0): False, ("empty", 1): False, ("keep", 0): False,
                  ("keep", 1): True})


@case("work_dir and temp_dir are where the file says")
def _():
    router = opened(python_server(request={"work_dir": "/data/here", "temp_dir": "/scratch"}))
    found = ask(router, "py_identity")
    equal(found["directory"], "/data/here")
    check(ask(router, "py_write_file", {"path": "/scratch/x"})["done"], "temp_dir is not writable")
    equal(found["temporary"], "/scratch", "tempfile.gettempdir()")
    router.close()


@case("mounts show what they name, read-only or writable")
def _():
    shown = mcp.scratch("shown")
    mcp.write(shown / "file", "in the mount")
    (shown / "file").chmod(0o666)
    work = mcp.give_to_account(mcp.scratch("work"))
    router = opened(python_server(request={"mounts": [
        "%s:/data:ro" % shown, "%s:/out" % work]}))
    equal(ask(router, "py_read_file", {"path": "/data/file"}).get("text"), "in the mount")
    check(not ask(router, "py_write_file", {"path": "/data/file"})["done"], "it was written")
    check(ask(router, "py_write_file", {"path": "/out/made"})["done"], "it could not be written")
    check((work / "made").exists(), "it did not arrive")
    check(not ask(router, "py_write_file", {"path": "/made"})["done"], "/ was written")
    router.close()


@case("limits for each process arrive inside")
def _():
    router = opened(python_server(request={
        "memory_limit": "256m", "pids_limit": 60, "open_files_limit": 128, "file_size_limit": "1m",
        "accept_partial": ["memory_limit", "pids_limit", "cpu_limit"]}))
    limits = ask(router, "py_identity")["limits"]
    equal(limits["core"], [0, 0])
    equal(limits["nofile"], [128, 128])
    equal(limits["fsize"], [1048576, 1048576])
    router.close()


mcp.main()
