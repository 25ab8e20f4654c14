#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Limits of servers whose processes are the router's own, measured from both sides.

Where control groups can be made (root; a delegated group) they must hold for all processes
together, elsewhere each process must be limited, and what does not hold must be said.
"""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Router, Skip, add_case, ask, case, check, contains, equal, \
    eventually  # noqa: E402

GROUPED = ("memory", "cpu", "pids")
WITHOUT = "control_groups = false;\n"
MEGABYTE = 1 << 20


def entry(strategy, **request):
    """A server under any of the strategies whose processes are below the router."""
    folder = mcp.servers_folder()
    box = {"strategy": strategy, **request}
    if strategy == "firejail":
        box["strategy"] = {"firejail": {"read_only_paths": [str(folder)]}}
    elif strategy != "none":
        box["mounts"] = ["%s:%s:ro" % (folder, folder)]
    return {"id": "py", "command": mcp.outside_program("python3"),
            "args": [str(folder / "probe.py")], "sandbox": box}


def needs(strategy):
    mcp.needs_plain_keeper()
    if mcp.ROOT and not mcp.account_exists():
        raise Skip("root needs the account %s" % mcp.ACCOUNT)
    _, out, err = mcp.run(["plugins", "show", strategy, "--json"])
    if not out:
        raise Skip(err.strip())
    if json.loads(out).get("probe", {}).get("state") == "unavailable":
        raise Skip("%s cannot be used here" % strategy)


def files_of(servers, host=""):
    folder = mcp.scratch("limits")
    host += 'allow_unsandboxed = true;\nstate_directory = "%s";\n' % (folder / "state")
    return ["--servers", str(mcp.write(folder / "servers.json", {"servers": servers})),
            "--config", str(mcp.write(folder / "jauauth.conf", host))]


def explained(server, host=""):
    """What `explain` says of the limits: {limit: {…}}, and the groups."""
    status, out, err = mcp.run(["explain", server["id"], "--json", *files_of([server], host)])
    equal(status, 0, err)
    plan = json.loads(out)
    plan = plan.get("plan", plan)
    return {each["limit"]: each for each in plan["limits"]}, plan["control_groups"]


# The kernel counts a process for a moment after its end, and an engine needs some for its start.
PROCESSES = 80


def everything(**changes):
    return {**{"memory_limit": "160m", "cpu_limit": "0.2", "pids_limit": PROCESSES,
               "open_files_limit": 64, "file_size_limit": "4m"}, **changes}


PARTIAL = {"accept_partial": ["memory_limit", "cpu_limit", "pids_limit"]}


def needs_groups(strategy):
    """Skips where no control group can be made; else what `explain` says."""
    needs(strategy)
    limits, groups = explained(entry(strategy, **everything(**PARTIAL)))
    if not groups:
        raise Skip(limits["cpu"]["text"])
    return limits


def group_folders():
    """The control groups of this test's router, wherever they are."""
    return [path for path in glob.glob("/sys/fs/cgroup/**/jauauth-py-*", recursive=True)
            if os.path.isdir(path)]


def nothing_grouped():
    check(eventually(lambda: not group_folders(), mcp.GONE), "left: %s" % group_folders())


def number_in(name, word=None):
    """A number in a file of the server's groups; the first that there is."""
    for folder in group_folders():
        try:
            with open(os.path.join(folder, name), encoding="ascii") as file:
                for line in file:
                    if word is None or line.startswith(word + " "):
                        return int(line.split()[-1])
        except OSError:
            pass
    return None


def started(strategy, host="", **request):
    # A list that does not wait for the server would not have its tools.
    host += "list_wait_ms = %d;\n" % (mcp.WAIT * 1000)
    router = Router([entry(strategy, **request)], host=host)
    router.initialize()
    router.list_tools()
    return router


# --- In a control group ------------------------------------------------------------------------

def memory_of_all_together(strategy):
    limits = needs_groups(strategy)
    equal(limits["memory"]["by"], "cgroup")
    # Each process stays below the limit, and what it fills is not even counted as its own data.
    for limit, least in (("1g", 4), ("160m", 0)):
        router = started(strategy, **everything(memory_limit=limit))
        found = ask(router, "py_use_memory", {"megabytes": 60, "processes": 4})
        if least:
            equal(found["filled"], least, "the same without that limit: %s" % found)
        else:
            check(found["killed"] > 0, "nothing was killed: %s" % found)
            kills = number_in("memory.events", "oom_kill")
            kills = number_in("memory.oom_control", "oom_kill") if kills is None else kills
            check(kills and kills > 0, "the group has counted %s" % kills)
        router.close()
        if not least:
            router.logged("its memory limit was reached", "killed")
    nothing_grouped()


