#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The canary by itself: every attempt where it is open and where it is held, with known results.

It runs as root and as an ordinary user, in nothing but a folder of its own, under raw bwrap, with
limits and under a filter. What a machine cannot show is skipped with the reason.
"""

import ctypes
import errno
import fcntl
import os
import pathlib
import pty
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import (ROOT, Failure, Skip, add_case, alive, case, check, contains, equal,  # noqa: E402
                 eventually, marked, scratch)

BUILT = mcp.BUILD / "sdk" / "canary" / "jauauth-canary"
RANDOM = "0123456789abcdef" * 2
HEAD = "jauauth-canary\t1\nrandom\t%s\n" % RANDOM
USER = 64321 if ROOT else os.getuid()  # nobody else's, so that its processes can be counted
MIB = 1 << 20
LIBC = ctypes.CDLL(None, use_errno=True)
NAMES = re.findall(r'X\(\w+, "([a-z-]+)"',
                   (mcp.SOURCE / "sdk" / "canary" / "canary.h").read_text())

shown_open, shown_held = set(), set()


# --- Running it --------------------------------------------------------------------------------

class Way:
    """How the canary is started."""

    def __init__(self, prefix=(), prepare=None, path=None, **more):
        self.prefix, self.prepare, self.path, self.more = list(prefix), prepare, path, more

    def start(self, canary=None):
        return subprocess.Popen([*self.prefix, str(self.path or canary or planted())],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, preexec_fn=self.prepare, **self.more)

    def on(self, prefix=(), prepare=None, **more):
        """The same with something in front and before it."""
        def both():
            for each in (self.prepare, prepare):
                if each:
                    each()
        return Way([*prefix, *self.prefix], both, self.path, **{**self.more, **more})


_planted = None


def planted():
    """A copy that every account can execute, with a name that is found in a list of processes."""
    global _planted
    if _planted is None:
        _planted = scratch("canary") / ("canary-%d-%s" % (os.getpid(), os.urandom(6).hex()))
        shutil.copyfile(BUILT, _planted)
        _planted.chmod(0o755)
    return _planted


def text_of(attempts):
    return HEAD + "".join("attempt\t%d\t%s\n" % (number, "\t".join(map(str, attempt)))
                          for number, attempt in enumerate(attempts, 1)) + "go\n"


def run(way, attempts):
    """All answers, each as a list of its fields, of a run that ends as it should."""
    process = way.start()
    try:
        out, err = process.communicate(text_of(attempts).encode(), timeout=mcp.WAIT)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failure("the canary did not end") from None
    out, err = out.decode("ascii"), err.decode("utf-8", "replace")
    lines = out.split("\n")
    check(process.returncode == 0, "status %d: %s%s" % (process.returncode, err, out))
    equal(lines[0], "jauauth-canary\t1\t" + RANDOM, "first line")
    equal(lines[-2:], ["end\t" + RANDOM, ""], "last line")
    answers = [line.split("\t") for line in lines[1:-2]]
    equal([answer[0] for answer in answers],
          [str(number) for number in range(1, len(attempts) + 1)], "numbers")
    return [answer[1:] for answer in answers]


def ask(way, *attempt):
    answer = run(way, [attempt])[0]
    if answer[0] == "open":
        shown_open.add(attempt[0])
    elif answer[0] == "held":
        shown_held.add(attempt[0])
    return answer


def is_open(way, *attempt):
    answer = ask(way, *attempt)
    check(answer[0] == "open", "%s is %s" % (attempt, answer))
    return answer


def may_be_open(way, *attempt):
    """Open, unless the machine itself holds it."""
    answer = ask(way, *attempt)
    if answer[0] != "open":
        raise Skip("%s is held here without any sandbox: %s" % (attempt[0], " ".join(answer)))
    return answer


def is_held(way, reasons, *attempt):
    answer = ask(way, *attempt)
    check(answer[0] == "held" and answer[1] in reasons.split(),
          "%s is %s, expected %s" % (attempt, answer, reasons))
    return answer


def value(way, *attempt):
    answer = ask(way, *attempt)
    check(answer[0] == "value" and len(answer) == 2, "%s is %s" % (attempt, answer))
    return answer[1]


# --- Ways to run it ----------------------------------------------------------------------------

def needed(program):
    path = shutil.which(program)
    if path is None:
        raise Skip("there is no " + program)
    return path


PLAIN = Way()


def become_user():
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)


def ordinary():
    return Way(prepare=become_user) if ROOT else Way()


def rooted():
    """The way of root, who is held by nothing but what the machine holds from him."""
    if not ROOT:
        raise Skip("needs root")
    return PLAIN


_bwrap_works = None


def bwrap(*flags):
    """Nothing but the canary, in namespaces of its own."""
    global _bwrap_works
    program = needed("bwrap")
    base = [program, "--unshare-all", "--unshare-user", "--cap-drop", "ALL", "--ro-bind",
            str(planted()), "/canary"]
    if _bwrap_works is None:
        try:
            run(Way([*base, "--"], ordinary().prepare, "/canary"), [])
            _bwrap_works = True
        except Failure as reason:
            _bwrap_works = str(reason)
    if _bwrap_works is not True:
        raise Skip("bwrap does not work here: %s" % _bwrap_works.splitlines()[0])
    return Way([*base, *flags, "--"], ordinary().prepare, "/canary")


def chroot():
    """A folder that holds the canary and nothing else."""
    rooted()
    folder = scratch("root")
    shutil.copyfile(BUILT, folder / "canary")
    (folder / "canary").chmod(0o755)

    def enter():
        os.chroot(folder)
        os.chdir("/")
    return Way(prepare=enter, path="/canary")


def limited(limit, value, way=PLAIN):
    return way.on(prepare=lambda: resource.setrlimit(limit, (value, value)))


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int),
                ("first", ctypes.c_uint64), ("second", ctypes.c_uint64)]


def filtered(name, way=PLAIN, action=0x00050000 | errno.EPERM, argument=None):
    """Under a filter that refuses one system call, or one whose second argument is this."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        raise Skip("there is no libseccomp") from None
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(0x7fff0000)))
    number = library.seccomp_syscall_resolve_name(name.encode())
    comparisons = (Comparison * 1)(Comparison(1, 4, argument or 0, 0))
    status = library.seccomp_rule_add_array(context, ctypes.c_uint32(action), number,
                                            0 if argument is None else 1, comparisons)
    equal(status, 0, "adding a rule for " + name)

    def load():
        if library.seccomp_load(context) != 0:
            os._exit(99)
    return way.on(prepare=load)


