#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a crash leaves is known, shown by ps, and removed by the next router or by reap."""

import json
import os
import pathlib
import signal
import stat
import subprocess
import sys

sys.dont_write_bytecode = True
import engine  # noqa: E402
import mcp  # noqa: E402
from engine import Engine  # noqa: E402
from mcp import Router, case, check, contains, equal  # noqa: E402

KEEPER = "jauauth-keeper"
BOOT = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class House:
    """A state directory with the routers that use it."""

    def __init__(self):
        self.state = mcp.scratch("state")
        self.journals = self.state / "journal"
        self.conf = mcp.write(mcp.scratch("conf") / "jauauth.conf", self.host())

    def host(self):
        return 'state_directory = "%s";\n' % self.state

    def router(self, servers, ready=True, **more):
        made = Router(servers, host=self.host(), options=engine.options(), **more)
        if ready:
            made.initialize()
            made.list_tools()
        return made

    def run(self, *arguments, plugins=True):
        return mcp.run([*arguments, "--config", self.conf,
                        *(engine.options() if plugins else ())])

    def ps(self, **more):
        status, out, errors = self.run("ps", "--json", **more)
        equal(status, 0, errors)
        return json.loads(out)["servers"]

    def reap(self, left, **more):
        """Runs reap, which must leave so many; what it says of each entry."""
        status, out, errors = self.run("reap", "--json", **more)
        found = json.loads(out)
        equal((status, found["left"]), (1 if left else 0, left), out + errors)
        return found["entries"]

    def entries(self):
        return [path for path in self.journals.glob("*/*") if not path.name.startswith(".")]

    def entry(self):
        found = self.entries()
        equal(len(found), 1, "entries")
        return found[0]


def keepers(router):
    return [each[0] for each in mcp.descendants(router.pid) if mcp.comm(each[0]) == KEEPER]


def crash(router):
    """Kills the router and its keepers before any of them can do something about it."""
    doomed = keepers(router)
    check(doomed, "there is no keeper")
    for pid in doomed:
        os.kill(pid, signal.SIGSTOP)
    router.process.kill()
    router.process.wait()
    for pid in doomed:
        os.kill(pid, signal.SIGKILL)
    mcp.eventually(lambda: not any(mcp.command_line(pid) for pid in doomed))


def crashed(house, holder, mark):
    """A router with one server in the engine, which has crashed; the server lives."""
    router = house.router([holder.server("one", "ignores-sigterm", mark=mark)])
    crash(router)
    # The front dies with the keeper, the server does not.
    mcp.eventually(lambda: len(mcp.marked(mark)) == 1)
    equal(len(mcp.marked(mark)), 1, "processes of the server")
    equal(len(holder.names()), 1, "names that the engine holds")


def gone(house, holder, mark):
    mcp.nothing_left(mark)
    equal(holder.names(), [], "names that the engine holds")
    equal(house.entries(), [], "entries")


# --- ps ----------------------------------------------------------------------------------------

@case("ps shows what runs, what it uses, and that nothing runs afterwards")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    router = house.router([mcp.server("own", mark=mark, strategy=mcp.a_strategy()),
                           holder.server("held", mark=mark)])
    rows = {row["id"]: row for row in house.ps()}
    equal(sorted(rows), ["held", "own"])
    for row in rows.values():
        equal(row["state"], "running")
        equal((row["router"], row["restarts"], row["reason"]), (router.pid, 0, None))
        check(row["pid"] in mcp.all_processes(), "no process %s" % row["pid"])
        check(row["memory_bytes"] > 1 << 20, "memory %s" % row["memory_bytes"])
        check(row["cpu_seconds"] >= 0 and row["uptime_seconds"] >= 0, str(row))
        check(isinstance(row["cpu_percent"], float) and row["cpu_percent"] >= 0, str(row))
    check(rows["held"]["pid"] in mcp.marked(mark), "that is not the server's process")
    equal(rows["held"]["strategy"], "holder")
    status, out, _ = house.run("ps")
    equal(status, 0)
    contains(out, "SERVER", "RESTARTS", "running", str(rows["held"]["pid"]))
    router.close()
    equal(house.ps(), [])
    equal(list(house.journals.iterdir()), [], "journals")


def own_groups():
    """New control groups below this process's, for memory and processor time (version 1)."""
    mine = dict(line.rstrip("\n").split(":", 2)[1:] for line in open("/proc/self/cgroup"))
    made = []
    for controller in ("memory", "cpuacct"):
        above = pathlib.Path("/sys/fs/cgroup/%s%s" % (controller, mine.get(controller, "")))
        group = above / ("e2e-%d" % os.getpid())
        try:
            group.mkdir()
            made.append(group)
            (group / "memory.usage_in_bytes" if controller == "memory" else
             group / "cpuacct.usage").read_text()
        except OSError as reason:
            for each in made:
                each.rmdir()
            raise mcp.Skip("no control group of version 1 can be made: %s" % reason) from None
    return made