def memory_kill_is_named(strategy):
    needs_groups(strategy)
    router = started(strategy, **everything())
    error = router.call("py_use_memory", {"megabytes": 400}).error
    check(error is not None, "it used more memory than it may")
    contains(error["message"], "memory", "limit")
    router.logged("used more memory than its limit", "its memory limit was reached")
    router.close()
    nothing_grouped()


def processes_of_all(strategy):
    limits = needs_groups(strategy)
    check(limits["pids"]["by"] in ("cgroup", "engine"), "enforced by %s" % limits["pids"])
    router = started(strategy, **everything())
    found = ask(router, "py_make_processes", {"most": 200})
    check(0 < found["made"] < PROCESSES and found["code"] == "EAGAIN", "made: %s" % found)
    router.close()
    nothing_grouped()


def share_of_processors(strategy):
    limits = needs_groups(strategy)
    equal(limits["cpu"]["by"], "cgroup")
    router = started(strategy, **everything())
    found = ask(router, "py_use_processor", {"seconds": 2})
    throttled = number_in("cpu.stat", "nr_throttled")
    check(throttled and throttled > 0, "the group was never throttled: %s" % throttled)
    # Two processes that never wait, at a fifth of one processor.
    check(found["used"] < found["wall"] * 0.4 + 0.3, "it got %s" % found)
    router.close()
    nothing_grouped()


def shown_by_ps(strategy):
    needs_groups(strategy)
    router = started(strategy, **everything(memory_limit="1g"))
    found = ask(router, "py_use_memory", {"megabytes": 100, "processes": 2})
    equal(found["filled"], 2, str(found))
    status, out, err = mcp.run(["ps", "--json", "--config", str(router.host_file)])
    equal(status, 0, err)
    row = json.loads(out)["servers"][0]
    check(row["memory_bytes"] > 0, "no memory: %s" % row)
    # Linux 5.19 brought the peak of version 2.
    if row["memory_peak_bytes"] is not None:
        check(row["memory_peak_bytes"] > 190 * MEGABYTE, "the peak: %s" % row)
    by = {each["limit"]: each["by"] for each in row["limits"]}
    equal(by["memory"], "cgroup")
    equal(by["open_files"] in ("rlimit", "engine"), True, by)
    status, out, err = mcp.run(["ps", "--config", str(router.host_file)])
    contains(out, "PEAK", "LIMITS", "cgroup")
    router.close()


# --- With or without -----------------------------------------------------------------------------

def each_process(strategy, host):
    needs(strategy)
    router = started(strategy, host, **everything(**PARTIAL))
    found = ask(router, "py_write_large_file", {"megabytes": 16})
    equal((found["written"], found["code"]), (4 * MEGABYTE, "EFBIG"))
    found = ask(router, "py_open_many_files", {"most": 1000})
    check(found["opened"] < 64 and found["code"] == "EMFILE", "opened: %s" % found)
    found = ask(router, "py_use_memory", {"megabytes": 400, "processes": 1, "shared": False})
    equal((found["filled"], found["killed"] + found["refused"]), (0, 1), found)
    router.close()


def refused_without_groups(strategy):
    needs(strategy)
    servers = [entry(strategy, **everything())]
    status, _, err = mcp.run(["explain", "py", *files_of(servers, WITHOUT)])
    equal(status, 4, err)
    contains(err, "memory_limit holds in part only", "cpu_limit cannot be enforced",
             "control_groups = false", '"accept_partial": [', '"memory_limit"', '"cpu_limit"')
    limits, groups = explained(entry(strategy, **everything(**PARTIAL)), WITHOUT)
    equal(groups, [])
    equal((limits["memory"]["by"], limits["cpu"]["by"]), ("partial", "none"))
    check(limits["open_files"]["by"] in ("rlimit", "engine"), limits)


for _strategy in ("none", "bubblewrap", "firejail"):
    for _text, _function in (("memory of all processes together", memory_of_all_together),
                             ("a kill for memory is named as such", memory_kill_is_named),
                             ("processes and threads of all together", processes_of_all),
                             ("a share of the processors", share_of_processors),
                             ("ps shows use, peak and who enforces", shown_by_ps),
                             ("without control groups a strict limit is refused",
                              refused_without_groups)):
        add_case("%s: %s" % (_strategy, _text), _function, _strategy)
    add_case("%s: each process is limited" % _strategy, each_process, _strategy, "")
    add_case("%s: each process is limited, without control groups" % _strategy, each_process,
             _strategy, WITHOUT)


