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
import os
import pwd
import resource
import signal
import socket
import sys
import tempfile


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
    signal_process, read_environment, become_root_of_a_namespace, identity)}


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