@case("ps shows what the control group of an engine's process uses")
def _():
    groups = own_groups()
    house, holder = House(), Engine()
    for group in groups:
        (group / "cgroup.procs").write_text(str(holder.process.pid))
    router = house.router([holder.server("one")])
    usage = groups[0] / "memory.usage_in_bytes"
    low, row, high = int(usage.read_text()), house.ps()[0], int(usage.read_text())
    check(low * 0.9 <= row["memory_bytes"] <= high * 1.1,
          "%s is not between %d and %d" % (row["memory_bytes"], low, high))
    check(0 < row["cpu_seconds"] <= int((groups[1] / "cpuacct.usage").read_text()) / 1e9,
          "processor time %s" % row["cpu_seconds"])
    router.close()
    holder.kill()
    for group in groups:
        mcp.eventually(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


@case("ps shows servers that have ended too often, and why")
def _():
    house = House()
    router = house.router([mcp.server("good"), mcp.server("bad", "exits-at-once")], ready=False)
    router.initialize()
    mcp.eventually(lambda: sorted(row["state"] for row in house.ps()) == ["parked", "running"])
    bad = [row for row in house.ps() if row["id"] == "bad"][0]
    equal((bad["state"], bad["pid"]), ("parked", None))
    check(bad["reason"], "no reason")
    contains(house.run("ps")[1], "bad: " + bad["reason"])
    router.close()


@case("ps --watch goes on until its reader has gone")
def _():
    house = House()
    watching = subprocess.Popen([mcp.JAUAUTH, "ps", "--watch", "--config", str(house.conf)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    mcp.end_later(watching)
    for _ in range(2):
        contains(watching.stdout.readline(), "SERVER")
    watching.stdout.close()
    contains(watching.communicate(timeout=mcp.WAIT)[1], "Broken pipe")


# --- What is written ---------------------------------------------------------------------------

@case("the journal holds no command and no secret, and is nobody else's to read")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    secret = "s" + os.urandom(8).hex()
    router = house.router([holder.server("one", mark=mark, env={"KEY": secret})])
    paths = [house.journals, *house.journals.glob("**/*")]
    check(len(paths) >= 6, "files: %s" % paths)
    for path in paths:
        found = path.stat()
        equal(stat.S_IMODE(found.st_mode), 0o700 if path.is_dir() else 0o600, str(path))
        text = "" if path.is_dir() else path.read_text()
        check(secret not in text and mark not in text and "python" not in text, text)
    entry = json.loads(house.entry().read_text())
    equal(entry["keep"], {"socket": holder.socket})
    equal((entry["server"], entry["plugin"], entry["boot"]), ("one", "holder", BOOT))
    equal(entry["keeper"]["pid"], keepers(router)[0])
    check("process" not in entry, "the engine's process is not ours to kill")
    router.close()


@case("without a journal nothing is started that could outlive a crash")
def _():
    holder = Engine()
    host = 'state_directory = "%s/state";\n' % mcp.write(mcp.scratch("file") / "file", "")
    router = Router([mcp.server("own"), holder.server("held")], host=host,
                    options=engine.options())
    router.initialize()
    check("own_echo" in router.list_tools(), "the other server does not run")
    router.logged("no journal is written", "could outlive a crash")
    equal(holder.names(), [])
    router.close()


@case("a folder of journals that others can write is not used")
def _():
    house = House()
    house.journals.mkdir(0o700)
    house.journals.chmod(0o777)
    router = house.router([mcp.server("one")])
    router.logged("no journal is written")
    router.close()
    status, _, errors = house.run("ps")
    equal(status, 1)
    contains(errors, str(house.journals))
    house.journals.rmdir()
    house.journals.symlink_to(mcp.scratch("elsewhere"))
    equal(house.run("reap")[0], 1)


# --- Crashes -----------------------------------------------------------------------------------

@case("what a crash of router and keeper leaves is shown, and the next router removes it")
def _():
    house, holder, mark, other = House(), Engine(), mcp.new_mark(), mcp.new_mark()
    crashed(house, holder, mark)
    rows = house.ps()
    equal([(row["id"], row["state"], row["strategy"]) for row in rows],
          [("one", "left-over", "holder")])
    contains(rows[0]["reason"], "jauauth reap")
    router = house.router([mcp.server("two", mark=other)])
    mcp.nothing_left(mark)
    mcp.eventually(lambda: not holder.names() and len(house.entries()) == 1)
    equal([row["id"] for row in house.ps()], ["two"])
    router.close()
    gone(house, holder, other)


@case("reap removes it now, and says so")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    crashed(house, holder, mark)
    name = house.entry().name
    found = house.reap(0)
    equal([(each["instance"], each["id"], each["outcome"]) for each in found],
          [(name, "one", "removed")])
    gone(house, holder, mark)
    equal(list(house.journals.iterdir()), [], "journals")
    status, out, _ = house.run("reap")
    equal((status, out), (0, "nothing is left over\n"))


@case("a keeper alone removes what its router left")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    router = house.router([holder.server("one", "ignores-sigterm", mark=mark)])
    router.process.kill()
    router.process.wait()
    mcp.nothing_left(mark)
    mcp.eventually(lambda: not house.entries(), mcp.GONE)
    gone(house, holder, mark)
    equal(house.ps(), [])


@case("a router removes what its keeper left")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    # Lazy, so that it is not started again and has an entry again before anybody looks.
    router = house.router([{**holder.server("one", "ignores-sigterm", mark=mark), "start": "lazy"}])
    os.kill(keepers(router)[0], signal.SIGKILL)
    mcp.nothing_left(mark)
    mcp.eventually(lambda: not house.entries())
    gone(house, holder, mark)
    router.close()


@case("an engine that does not answer keeps the entry, until it answers")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    crashed(house, holder, mark)
    os.kill(holder.process.pid, signal.SIGSTOP)
    found = house.reap(1)
    equal(found[0]["outcome"], "stays")
    contains(found[0]["reason"], "took too long")
    contains(house.ps()[0]["reason"], "took too long")
    status, out, _ = house.run("reap")
    equal(status, 1)
    contains(out, "stays", "of the server one", "took too long")
    os.kill(holder.process.pid, signal.SIGCONT)
    house.reap(0)
    gone(house, holder, mark)


@case("what a router could not remove at its own end is left over, with the reason")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    router = house.router([holder.server("one", "ignores-sigterm", mark=mark)])
    os.kill(holder.process.pid, signal.SIGSTOP)
    router.close()
    equal([row["state"] for row in house.ps()], ["left-over"])
    os.kill(holder.process.pid, signal.SIGCONT)
    house.reap(0)
    gone(house, holder, mark)


@case("a living router tries again by itself once the engine answers")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    crashed(house, holder, mark)
    os.kill(holder.process.pid, signal.SIGSTOP)
    router = house.router([mcp.server("two")])
    router.logged("is left over")
    os.kill(holder.process.pid, signal.SIGCONT)
    check(mcp.eventually(lambda: not holder.names(), 90 + mcp.WAIT), "it was not removed")
    mcp.nothing_left(mark)
    router.close()


@case("without its plugin an entry stays, and the package is named")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    crashed(house, holder, mark)
    found = house.reap(1, plugins=False)
    contains(found[0]["reason"], '"holder" is not installed')
    contains(found[0]["hint"], "package", "holder")
    contains(house.ps(plugins=False)[0]["reason"], "package", "holder")
    house.reap(0)
    gone(house, holder, mark)


@case("a keeper that is still at work is waited for")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    router = house.router([holder.server("one", "ignores-sigterm", mark=mark)])
    keeper = keepers(router)[0]
    os.kill(keeper, signal.SIGSTOP)
    router.process.kill()
    router.process.wait()
    contains(house.ps()[0]["reason"], "process %d" % keeper)
    contains(house.reap(1)[0]["reason"], "still at work")
    equal(len(holder.names()), 1)
    os.kill(keeper, signal.SIGCONT)
    mcp.nothing_left(mark)
    mcp.eventually(lambda: not house.entries(), mcp.GONE)
    house.reap(0)
    gone(house, holder, mark)


@case("a router that lives, and what it runs, is left alone")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    first = house.router([holder.server("one", mark=mark)])
    second = house.router([holder.server("two", "ignores-sigterm")])
    equal(house.reap(0), [])
    equal(len(house.ps()), 2)
    crash(second)
    equal([each["id"] for each in house.reap(0)], ["two"])
    equal(first.call("one_echo", {"a": 1}).result["structuredContent"], {"a": 1})
    equal(len(mcp.marked(mark)), 2, "processes of the first: front and server")
    first.close()
    gone(house, holder, mark)


@case("reap leaves what another state directory has")
def _():
    house, other, holder, mark = House(), House(), Engine(), mcp.new_mark()
    crashed(house, holder, mark)
    equal(other.reap(0), [])
    equal(len(holder.names()), 1)
    house.reap(0)
    gone(house, holder, mark)


# --- Entries that say something else ------------------------------------------------------------

def start_time(pid):
    return int(pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[19])


def plant(house, holder, text):
    """A journal of a dead router with an entry "planted"; a dict is put over a good one."""
    crashed(house, holder, mcp.new_mark())
    path = house.entry()
    entry = json.loads(path.read_text())
    house.reap(0)
    folder = house.journals / ("a" * 32)
    house.journals.mkdir(0o700, exist_ok=True)
    folder.mkdir(0o700)
    for name in (".router", ".keepers"):
        (folder / name).touch(0o600)
    if isinstance(text, dict):
        entry.pop("keeper", None)
        text = json.dumps({**entry, "instance": "planted", **text})
    (folder / "planted").write_text(text)
    (folder / "planted").chmod(0o600)
    return folder / "planted"


def sleeper():
    process = subprocess.Popen(["sleep", "1000"])
    mcp.end_later(process)
    return process


@case("a recorded process is killed if it is the very one, and else not")
def _():
    for change, dies in ((0, True), (1, False), (None, False)):
        house, holder, process = House(), Engine(), sleeper()
        plant(house, holder, {
            "process": {"pid": process.pid, "start": start_time(process.pid) + (change or 0)},
            "boot": BOOT if change is not None else "00000000-0000-0000-0000-000000000000"})
        house.reap(0)
        if dies:
            equal(process.wait(mcp.WAIT), -signal.SIGKILL)
        else:
            equal(process.poll(), None, "another process was killed")
        mcp.clean_up()


@case("an entry that is damaged, or asks for more, stays and is named")
def _():
    house, holder = House(), Engine()
    path = plant(house, holder, "")
    good = {"version": 1, "instance": "planted", "server": "x", "plugin": "holder", "account": "",
            "user": os.geteuid(), "keep": {}, "boot": BOOT, "machine": ""}
    bad = ["", "{", "[]", "\0", '{"version":1}', "x" * (1 << 17),
           json.dumps({**good, "version": 2}), json.dumps({**good, "argv": ["/bin/sh"]}),
           json.dumps({**good, "instance": "other"}),
           json.dumps({**good, "plugin": "../../evil"}), json.dumps({**good, "user": -1}),
           json.dumps({**good, "keep": {"a": 1}}), json.dumps({**good, "server": "a\0b"}),
           json.dumps({**good, "process": {"pid": 1, "start": 0}}),
           '{"version":1,' + json.dumps(good)[1:]]
    for text in bad:
        path.write_text(text)
        found = house.reap(1)
        contains(found[0]["reason"], "planted")
        contains(found[0]["hint"], str(path))
        contains(house.ps()[0]["reason"], "planted")
        equal(path.read_text(), text, "the entry")
    path.unlink()
    path.symlink_to("/etc/hostname")
    contains(house.reap(1)[0]["reason"], "cannot be read")
    path.unlink()
    path.write_text(json.dumps({**good, "machine": "another"}))
    contains(house.reap(1)[0]["reason"], "another machine")
    path.unlink()
    house.reap(0)
    equal(list(house.journals.iterdir()), [], "journals")


@case("an entry of another account stays")
def _():
    house, holder = House(), Engine()
    plant(house, holder, {"user": 54321, "account": "nobody-of-that-name"})
    contains(house.reap(1)[0]["reason"], "nobody-of-that-name")


@case("a journal that was just being made when its router died is removed")
def _():
    house = House()
    for number, names in enumerate(((), (".router",), (".router", ".keepers", ".servers"))):
        folder = house.journals / (str(number) * 32)
        folder.mkdir(0o700, parents=True)
        house.journals.chmod(0o700)
        for name in names:
            (folder / name).touch(0o600)
    equal(house.reap(0), [])
    equal(list(house.journals.iterdir()), [], "journals")


@case("many routers start at once beside dead ones, and none takes another for dead")
def _():
    house, holder, mark = House(), Engine(), mcp.new_mark()
    crashed(house, holder, mark)
    routers = [house.router([holder.server("r%d" % number)], ready=False) for number in range(6)]
    for number, router in enumerate(routers):
        router.initialize()
        router.list_tools()
        equal(router.call("r%d_echo" % number, {"a": 1}).result["structuredContent"], {"a": 1})
    mcp.nothing_left(mark)
    equal(sorted(row["id"] for row in house.ps()), ["r%d" % number for number in range(6)])
    for router in routers:
        router.close()
    gone(house, holder, mark)
    equal(list(house.journals.iterdir()), [], "journals")


mcp.main()