# --- Defaults ----------------------------------------------------------------------------------

def some_strategy():
    for strategy in ("bubblewrap", "firejail", "none"):
        try:
            needs(strategy)
            return strategy
        except Skip:
            pass
    raise Skip("no strategy works here")


@case("a server that names no limit has the built-in ones, as far as they go")
def _():
    strategy = some_strategy()
    for host in ("", WITHOUT):
        limits, groups = explained(entry(strategy), host)
        equal(sorted(limits), ["file_size", "memory", "open_files", "pids"])
        equal({each["strict"] for each in limits.values()}, {False})
        if host:
            equal((limits["memory"]["by"], groups), ("partial", []))
    started(strategy, WITHOUT).close()


@case("the host file changes the defaults, and they are strict then")
def _():
    strategy = some_strategy()
    host = 'request = { memory_limit = "300m"; pids_limit = 77; };\n'
    status, _, err = mcp.run(["explain", "py", *files_of([entry(strategy)], WITHOUT + host)])
    equal(status, 4, err)
    contains(err, "memory_limit", '"accept_partial": ["memory_limit"')
    limits, _ = explained(entry(strategy, **PARTIAL), WITHOUT + host)
    equal((limits["memory"]["value"], limits["memory"]["strict"]), (300 * MEGABYTE, True))
    equal(limits["pids"]["value"], 77)


@case("an ordinary user without a group of his own is told what does not hold")
def _():
    strategy = some_strategy()
    if mcp.SLOWED:
        raise Skip("valgrind has no folder for its files under another account")
    server = entry(strategy, **everything(**PARTIAL))
    arguments = files_of([server])
    command = [mcp.JAUAUTH, "explain", "py", *arguments]
    environment = dict(os.environ, HOME="/")
    if mcp.ROOT:
        if not shutil.which("setpriv"):
            raise Skip("there is no setpriv")
        # Below a group that root has made there is none that the account may write to.
        command = [shutil.which("setpriv"), "--reuid", mcp.ACCOUNT, "--regid", mcp.ACCOUNT,
                   "--clear-groups", *command]
        for path in arguments[1::2]:
            shutil.chown(path, mcp.ACCOUNT, mcp.ACCOUNT)
            shutil.chown(os.path.dirname(path), mcp.ACCOUNT, mcp.ACCOUNT)
    elif explained(server)[1]:
        raise Skip("this user has a group of his own")
    done = subprocess.run(command, capture_output=True, env=environment, timeout=mcp.WAIT)
    out, err = done.stdout.decode(), done.stderr.decode()
    if "ermission denied" in err or done.returncode in (126, 127):
        raise Skip("that account cannot run what was built here")
    equal(done.returncode, 0, err)
    contains(out, "# limit memory", "enforced in part", "# limit cpu", "enforced not",
             "no control group is made")


# --- Nothing outlives ----------------------------------------------------------------------------

def killed_with(who):
    strategy = some_strategy()
    needs_groups(strategy)
    router = started(strategy, **everything())
    check(group_folders(), "there is no group")
    status, out, err = mcp.run(["ps", "--json", "--config", str(router.host_file)])
    equal(status, 0, err)
    row = json.loads(out)["servers"][0]
    # All at once, so that none of them can clean up after another.
    victims = [row[each] for each in who]
    for pid in victims:
        os.kill(pid, signal.SIGSTOP)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    if who == ("keeper", "router"):
        time.sleep(0.2)
        status, out, err = mcp.run(["reap", "--config", str(router.host_file)])
        equal(status, 0, out + err)
    nothing_grouped()
    if who == ("keeper",):
        router.close()


@case("what makes processes without end is gone with its router")
def _():
    strategy = some_strategy()
    needs_groups(strategy)
    router = started(strategy, **everything())
    ask(router, "py_make_processes_without_end")
    check(eventually(lambda: (number_in("pids.events", "max") or 0) > 0),
          "the limit of processes was not reached")
    router.process.kill()
    nothing_grouped()


add_case("a killed router leaves no group", killed_with, ("router",))
add_case("a killed keeper leaves no group", killed_with, ("keeper",))
add_case("what a killed router and its keeper leave is swept", killed_with, ("keeper", "router"))

mcp.main()