class Group:
    """A control group, where this machine lets us make one."""

    def __init__(self, controller, **files):
        rooted()
        root = pathlib.Path("/sys/fs/cgroup")
        try:
            whole = (root / "cgroup.subtree_control").read_text().split()
        except OSError:
            whole = []
        self.folder = (root if controller in whole else root / controller) / planted().name
        try:
            if not self.folder.parent.is_dir():
                raise OSError(errno.ENOENT, "there is no controller " + controller)
            self.folder.mkdir()
            for name, text in files[("v2" if controller in whole else "v1")].items():
                (self.folder / name).write_text(text)
        except OSError as reason:
            raise Skip("no control group of %s can be made: %s" % (controller, reason)) from None

    def __enter__(self):
        return PLAIN.on(prepare=lambda: (self.folder / "cgroup.procs").write_text("0"))

    def __exit__(self, *_):
        eventually(lambda: not (self.folder / "cgroup.procs").read_text(), mcp.GONE)
        self.folder.rmdir()


# --- Network -----------------------------------------------------------------------------------

def listening(family, address):
    listener = socket.socket(family)
    listener.bind(address)
    listener.listen(8)
    return listener


@case("connect-tcp reaches the loopback of the host, and not from a network of its own")
def _():
    with listening(socket.AF_INET, ("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        is_open(PLAIN, "connect-tcp", "127.0.0.1", port)
        is_open(ordinary(), "connect-tcp", "127.0.0.1", port)
        is_held(bwrap(), "ECONNREFUSED ENETUNREACH", "connect-tcp", "127.0.0.1", port)
    is_held(PLAIN, "ECONNREFUSED", "connect-tcp", "127.0.0.1", port)


@case("connect-tcp reaches ::1 where there is one")
def _():
    try:
        listener = listening(socket.AF_INET6, ("::1", 0))
    except OSError as reason:
        raise Skip("no IPv6: %s" % reason) from None
    with listener:
        is_open(PLAIN, "connect-tcp", "::1", listener.getsockname()[1])


@case("route is held without a network")
def _():
    is_held(bwrap(), "ENETUNREACH", "route", "203.0.113.1")
    is_held(filtered("socket"), "EPERM", "route", "203.0.113.1")


@case("route is open where the host has a route")
def _():
    may_be_open(PLAIN, "route", "203.0.113.1")


@case("connect-unix and connect-abstract reach sockets of the host")
def _():
    folder = scratch("sockets")
    with listening(socket.AF_UNIX, str(folder / "socket")), \
            listening(socket.AF_UNIX, "\0" + planted().name):
        (folder / "socket").chmod(0o777)
        is_open(ordinary(), "connect-unix", folder / "socket")
        is_open(ordinary(), "connect-abstract", planted().name)
        is_held(bwrap(), "ENOENT", "connect-unix", folder / "socket")
        is_held(bwrap(), "ECONNREFUSED", "connect-abstract", planted().name)
        # A socket in a folder is reached whatever the network is.
        is_open(bwrap("--bind", str(folder), "/s"), "connect-unix", "/s/socket")


@case("interfaces are named")
def _():
    expected = sorted(name for _, name in socket.if_nameindex())
    equal(sorted(value(PLAIN, "interfaces").split()), expected)
    equal(value(bwrap(), "interfaces"), "lo")
    is_held(filtered("socket"), "EPERM", "interfaces")


# --- Files -------------------------------------------------------------------------------------

@case("read compares, and prints nothing of what is there")
def _():
    path = mcp.write(scratch() / "decoy", "swordfish and more")
    long = mcp.write(scratch() / "long", "x" * 5000)
    is_open(ordinary(), "read", path)
    is_open(PLAIN, "read", path, "swordfish")
    equal(ask(PLAIN, "read", path, "sword-fish"), ["held", "OTHER"])
    equal(ask(PLAIN, "read", path, "swordfish and more, and more"), ["held", "OTHER"])
    is_open(PLAIN, "read", long, "x" * 5000)
    equal(ask(PLAIN, "read", long, "x" * 4999 + "y"), ["held", "OTHER"])
    is_held(bwrap(), "ENOENT", "read", path)
    is_held(PLAIN, "EISDIR", "read", path.parent)


@case("read is held by the rights of a file")
def _():
    if not ROOT:
        raise Skip("needs root")
    path = mcp.write(scratch() / "secret", "swordfish")
    path.chmod(0o600)
    is_open(PLAIN, "read", path, "swordfish")
    is_held(ordinary(), "EACCES", "read", path, "swordfish")


@case("list reads folders")
def _():
    folder = scratch()
    is_open(ordinary(), "list", folder)
    is_open(bwrap(), "list", "/")
    is_held(bwrap(), "ENOENT", "list", folder)
    is_held(PLAIN, "ENOTDIR", "list", planted())


@case("create leaves its file until stdin ends")
def _():
    folder = scratch(mode=0o777)
    process = PLAIN.start()
    process.stdin.write(text_of([["create", folder / "a"], ["create", folder / "a"],
                                 ["create", folder / "b"]]).encode())
    process.stdin.flush()
    lines = [process.stdout.readline().decode() for _ in range(5)]
    equal(lines[1:], ["1\topen\n", "2\theld\tEEXIST\n", "3\topen\n", "end\t%s\n" % RANDOM])
    equal(sorted(os.listdir(folder)), ["a", "b"])
    process.communicate(timeout=mcp.WAIT)
    equal((process.returncode, os.listdir(folder)), (0, []))
    shown_open.add("create")


@case("create removes nothing that it has not made")
def _():
    path = mcp.write(scratch() / "file", "mine")
    is_held(PLAIN, "EEXIST", "create", path)
    link = path.parent / "link"
    link.symlink_to(path.parent / "other")
    is_held(PLAIN, "EEXIST", "create", link)
    check(path.exists() and link.is_symlink(), "a file is gone")


@case("create is held where nothing can be written")
def _():
    is_open(bwrap(), "create", "/file")
    is_held(bwrap("--remount-ro", "/"), "EROFS", "create", "/file")
    is_held(bwrap(), "ENOENT", "create", "/nothing/file")


@case("write opens a file and changes nothing")
def _():
    path = mcp.write(scratch() / "file", "unchanged")
    path.chmod(0o666)
    is_open(ordinary(), "write", path)
    equal(path.read_text(), "unchanged")
    is_held(bwrap("--ro-bind", str(path), "/file"), "EROFS", "write", "/file")
    if ROOT:
        path.chmod(0o644)
        is_held(ordinary(), "EACCES", "write", path)
    is_held(ordinary(), "EACCES EPERM EROFS", "write", "/proc/sys/kernel/core_pattern")


def setuid_copy():
    rooted()
    path = scratch("setuid") / ("setuid-" + planted().name)
    shutil.copyfile(BUILT, path)
    path.chmod(0o4755)
    if os.statvfs(path).f_flag & os.ST_NOSUID:
        raise Skip("the folder for temporary files is mounted without setuid programs")
    return path


@case("execute-setuid is open for an ordinary user, and held by no_new_privs")
def _():
    path = setuid_copy()
    equal(is_open(ordinary(), "execute-setuid", path), ["open", "0"])
    setpriv = needed("setpriv")
    equal(ask(ordinary().on([setpriv, "--no-new-privs", "--"]), "execute-setuid", path),
          ["held", "UNCHANGED"])
    equal(ask(PLAIN, "execute-setuid", path), ["held", "UNCHANGED"])
    path.chmod(0o755)
    equal(ask(ordinary(), "execute-setuid", path), ["held", "UNCHANGED"])


@case("execute-setuid says what cannot be executed")
def _():
    is_held(bwrap(), "ENOENT", "execute-setuid", "/nothing")
    path = mcp.write(scratch() / "text", "no program")
    is_held(ordinary(), "EACCES", "execute-setuid", path)
    path.chmod(0o755)
    is_held(ordinary(), "ENOEXEC", "execute-setuid", path)
    equal(ask(PLAIN, "execute-setuid", mcp.outside_program("true"))[0], "failed")


@case("a setuid copy does nothing else for a user who has fewer rights")
def _():
    path = setuid_copy()
    file = path.parent / "made"
    process = ordinary().start(path)
    out, err = process.communicate(text_of([["create", file]]).encode(), timeout=mcp.WAIT)
    equal((process.returncode, out), (2, b""))
    contains(err.decode(), "more rights")
    check(not file.exists(), "it made a file")


@case("device opens devices")
def _():
    is_open(ordinary(), "device", "/dev/null")
    is_held(bwrap(), "ENOENT", "device", "/dev/null")
    is_open(bwrap("--dev", "/dev"), "device", "/dev/null")


@case("mknod is held from an ordinary user")
def _():
    folder = scratch(mode=0o777)
    is_held(ordinary(), "EPERM", "mknod", folder / "node")
    is_held(bwrap(), "EPERM", "mknod", "/node")
    equal(os.listdir(folder), [])


@case("mknod is open for root, and its node is gone")
def _():
    folder = scratch()
    may_be_open(rooted(), "mknod", folder / "node")
    equal(os.listdir(folder), [])


# --- Environment -------------------------------------------------------------------------------

@case("variable and environment see the own environment")
def _():
    way = Way(env={"MARKER": "swordfish", "OTHER": "x", "ODD NAME": "y"})
    equal(value(way, "environment").split(), ["MARKER", "OTHER", "ODD?NAME"])
    is_open(way, "variable", "MARKER")
    is_held(way, "ENOENT", "variable", "MARK")
    equal(value(Way(env={}), "environment"), "none")
    is_held(Way(env={}), "ENOENT", "variable", "MARKER")
    check("swordfish" not in str(run(way, [["environment"], ["variable", "MARKER"]])), "a value")


@case("a huge environment is cut")
def _():
    way = Way(env={"V%d" % i: "x" for i in range(5000)})
    check(1000 < len(value(way, "environment")) < 4096, "length")


class Sleeper:
    """A process of a user that can be looked at."""

    def __init__(self, way):
        self.process = subprocess.Popen([mcp.outside_program("sleep"), "1000"],
                                        preexec_fn=way.prepare, env={"MARKER": "x", "LAST": ""})
        self.pid = self.process.pid

    def __enter__(self):
        return self.pid

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


@case("environ-of reads the environment of the user's processes")
def _():
    with Sleeper(ordinary()) as pid:
        for name in ((), ("MARKER",), ("LAST",)):
            is_open(ordinary(), "environ-of", pid, *name)
        for name in ("MARK", "x", "MARKER=", ""):
            equal(ask(ordinary(), "environ-of", pid, name), ["held", "OTHER"], name)
        is_held(bwrap(), "ENOENT", "environ-of", pid)
    with Sleeper(PLAIN) as pid:
        if ROOT:
            is_held(ordinary(), "EACCES", "environ-of", pid)


@case("environ-of sees what the first process of a sandbox was given")
def _():
    way = bwrap("--proc", "/proc", "--clearenv")
    way.more["env"] = {"MARKER": "swordfish"}
    is_open(way, "environ-of", 1, "MARKER")
    way.more["env"] = {}
    equal(ask(way, "environ-of", 1, "MARKER"), ["held", "OTHER"])
    equal(ask(way, "environ-of", 1), ["held", "OTHER"])


# --- Processes ---------------------------------------------------------------------------------

@case("processes, see and signal find processes of the host")
def _():
    with Sleeper(ordinary()) as pid:
        check(int(value(PLAIN, "processes")) >= 3, "processes")
        is_open(ordinary(), "see", pid)
        is_open(ordinary(), "signal", pid)
        inside = bwrap("--proc", "/proc")
        equal(value(inside, "processes"), "2")
        is_held(bwrap(), "ENOENT", "processes")
        is_held(inside, "ENOENT", "see", 4000000)
        is_held(inside, "ESRCH", "signal", 4000000)


@case("signal and trace are held from another user's process")
def _():
    rooted()
    with Sleeper(PLAIN) as pid:
        is_held(ordinary(), "EPERM", "signal", pid)
        is_held(ordinary(), "EPERM", "trace", pid)
        is_held(ordinary(), "EPERM", "memory-of", pid)


@case("trace and memory-of are held from where the process is not")
def _():
    is_held(bwrap(), "ESRCH", "trace", 4000000)
    is_held(bwrap(), "ESRCH", "memory-of", 4000000)
    is_held(filtered("ptrace"), "EPERM", "trace", os.getpid())
    is_held(filtered("process_vm_readv"), "EPERM", "memory-of", os.getpid())


@case("trace and memory-of are open for the user's own processes")
def _():
    with Sleeper(ordinary()) as pid:
        for name in ("trace", "memory-of"):
            may_be_open(PLAIN, name, pid)
        check(mcp._stat(pid)[2] == "S", "the traced process was stopped")


# --- What processes share ----------------------------------------------------------------------

@case("shm-key finds System V shared memory of the host")
def _():
    key = int.from_bytes(os.urandom(3), "big") + 0x10000
    identifier = LIBC.shmget(key, 4096, 0o1666)
    if identifier < 0:
        raise Skip("no shared memory can be made: %s" % os.strerror(ctypes.get_errno()))
    try:
        is_open(ordinary(), "shm-key", key)
        is_open(ordinary(), "shm-key", hex(key))
        is_held(bwrap(), "ENOENT", "shm-key", key)
        check(LIBC.shmget(key, 0, 0) == identifier, "the shared memory is gone")
    finally:
        LIBC.shmctl(identifier, 0, None)
    is_held(PLAIN, "ENOENT", "shm-key", key)


def with_key(description):
    """A session keyring with a key, which ends with the process."""
    numbers = {"x86_64": (248, 250), "aarch64": (217, 219)}.get(os.uname().machine)
    if numbers is None:
        raise Skip("the numbers of the system calls are not known")

    def add():
        if LIBC.syscall(numbers[1], 1, None, 0, 0, 0) < 0:
            os._exit(98)
        LIBC.syscall(numbers[0], b"user", description, b"x", ctypes.c_size_t(1), -3)
    return PLAIN.on(prepare=add)


@case("keyring finds a key of the user")
def _():
    name = planted().name
    is_held(PLAIN, "ENOKEY ENOSYS EPERM EACCES", "keyring", name)
    is_held(filtered("request_key"), "EPERM", "keyring", name)
    try:
        answer = ask(with_key(name.encode()), "keyring", name)
    except Failure as reason:
        raise Skip("no key can be made here") if "status 98" in str(reason) else reason
    equal(answer, ["open"])


# --- The kernel --------------------------------------------------------------------------------

def status_of_self():
    with open("/proc/self/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


@case("capabilities are those of the process")
def _():
    own = status_of_self()
    equal(value(PLAIN, "capabilities"), " ".join(own[each] for each in ("CapEff", "CapPrm",
                                                                        "CapBnd")))
    equal(value(bwrap(), "capabilities"), " ".join(["0" * 16] * 3))
    equal(value(ordinary(), "capabilities").split()[:2], ["0" * 16] * 2)
    is_held(filtered("capget"), "EPERM", "capabilities")


@case("no-new-privileges and seccomp are those of the process")
def _():
    own = status_of_self()
    equal(value(PLAIN, "no-new-privileges"), own["NoNewPrivs"])
    equal(value(PLAIN, "seccomp"), own["Seccomp"])
    equal(value(Way([needed("setpriv"), "--no-new-privs", "--"]), "no-new-privileges"), "1")
    equal(value(filtered("reboot"), "seccomp"), "2")
    is_held(filtered("prctl"), "EPERM", "no-new-privileges")
    is_held(filtered("prctl"), "EPERM", "seccomp")


@case("user-namespace is held where none is left")
def _():
    is_held(filtered("unshare"), "EPERM", "user-namespace")
    is_held(bwrap("--disable-userns"), "ENOSPC EPERM", "user-namespace")


@case("user-namespace is open without a sandbox")
def _():
    may_be_open(ordinary(), "user-namespace")


@case("mount is held from an ordinary user")
def _():
    is_held(ordinary(), "EPERM", "mount")
    is_held(bwrap(), "EPERM", "mount")


@case("mount is open for root, and nobody sees it")
def _():
    with open("/proc/self/mounts", encoding="utf-8") as file:
        before = file.read()
        may_be_open(rooted(), "mount")
        file.seek(0)
        equal(file.read(), before)
    equal(ask(filtered("unshare"), "mount")[:1], ["open"])
    with open("/proc/self/mounts", encoding="utf-8") as file:
        equal(file.read(), before)


@case("tiocsti is held by a filter, and failed without a terminal")
def _():
    is_held(filtered("ioctl", argument=termios.TIOCSTI), "EPERM", "tiocsti")
    equal(ask(bwrap(), "tiocsti")[0], "failed")


@case("tiocsti is open without a sandbox")
def _():
    may_be_open(ordinary(), "tiocsti")


def kernel_case(name, call):
    is_held(filtered(call), "EPERM", name)
    equal(ask(filtered(call, action=0x80000000), name), ["held", "SIGSYS"])
    may_be_open(PLAIN, name)


for each, its_call in (("io-uring", "io_uring_setup"), ("bpf", "bpf"), ("perf-event",
                       "perf_event_open"), ("userfaultfd", "userfaultfd"), ("key-add", "add_key")):
    add_case("%s is held by a filter, and open without" % each, kernel_case, each, its_call)


# --- Descriptors, terminal, user ---------------------------------------------------------------

@case("descriptors are those that were open at the start")
def _():
    equal(value(PLAIN, "descriptors"), "none")
    ends = os.pipe()
    folder = os.open("/", os.O_RDONLY)
    try:
        found = value(Way(pass_fds=(*ends, folder)), "descriptors")
        equal(found.split(), sorted("%d:pipe" % end for end in ends) + ["%d:directory" % folder])
        equal(value(Way(pass_fds=(os.open("/dev/null", os.O_RDONLY),)), "descriptors")[-7:],
              ":device")
    finally:
        for descriptor in (*ends, folder):
            os.close(descriptor)


@case("terminal is reached when there is one")
def _():
    is_held(Way(start_new_session=True), "ENXIO", "terminal")
    is_held(bwrap(), "ENOENT", "terminal")
    try:
        master, slave = pty.openpty()
    except OSError as reason:
        raise Skip("there is no pseudo-terminal: %s" % reason) from None
    try:
        way = Way(start_new_session=True, prepare=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0))
        is_open(way, "terminal")
    finally:
        os.close(slave)
        os.close(master)


@case("user is the one inside")
def _():
    equal(value(PLAIN, "user"), "uid=%d gid=%d groups=%s" % (
        os.getuid(), os.getgid(), ",".join(map(str, os.getgroups()))))
    contains(value(bwrap("--uid", "1234", "--gid", "4321"), "user"), "uid=1234 gid=4321 groups=")
    is_held(filtered("getgroups"), "EPERM", "user")


# --- Limits ------------------------------------------------------------------------------------

@case("memory is held by a limit of the process")
def _():
    is_open(PLAIN, "memory", 64 * MIB)
    is_open(PLAIN, "memory-tree", 64 * MIB, 4)
    low = limited(resource.RLIMIT_DATA, 32 * MIB)
    is_held(low, "ENOMEM", "memory", 64 * MIB)
    is_held(low, "ENOMEM", "memory-tree", 256 * MIB, 4)
    # It is the sum that a limit of each process does not hold.
    is_open(low, "memory-tree", 64 * MIB, 4)


@case("memory is held by the limit of a control group")
def _():
    with Group("memory", v1={"memory.limit_in_bytes": str(64 * MIB)},
               v2={"memory.max": str(64 * MIB), "memory.swap.max": "0"}) as way:
        is_open(way, "memory", 16 * MIB)
        equal(ask(way, "memory", 128 * MIB), ["held", "SIGKILL"])
        answer = ask(way, "memory-tree", 128 * MIB, 4)
        check(answer[:2] == ["held", "SIGKILL"] and re.fullmatch("[0-3] of 4 had it", answer[2]),
              str(answer))
        is_open(way, "memory", MIB)


@case("memory that the machine has not is not asked for")
def _():
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    if half > 4 << 30:
        raise Skip("this machine has more memory than is ever used")
    equal(ask(PLAIN, "memory", half + MIB)[0], "failed")


@case("processes-limit counts, and all are gone")
def _():
    equal(value(PLAIN, "processes-limit", 100), "100")
    if not ROOT:
        raise Skip("needs root, who can use a number of which there are no other processes")
    # The kernel takes processes that have ended off its count a little later.
    low = limited(resource.RLIMIT_NPROC, 20, ordinary())
    check(eventually(lambda: ask(low, "processes-limit", 100) == ["value", "18 EAGAIN"], mcp.GONE),
          "the limit does not hold, or never comes free")


@case("processes-limit is held by a control group")
def _():
    with Group("pids", v1={"pids.max": "20"}, v2={"pids.max": "20"}) as way:
        equal(value(way, "processes-limit", 100), "18 EAGAIN")


@case("cpu says how much of the processors it had")
def _():
    passed, used = map(int, value(PLAIN, "cpu", 200, 2).split())
    check(passed >= 200 and 0 < used <= 2 * passed + 50, "%d %d" % (passed, used))


@case("cpu is held by a control group")
def _():
    with Group("cpu", v1={"cpu.cfs_period_us": "20000", "cpu.cfs_quota_us": "2000"},
               v2={"cpu.max": "2000 20000"}) as way:
        passed, used = map(int, value(way, "cpu", 1000, 2).split())
        check(used * 3 < passed, "%d of %d milliseconds" % (used, passed))


@case("file-size is held by a limit")
def _():
    path = scratch(mode=0o777) / "file"
    is_open(PLAIN, "file-size", 200 * MIB, path)
    is_held(limited(resource.RLIMIT_FSIZE, MIB), "EFBIG", "file-size", MIB + 1, path)
    is_open(limited(resource.RLIMIT_FSIZE, MIB), "file-size", MIB, path)
    equal(ask(PLAIN, "file-size", MIB, "/nothing/file"), ["failed", "open: ENOENT"])
    equal(ask(PLAIN, "file-size", MIB, planted()), ["failed", "open: EEXIST"])
    check(planted().exists(), "a file is gone that it has not made")
    equal(os.listdir(path.parent), [])


@case("open-files counts")
def _():
    low = limited(resource.RLIMIT_NOFILE, 32)
    equal(value(PLAIN, "open-files", 50), "50")
    # 0, 1, 2, and the pipe of the answer.
    equal(value(low, "open-files", 100), "28 EMFILE")


@case("disk is held by the size of a file system, and not by that of a file")
def _():
    path = scratch(mode=0o777) / "file"
    equal(value(PLAIN, "disk", 10 * MIB, path), str(10 * MIB))
    equal(value(limited(resource.RLIMIT_FSIZE, MIB), "disk", 10 * MIB, path), str(10 * MIB))
    equal(os.listdir(path.parent), [])
    small = bwrap("--size", str(8 * MIB), "--tmpfs", "/tmp")
    found, reason = value(small, "disk", 64 * MIB, "/tmp/file").split()
    check(int(found) <= 8 * MIB and reason == "ENOSPC", found + reason)
    equal(ask(bwrap("--remount-ro", "/"), "disk", MIB, "/file"), ["failed", "open: EROFS"])


# --- The end -----------------------------------------------------------------------------------

def one_left():
    found = marked(planted().name)
    return [(pid, mcp._stat(pid)[1]) for pid in found if mcp._stat(pid)]


def clear(processes):
    for process in processes:
        if alive(process):
            os.kill(process[0], signal.SIGKILL)


@case("stay outlives the canary, and ends by itself")
def _():
    process = PLAIN.start()
    process.stdin.write(text_of([["stay", 60000], ["user"]]).encode())
    process.stdin.close()
    lines = [process.stdout.readline() for _ in range(4)]
    equal(process.wait(mcp.WAIT), 0)
    left = one_left()
    try:
        equal(lines[1].decode().split("\t")[:2], ["1", "open"])
        equal([pid for pid, _ in left], [int(lines[1].split(b"\t")[2])])
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            os.kill(left[0][0], number)
        os.set_blocking(process.stdout.fileno(), False)
        equal(process.stdout.read(), None, "stdout, which is still held open,")
        check(alive(left[0]), "it did not stay")
    finally:
        clear(left)
    check(eventually(lambda: process.stdout.read() == b"", mcp.GONE), "stdout is still open")
    equal(ask(PLAIN, "stay", 1)[0], "open")
    check(eventually(lambda: not one_left(), mcp.GONE), "it stays longer than its time")


@case("stay ends with a process namespace")
def _():
    is_open(bwrap("--die-with-parent"), "stay", 60000)
    check(eventually(lambda: not one_left(), mcp.GONE), "it outlived its sandbox")


def kill_when(attempts, lines):
    """Kills the canary when it has written as many lines, while the next attempt is made."""
    process = PLAIN.start()
    process.stdin.write(text_of(attempts).encode())
    process.stdin.flush()
    for _ in range(lines):
        process.stdout.readline()
    # Some are over very soon, and then there is nothing that could be left.
    eventually(lambda: len(one_left()) > 1, 1)
    process.kill()
    equal(process.wait(mcp.WAIT), -signal.SIGKILL)
    rest = process.stdout.read()
    process.stdin.close()
    process.stderr.close()
    return rest


@case("nothing of a canary that is killed runs on")
def _():
    folder = scratch()
    for attempt in (["cpu", 5000, 2], ["memory-tree", 2048 * MIB, 4], ["processes-limit", 4096],
                    ["disk", 1024 * MIB, folder / "file"]):
        rest = kill_when([["user"], attempt], 2)
        check(b"end" not in rest or attempt[0] != "cpu", "it says that it has ended")
        check(eventually(lambda: not one_left(), mcp.GONE), "%s left processes" % attempt)
    equal(os.listdir(folder), [])


@case("a killed canary leaves no file but those that were named to it")
def _():
    folder = scratch()
    kill_when([["create", folder / "named"], ["cpu", 5000, 2]], 2)
    equal(os.listdir(folder), ["named"])


@case("a canary whose answers nobody reads undoes what it did and ends")
def _():
    folder = scratch()
    process = PLAIN.start()
    process.stdin.write(text_of([["create", folder / "a"], ["cpu", 500, 1], ["user"]]).encode())
    process.stdin.flush()
    process.stdout.readline()
    process.stdout.readline()
    process.stdout.close()
    equal(process.wait(mcp.WAIT), 1)
    equal(os.listdir(folder), [])
    process.stdin.close()
    process.stderr.close()


# A program that never ends: in place of the setuid copy it is what an attempt waits for.
@case("an attempt that takes too long is killed with all that it has started")
def _():
    script = scratch() / planted().name
    script.write_text("#!%s\n" % mcp.outside_program("sh") + "read line </dev/zero\n")
    script.chmod(0o755)
    equal(run(PLAIN, [["execute-setuid", script], ["user"]])[0], ["timeout"])
    check(not [pid for pid in marked(str(script))], "what it has started is left")


# --- Input -------------------------------------------------------------------------------------

@case("wrong input is refused before anything is done")
def _():
    folder = scratch()
    good = "attempt\t1\tcreate\t%s\n" % (folder / "file")
    for text in ("", "go\n", HEAD, HEAD + good, HEAD + good + "go", HEAD + good + "attempt\t1\n",
                 HEAD + good + "\ngo\n", HEAD + good + good + "go\n",
                 HEAD + good + "attempt\tx\tuser\ngo\n", HEAD + good + "attempt\t2\t\0\ngo\n",
                 "jauauth-canary\t2\n" + HEAD + good + "go\n", good + "go\n",
                 HEAD + good + "x" * 70000 + "\ngo\n"):
        process = PLAIN.start()
        out, err = process.communicate(text.encode(), timeout=mcp.WAIT)
        equal((process.returncode, out), (2, b""), mcp.shown(text))
        check(err.startswith(b"jauauth-canary: ") and err.count(b"\n") == 1, str(err))
        equal(os.listdir(folder), [])


@case("attempts that cannot be made are failed, and the others are made")
def _():
    attempts = [["no-such"], ["read"], ["read", "a", "b", "c"], ["user", "x"],
                ["connect-tcp", "localhost", 80], ["connect-tcp", "127.0.0.1", 0],
                ["connect-tcp", "127.0.0.1", 65536], ["route", "1.2.3"], ["signal", 0],
                ["signal", -1], ["signal", "1x"], ["signal", 2147483648], ["memory", 0],
                ["memory", (4 << 30) + 1], ["memory", "1e9"], ["memory", "99999999999999999999"],
                ["memory-tree", MIB, 65], ["processes-limit", 4097], ["cpu", 10001, 1],
                ["cpu", 5001, 2], ["cpu", 1, 0], ["open-files", 1048577], ["stay", 60001],
                ["shm-key", "0x"], ["connect-unix", "x" * 108], ["connect-unix", ""],
                ["", "x"], ["disk", (4 << 30) + 1, "/tmp/x"]]
    answers = run(PLAIN, [*attempts, ["user"]])
    for attempt, answer in zip(attempts, answers):
        check(answer[0] == "failed" and len(answer) == 2, "%s is %s" % (attempt, answer))
    equal(answers[-1][0], "value")


@case("its arguments are refused but one")
def _():
    for arguments, status in ((["euid"], 0), (["x"], 2), (["euid", "x"], 2), (["--help"], 2)):
        done = subprocess.run([planted(), *arguments], input=b"", capture_output=True,
                              timeout=mcp.WAIT)
        equal((done.returncode, done.stdout),
              (status, b"%d\n" % os.geteuid() if status == 0 else b""))


# --- Where nothing else is ---------------------------------------------------------------------

def everything():
    """An attempt of each name."""
    arguments = {"connect-tcp": ["127.0.0.1", 9], "route": ["203.0.113.1"],
                 "connect-unix": ["/s"], "connect-abstract": ["s"], "read": ["/canary"],
                 "list": ["/"], "create": ["/file"], "write": ["/file"],
                 "execute-setuid": ["/nothing"], "device": ["/dev/null"], "mknod": ["/node"],
                 "variable": ["X"], "environ-of": [1], "see": [1], "signal": [1], "trace": [1],
                 "memory-of": [1], "shm-key": [4711], "keyring": ["x"], "memory": [MIB],
                 "memory-tree": [MIB, 2], "processes-limit": [10], "cpu": [10, 1],
                 "file-size": [MIB, "/large"], "open-files": [10], "disk": [MIB, "/large"],
                 "stay": [1]}
    return [[name, *arguments.get(name, [])] for name in NAMES]


@case("it runs where nothing else is")
def _():
    for way in (bwrap(), chroot() if ROOT else bwrap("--remount-ro", "/")):
        attempts = everything()
        for attempt, answer in zip(attempts, run(way, attempts)):
            check(answer[0] in ("open", "held", "value") or attempt[0] in
                  ("tiocsti", "file-size", "disk"), "%s is %s" % (attempt, answer))


@case("in an empty folder of root it leaves nothing but itself")
def _():
    way = chroot()
    folder = None
    for cell in way.prepare.__closure__ or ():
        for inner in getattr(cell.cell_contents, "__closure__", None) or ():
            folder = inner.cell_contents
        if isinstance(cell.cell_contents, pathlib.Path):
            folder = cell.cell_contents
    run(way, everything())
    equal(os.listdir(folder), ["canary"])


def shared_memory():
    with open("/proc/sysvipc/shm", encoding="ascii") as file:
        return [line.split()[1] for line in file]


@case("no file, process, shared memory or key is left")
def _():
    folder = scratch()
    named = {"create": "a", "mknod": "b", "file-size": "c", "disk": "d"}
    attempts = [[folder / named[each[0]] if str(part).startswith("/") and each[0] in named
                 else part for part in each] for each in everything()]
    memory = shared_memory()
    run(PLAIN, attempts)
    equal(os.listdir(folder), [])
    equal(shared_memory(), memory)
    check(eventually(lambda: not one_left(), mcp.GONE), "processes are left")
    if os.path.exists("/proc/keys"):
        # The kernel collects the keys of ended processes a little later.
        keys = pathlib.Path("/proc/keys")
        check(eventually(lambda: "jauauth-canary" not in keys.read_text(), mcp.GONE),
              "a key is left")


@case("each attempt was seen open and held, but for those that this machine does not show")
def _():
    values = {"interfaces", "environment", "processes", "capabilities", "no-new-privileges",
              "seccomp", "descriptors", "user", "processes-limit", "cpu", "open-files", "disk"}
    if len(sys.argv) > 1:
        raise Skip("only some cases were run")
    open_missing = [name for name in NAMES if name not in shown_open | values]
    held_missing = [name for name in NAMES if name not in shown_held | values | {"stay"}]
    if open_missing or held_missing:
        raise Skip("not seen open: %s; not seen held: %s" % (
            " ".join(open_missing) or "none", " ".join(held_missing) or "none"))


if not BUILT.exists():
    print("1..0 # SKIP there is no program %s" % BUILT)
    sys.exit(0)
mcp.main(needs_program=False)
