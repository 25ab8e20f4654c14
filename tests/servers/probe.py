#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An MCP server whose tools try what a sandbox should prevent, and report what happened.

It applies no rule of its own: what it cannot do, something around it has prevented. Each tool
answers {"done": true, …} or {"done": false, "error": "ENOENT"}.
"""

import errno
import getpass
import grp
import json
import mmap
import os
import pwd
import resource
import select
import signal
import socket
import sys
import tempfile
import time


def read_file(path):
    with open(path, "rb") as file:
        return {"text": file.read(65536).decode("utf-8", "replace")}


def write_file(path, text="written by the probe\n"):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return {}


def list_directory(path):
    return {"names": sorted(os.listdir(path))}


def connect_tcp(port, host="127.0.0.1"):
    with socket.create_connection((host, port), 5) as connection:
        return {"text": connection.recv(1000).decode("utf-8", "replace")}


def connect_unix(path):
    """A path, or a name that begins with @ for the abstract namespace."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect("\0" + path[1:] if path.startswith("@") else path)
        return {"text": connection.recv(1000).decode("utf-8", "replace")}


def route_out():
    """Asks for a route to a documentation address; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("203.0.113.1", 9))
        return {"text": "there is a route"}


def command_line(pid):
    try:
        with open("/proc/%s/cmdline" % pid, "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def list_processes(containing=""):
    """The processes whose command line holds a text; without any it is ESRCH."""
    found = [{"pid": int(pid), "command": command_line(pid)}
             for pid in os.listdir("/proc") if pid.isdigit()]
    found = [each for each in found if containing in each["command"]]
    if not found:
        raise ProcessLookupError(errno.ESRCH, "no such process")
    return {"processes": found}


def signal_process(pid, number=0):
    os.kill(pid, number)
    return {}


def read_environment(pid):
    with open("/proc/%d/environ" % pid, "rb") as file:
        return {"text": file.read().replace(b"\0", b"\n").decode("utf-8", "replace")}


def become_root_of_a_namespace():
    """A new user namespace, from which much of the kernel can be reached."""
    import ctypes
    child = os.fork()
    if child == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        os._exit(0 if libc.unshare(0x10000000) == 0 else ctypes.get_errno())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise OSError(status, "unshare")
    return {}


def use_memory(megabytes, processes=0, shared=True):
    """Fills memory, here or in so many processes at once; shared memory is not a process's data."""
    def fill():
        flags = mmap.MAP_ANONYMOUS | (mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE)
        room = mmap.mmap(-1, megabytes << 20, flags)
        for at in range(0, megabytes << 20, 4096):
            room[at] = 1
        return room
    if processes == 0:
        fill()
        return {"filled": 1}
    children, (ready, done) = [], os.pipe()
    for _ in range(processes):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                kept = fill()
                os.write(done, b".")
                status = 0
                signal.pause()
            finally:
                os._exit(status if "kept" not in locals() else 0)
        children.append(child)
    os.close(done)
    # Each writes a byte or ends; who ends closes its end.
    filled, killed, refused = 0, 0, 0
    while filled + killed + refused < processes:
        if select.select([ready], [], [], 0.05)[0]:
            filled += len(os.read(ready, processes))
        for child in list(children):
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                children.remove(child)
                killed += os.WIFSIGNALED(status)
                refused += os.WIFEXITED(status)
        filled = min(filled, processes - killed - refused)
    os.close(ready)
    return {"filled": filled, "refused": refused, "killed": killed + end(children)}


def end(children):
    """Ends children; how many of them had been killed already."""
    killed = 0
    for child in children:
        pid, _ = os.waitpid(child, os.WNOHANG)
        killed += pid != 0
        if not pid:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return killed


def make_processes(most):
    """Makes processes until there can be no more."""
    children = []
    code = None
    try:
        while len(children) < most:
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    except OSError as reason:
        code = errno.errorcode.get(reason.errno)
    end(children)
    return {"made": len(children), "code": code}


def make_processes_without_end():
    """Begins a tree of processes, each of which makes others for as long as it can."""
    if os.fork() == 0:
        os.setsid()
        while True:
            try:
                os.fork()
            except OSError:
                pass
    return {}


def use_processor(seconds, processes=2):
    """Keeps processors busy for a while; the processor time that it got."""
    start, before = time.monotonic(), os.times()
    children = []
    for _ in range(processes):
        child = os.fork()
        if child == 0:
            while time.monotonic() < start + seconds:
                pass
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    after = os.times()
    return {"wall": time.monotonic() - start,
            "used": after.children_user + after.children_system -
            before.children_user - before.children_system}


def write_large_file(megabytes, path="large"):
    """Writes a file until it may not grow; nothing of it stays."""
    written = 0
    code = None
    path = os.path.join(tempfile.gettempdir(), path)
    with open(path, "wb", buffering=0) as file:
        os.unlink(path)
        try:
            while written < megabytes << 20:
                written += file.write(bytes(65536))
        except OSError as reason:
            code = errno.errorcode.get(reason.errno)
    return {"written": written, "code": code}


def open_many_files(most):
    """Opens files until there can be no more."""
    opened = []
    code = None
    try:
        while len(opened) < most:
            opened.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as reason:
        code = errno.errorcode.get(reason.errno)
    for each in opened:
        os.close(each)
    return {"opened": len(opened), "code": code}


def attempt(what):
    try:
        return what()
    except Exception as reason:  # what fails is the answer
        return "%s: %s" % (type(reason).__name__, reason)


def write_into(folder):
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(b"x")
    return True


def identity():
    """Who and where this process is."""
    with open("/proc/self/status", encoding="utf-8") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    open_files = [int(each) for each in os.listdir("/proc/self/fd")]
    return {
        "pid": os.getpid(), "uid": os.getuid(), "gid": os.getgid(),
        "user": attempt(getpass.getuser),
        "passwd": attempt(lambda: pwd.getpwuid(os.getuid()).pw_name),
        "group": attempt(lambda: grp.getgrgid(os.getgid()).gr_name),
        "home": os.path.expanduser("~"),
        "home_writable": attempt(lambda: write_into(os.path.expanduser("~"))),
        "temporary": tempfile.gettempdir(),
        "temporary_writable": attempt(lambda: write_into(tempfile.gettempdir())),
        "directory": os.getcwd(),
        "host": socket.gethostname(),
        "environment": dict(os.environ),
        "descriptors": [each for each in open_files if os.path.exists("/proc/self/fd/%d" % each)],
        "interfaces": attempt(lambda: [name for _, name in socket.if_nameindex()]),
        "capabilities": status.get("CapEff"), "bounding": status.get("CapBnd"),
        "no_new_privileges": status.get("NoNewPrivs"), "seccomp": status.get("Seccomp"),
        "session": os.getsid(0) == os.getpid() or os.getsid(0),
        "ignored_signals": [each.name for each in signal.Signals
                            if each not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE)
                            and signal.getsignal(each) == signal.SIG_IGN],
        "limits": {name[7:].lower(): resource.getrlimit(getattr(resource, name))
                   for name in dir(resource) if name.startswith("RLIMIT_")},
    }


TOOLS = {each.__name__: each for each in (
    read_file, write_file, list_directory, connect_tcp, connect_unix, route_out, list_processes,
    signal_process, read_environment, become_root_of_a_namespace, identity, use_memory,
    make_processes, make_processes_without_end, use_processor, write_large_file, open_many_files)}


def call(name, arguments):
    try:
        result = {"done": True, **TOOLS[name](**arguments)}
    except OSError as reason:
        code = errno.errorcode.get(reason.errno, "EAGAIN" if reason.errno is None else "?")
        result = {"done": False, "error": code}
    return {"content": [{"type": "text", "text": json.dumps(result)}],
            "structuredContent": result, "isError": not result["done"]}


def answer(message):
    method, params = message["method"], message.get("params", {})
    if method == "initialize":
        return {"result": {"protocolVersion": params["protocolVersion"],
                           "capabilities": {"tools": {}},
                           "serverInfo": {"name": "probe", "version": "1"}}}
    if method == "ping":
        return {"result": {}}
    if method == "tools/list":
        return {"result": {"tools": [
            {"name": name, "description": (tool.__doc__ or name.replace("_", " ")).split("\n")[0],
             "inputSchema": {"type": "object"}} for name, tool in TOOLS.items()]}}
    if method == "tools/call" and params.get("name") in TOOLS:
        try:
            return {"result": call(params["name"], params.get("arguments", {}))}
        except Exception as reason:
            return {"error": {"code": -32603, "message": repr(reason)}}
    return {"error": {"code": -32601, "message": "Method not found"}}


def main():
    # readline, because iterating would wait for a full buffer.
    for line in iter(sys.stdin.readline, ""):
        message = json.loads(line)
        if "id" in message and "method" in message:
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer(message)}),
                  flush=True)


if __name__ == "__main__":
    main()
