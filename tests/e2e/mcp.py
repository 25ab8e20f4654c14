# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: TAP, a strict MCP client over stdio, a router to talk to.

Each test is a program: it finds jauauth through the wrapper at the top of the tree (or $JAUAUTH),
which uses $JAUAUTH_BUILD, and prints TAP. With arguments it runs only the cases whose text holds
one of them.
"""

import atexit
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True

SOURCE = pathlib.Path(os.environ.get("JAUAUTH_SOURCE") or
                      pathlib.Path(__file__).resolve().parent.parent.parent)
BUILD = pathlib.Path(os.environ.get("JAUAUTH_BUILD") or SOURCE / "build")
JAUAUTH = os.environ.get("JAUAUTH") or str(SOURCE / "jauauth")
NODE_PACKAGES = os.environ.get("JAUAUTH_NODE_PACKAGES") or str(SOURCE / "tests" / "node")
os.environ["JAUAUTH_BUILD"] = str(BUILD)

sys.path.insert(0, str(SOURCE / "tests" / "servers"))
from rawjson import member  # noqa: E402

ROOT = os.geteuid() == 0
ACCOUNT = "jauauth-mcp"
# Sanitizers and valgrind make the router slower, never wrong.
SLOWED = bool(os.environ.get("JAUAUTH_WRAP", "").strip() or
              os.environ.get("JAUAUTH_SANITIZED", "").strip())
# Bounds of waits, in seconds: what must happen fails after them, and usually takes milliseconds.
WAIT = 120 if SLOWED else 60
GONE = 20 if SLOWED else 5

REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
LATEST = REVISIONS[-1]


# --- TAP ---------------------------------------------------------------------------------------

class Failure(Exception):
    """Something was not as promised."""


class Skip(Exception):
    """The case cannot run here, and why."""


_cases = []


def case(text):
    """Registers a function as a case with this text."""
    def register(function):
        _cases.append((text, function))
        return function
    return register


def add_case(text, function, *arguments):
    _cases.append((text, lambda: function(*arguments)))


def check(condition, text):
    if not condition:
        raise Failure(text)


def equal(found, expected, text="value"):
    if found != expected:
        raise Failure("%s: found %s, expected %s" % (text, shown(found), shown(expected)))


def contains(text, *fragments):
    for fragment in fragments:
        if fragment not in text:
            raise Failure("%r is not in:\n%s" % (fragment, shown(text)))


def shown(value):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) < 2000 else text[:1000] + " [...] " + text[-900:]


def main(needs_program=True):
    """Runs the cases and ends the program. A case that fails does not stop the others."""
    chosen = [(text, function) for text, function in _cases
              if len(sys.argv) == 1 or any(word in text for word in sys.argv[1:])]
    program = BUILD / "core" / "jauauth"
    if needs_program and "JAUAUTH" not in os.environ and not program.exists():
        print("1..0 # SKIP there is no program %s" % program)
        sys.exit(0)
    print("1..%d" % len(chosen), flush=True)
    failed = False
    for number, (text, function) in enumerate(chosen, 1):
        result, suffix, notes = "ok", "", ""
        try:
            function()
        except Skip as reason:
            suffix = " # SKIP %s" % reason
        except Exception as reason:
            result, failed = "not ok", True
            notes = str(reason) if isinstance(reason, Failure) else traceback.format_exc()
        for line in notes.splitlines():
            print("# " + line)
        print("%s %d - %s%s" % (result, number, text, suffix), flush=True)
        clean_up()
    sys.exit(1 if failed else 0)


# --- Files -------------------------------------------------------------------------------------

_folder = None


def scratch(name=None, mode=0o755):
    """A new folder that every account can enter; removed when the program ends."""
    global _folder
    if _folder is None:
        _folder = pathlib.Path(tempfile.mkdtemp(prefix="e2e-"))
        _folder.chmod(0o755)
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    made = pathlib.Path(tempfile.mkdtemp(prefix=(name or "case") + "-", dir=_folder))
    made.chmod(mode)
    return made


def write(path, text):
    path = pathlib.Path(path)
    path.write_text(text if isinstance(text, str) else json.dumps(text, indent=2))
    path.chmod(0o644)
    return path


_servers = None


def servers_folder():
    """The test servers at a place that the account of the servers can read."""
    global _servers
    if _servers is None:
        _servers = scratch("servers")
        for path in (SOURCE / "tests" / "servers").iterdir():
            if path.suffix in (".py", ".mjs"):
                shutil.copyfile(path, _servers / path.name)
                (_servers / path.name).chmod(0o755)
        # Libtool's wrapper, if there is one, needs the build directory: the program does not.
        for built in (BUILD / "tests" / "servers" / ".libs" / "echo",
                      BUILD / "tests" / "servers" / "echo"):
            if built.exists():
                shutil.copyfile(built, _servers / "echo")
                (_servers / "echo").chmod(0o755)
                break
    return _servers


def give_to_account(path):
    """Makes a folder the servers' own, which they may write."""
    if ROOT:
        shutil.chown(path, ACCOUNT, ACCOUNT)
    return path


def outside_program(name):
    """A program that every account can run: not one of a private home."""
    for folder in ("/usr/local/bin", "/usr/bin", "/bin"):
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    raise Skip("there is no %s in a system folder" % name)


# --- Processes ---------------------------------------------------------------------------------

def _stat(pid):
    """(parent, start time, state) of a process, or None."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
        return int(fields[1]), int(fields[19]), fields[0].decode()
    except (OSError, IndexError):
        return None


def comm(pid):
    try:
        with open("/proc/%d/comm" % pid, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def command_line(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read()
    except OSError:
        return b""


def all_processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def marked(mark):
    """The processes with a text in their command line. A zombie has none."""
    wanted = mark.encode()
    return [pid for pid in all_processes() if pid != os.getpid() and wanted in command_line(pid)]


def descendants(pid):
    """The processes below one, as (pid, start time)."""
    children = {}
    for each in all_processes():
        found = _stat(each)
        if found:
            children.setdefault(found[0], []).append((each, found[1]))
    below, todo = [], [pid]
    while todo:
        for child in children.get(todo.pop(), ()):
            below.append(child)
            todo.append(child[0])
    return below


def alive(process):
    """Whether a (pid, start time) still runs; a zombie does not."""
    found = _stat(process[0])
    return found is not None and found[1] == process[1] and found[2] not in "ZX"


def eventually(what, seconds=WAIT):
    """Waits until `what()` is true; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)


def nothing_left(mark, processes=(), seconds=GONE):
    """Fails if marked processes, or some of those listed, are there after a while."""
    def rest():
        return ([(pid, command_line(pid)) for pid in marked(mark)] +
                [(each[0], command_line(each[0])) for each in processes if alive(each)])
    eventually(lambda: not rest(), seconds)
    check(not rest(), "these processes are left: %s" % rest())


# --- The client --------------------------------------------------------------------------------

class Message:
    """One line that the server wrote."""

    def __init__(self, raw):
        self.raw = raw
        self.text = raw.decode("utf-8")  # strict
        self.value = json.loads(self.text)

    def __getitem__(self, name):
        return self.value[name]

    def get(self, name, default=None):
        return self.value.get(name, default)

    @property
    def error(self):
        return self.value.get("error")

    @property
    def result(self):
        if "result" not in self.value:
            raise Failure("expected a result: %s" % shown(self.text))
        return self.value["result"]

    def part(self, *path):
        """The text of a member, byte for byte."""
        return member(self.text, *path)

    def content(self):
        """The text of a tool's result."""
        return "".join(each.get("text", "") for each in self.result.get("content", []))


def _member_of(text, name):
    """The same for a text that may be no object, or None."""
    return member(text, name) if text and text.startswith("{") else None


class Client:
    """A client that checks what it receives: anything unasked or malformed is a problem."""

    KEPT = 1 << 20  # bytes of stderr that are kept

    def __init__(self, argv, environment=None, directory=None, stderr=None):
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=stderr or subprocess.PIPE, env=environment, cwd=directory)
        self.pid = self.process.pid
        self.lines = queue.Queue()
        self.problems = []
        self.pending = set()    # raw ids of requests without an answer
        self.tokens = set()     # raw progress tokens of requests without an answer
        self.token_of = {}      # raw id -> raw token
        self.optional = set()   # raw ids that may be answered or not
        self.others = []        # notifications, in order
        self.answers = {}       # raw id -> Message, not fetched yet
        self.next_id = 0
        self.writing = threading.Lock()
        self.log = bytearray()
        self.log_bytes = 0
        self.ended = False
        threading.Thread(target=self._read_stdout, daemon=True).start()
        if stderr is None:
            self.log_thread = threading.Thread(target=self._read_stderr, daemon=True)
            self.log_thread.start()
        _open.append(self)

    def _read_stdout(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def _read_stderr(self):
        while True:
            data = self.process.stderr.read1(65536)
            if not data:
                return
            self.log_bytes += len(data)
            self.log += data
            del self.log[:-self.KEPT]

    def logged(self, *fragments):
        """Fails if these texts do not come in the log."""
        eventually(lambda: all(each in self.log_text() for each in fragments), GONE)
        contains(self.log_text(), *fragments)

    def log_text(self):
        return bytes(self.log).decode("utf-8", "backslashreplace")

    # --- Writing ---------------------------------------------------------------------------

    def send_raw(self, data):
        with self.writing:
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def send_text(self, text):
        """Sends a line and remembers the id and progress token that it holds."""
        identifier = member(text, "id")
        if identifier is not None and member(text, "method") is not None:
            self.expect(identifier)
            parameters = member(text, "params")
            meta = _member_of(parameters, "_meta")
            token = _member_of(meta, "progressToken")
            if token is not None:
                self.tokens.add(token)
                self.token_of[identifier] = token
        self.send_raw(text.encode("utf-8", "surrogatepass") + b"\n")
        return identifier

    def expect(self, identifier):
        """Says that an answer to the id with this text is to come."""
        self.pending.add(identifier)

    def may_answer(self, *identifiers):
        """Says that the ids with these texts may be answered, once or more, or not at all."""
        for identifier in identifiers:
            self.pending.discard(identifier)
            self.tokens.discard(self.token_of.pop(identifier, None))
            self.optional.add(identifier)

    def cancel(self, identifier, reason="no longer needed"):
        """Cancels a request; whether it is answered all the same is open."""
        self.send_text('{"jsonrpc":"2.0","method":"notifications/cancelled","params":'
                       '{"requestId":%s,"reason":%s}}' % (identifier, json.dumps(reason)))
        self.may_answer(identifier)

    def send(self, message):
        return self.send_text(json.dumps({"jsonrpc": "2.0", **message}))

    def notify(self, method, params=None):
        self.send({"method": method, **({} if params is None else {"params": params})})

    def start(self, method, params=None):
        """Sends a request; the text of its id."""
        self.next_id += 1
        return self.send({"id": self.next_id, "method": method,
                          **({} if params is None else {"params": params})})

    # --- Reading ---------------------------------------------------------------------------

    def problem(self, text):
        self.problems.append(text)

    def receive(self, seconds=WAIT):
        """The next message, after it was judged; None at the end of the stream."""
        if self.ended:
            return None
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise Failure("nothing came for %d seconds; waiting for %s\n%s" % (
                seconds, sorted(self.pending), shown(self.log_text()))) from None
        if line is None:
            self.ended = True
            return None
        return self._judge(line)

    def _judge(self, line):
        if not line.endswith(b"\n") or line.endswith(b"\r\n"):
            self.problem("a line without a plain newline: %s" % shown(line))
        try:
            message = Message(line.rstrip(b"\r\n"))
        except ValueError as reason:
            self.problem("not a JSON line in UTF-8 (%s): %s" % (reason, shown(line)))
            return Message(b"{}")
        value = message.value
        if not isinstance(value, dict):
            self.problem("not an object: %s" % shown(message.text))
            return Message(b"{}")
        if value.get("jsonrpc") != "2.0":
            self.problem("no jsonrpc 2.0: %s" % shown(message.text))
        if "method" not in value:
            self._judge_answer(message)
        elif "id" in value:
            if value["method"] == "ping":
                self.send_text('{"jsonrpc":"2.0","id":%s,"result":{}}' % message.part("id"))
            else:
                self.problem("a request that nobody may make: %s" % shown(message.text))
        else:
            if value["method"] == "notifications/progress":
                token = message.part("params", "progressToken")
                if token not in self.tokens:
                    self.problem("progress for an unknown token: %s" % shown(message.text))
            self.others.append(message)
        return message

    def _judge_answer(self, message):
        identifier = message.part("id")
        if identifier is None:
            identifier = "none"
        if ("result" in message.value) == ("error" in message.value):
            self.problem("neither result nor error, or both: %s" % shown(message.text))
        if identifier in self.optional:
            return
        if identifier not in self.pending:
            self.problem("an answer to nothing: %s" % shown(message.text))
            return
        self.pending.discard(identifier)
        self.tokens.discard(self.token_of.pop(identifier, None))
        self.answers[identifier] = message

    def answer(self, identifier, seconds=WAIT):
        """The answer to a request, whatever comes before it."""
        end = time.monotonic() + seconds
        while identifier not in self.answers:
            if self.receive(max(0.1, end - time.monotonic())) is None:
                raise Failure("the stream ended before the answer to %s\n%s" % (
                    identifier, shown(self.log_text())))
        return self.answers.pop(identifier)

    def request(self, method, params=None, seconds=WAIT):
        return self.answer(self.start(method, params), seconds)

    def other(self, method, seconds=WAIT):
        """The first notification of this method that was not fetched yet."""
        end = time.monotonic() + seconds
        while True:
            for message in self.others:
                if message["method"] == method:
                    self.others.remove(message)
                    return message
            if self.receive(max(0.1, end - time.monotonic())) is None:
                raise Failure("the stream ended before %s" % method)

    def settle(self, round_trips=2):
        """Receives what is already under way: a ping is answered after it."""
        for _ in range(round_trips):
            self.request("ping")

    # --- The protocol ----------------------------------------------------------------------

    def initialize(self, revision=LATEST, capabilities=None):
        answer = self.request("initialize", {
            "protocolVersion": revision, "capabilities": capabilities or {},
            "clientInfo": {"name": "e2e", "version": "1"}})
        self.notify("notifications/initialized")
        return answer

    def list_tools(self, seconds=WAIT):
        """All tools, page by page, by their name."""
        tools, cursor = {}, None
        while True:
            answer = self.request("tools/list", {} if cursor is None else {"cursor": cursor},
                                  seconds)
            for tool in answer.result["tools"]:
                if tool["name"] in tools:
                    self.problem("the tool %s is listed twice" % tool["name"])
                tools[tool["name"]] = tool
            cursor = answer.result.get("nextCursor")
            if cursor is None:
                return tools

    def start_call(self, tool, arguments=None, token=None):
        params = {"name": tool, "arguments": arguments or {}}
        if token is not None:
            params["_meta"] = {"progressToken": token}
        return self.start("tools/call", params)

    def call(self, tool, arguments=None, token=None, seconds=WAIT):
        return self.answer(self.start_call(tool, arguments, token), seconds)

    # --- The end ---------------------------------------------------------------------------

    def wait(self, seconds=WAIT):
        """Waits for the program's end; its exit status."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure("the program did not end in %d seconds\n%s" % (
                seconds, shown(self.log_text()))) from None
        while self.receive(5) is not None:
            pass
        if hasattr(self, "log_thread"):
            self.log_thread.join(5)
        return status

    def close_input(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def close(self, seconds=WAIT, status=0):
        """Ends the stream as a client does, and checks how the program ends."""
        self.close_input()
        found = self.wait(seconds)
        self.agree()
        if status is not None:
            check(found == status, "exit status %s, expected %s\n%s" % (
                found, status, shown(self.log_text())))
        return found

    def agree(self):
        """Fails if anything received was not as it should be."""
        check(not self.problems, "\n".join(self.problems[:10]))

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                if stream:
                    stream.close()
            except (OSError, ValueError):
                pass


_open = []
_others = []
_marks = []


def end_later(process):
    """Lets a program that is no client be ended with the case."""
    _others.append(process)


def clean_up():
    """Ends what a case left; only processes that it started itself are met."""
    while _open:
        _open.pop().kill()
    while _others:
        other = _others.pop()
        other.kill()
        other.wait()
    if any(marked(mark) for mark in _marks):
        eventually(lambda: not any(marked(mark) for mark in _marks), GONE)
    for mark in _marks:
        for pid in marked(mark):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
    _marks.clear()


# --- The router --------------------------------------------------------------------------------

def new_mark():
    mark = "e2e-%d-%s" % (os.getpid(), os.urandom(6).hex())
    _marks.append(mark)
    return mark


def needs_plain_keeper():
    """A keeper with sanitizers has so much memory mapped that it can take no more once it has set
    a limit of memory for the front, between fork and exec."""
    if os.environ.get("JAUAUTH_SANITIZED", "").strip():
        raise Skip("a keeper with sanitizers cannot limit the memory of a front and go on")


def account_exists():
    import pwd
    try:
        pwd.getpwnam(ACCOUNT)
        return True
    except KeyError:
        return False


def strategies():
    """The strategies that can run several servers here."""
    given = os.environ.get("JAUAUTH_E2E_STRATEGY")
    if given:
        return given.split()
    # Root gives each server without a sandbox an account of its own; the tests have one.
    found = [] if ROOT else ["none"]
    if shutil.which("bwrap") and (not ROOT or account_exists()):
        found.append("bubblewrap")
    return found


def a_strategy():
    found = strategies()
    if not found:
        raise Skip("no strategy can run several servers here")
    return found[0]


def sandbox(strategy, mounts=(), **more):
    """The `sandbox` member of a server."""
    if strategy == "none":
        return {"strategy": "none", **more}
    folder = servers_folder()
    return {"strategy": {strategy: {}},
            "mounts": ["%s:%s:ro" % (folder, folder), *mounts], **more}


def server(identifier, behaviour="ok", *arguments, strategy=None, mark=None, request=None, **more):
    """An entry of a servers file that runs hostile.py."""
    marks = ["--mark", mark] if mark else []
    return {"id": identifier, "command": outside_program("python3"),
            "args": [str(servers_folder() / "hostile.py"), behaviour, *marks, *arguments],
            "sandbox": sandbox(strategy or a_strategy(), **(request or {})), **more}


def program(identifier, argv, strategy=None, request=None, **more):
    """An entry that runs another program of the servers' folder."""
    return {"id": identifier, "command": argv[0], "args": list(argv[1:]),
            "sandbox": sandbox(strategy or a_strategy(), **(request or {})), **more}


class Router(Client):
    """`jauauth serve` with these servers, and a client connected to it."""

    def __init__(self, servers, host="", options=(), environment=None, allow=True, stderr=None,
                 **more):
        self.folder = scratch("router")
        self.servers_file = write(self.folder / "servers.json", {"servers": servers, **more})
        if "state_directory" not in host:
            # One of its own, so that no router of another test clears what this one left.
            host += '\nstate_directory = "%s";\n' % (self.folder / "state")
        self.host_file = write(self.folder / "jauauth.conf", host)
        argv = [JAUAUTH, "serve", "--stdio", "--servers", str(self.servers_file),
                "--config", str(self.host_file), *options]
        if allow:
            argv.append("--allow-unsandboxed")
        super().__init__(argv, environment=environment, stderr=stderr)


def run(arguments, environment=None, data=None, seconds=WAIT):
    """Runs `jauauth ARGUMENTS…` to its end: (status, stdout, stderr)."""
    try:
        done = subprocess.run([JAUAUTH, *map(str, arguments)], input=data or b"",
                              capture_output=True, env=environment, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failure("jauauth %s did not end in %d seconds" % (
            " ".join(map(str, arguments)), seconds)) from None
    return (done.returncode, done.stdout.decode("utf-8", "backslashreplace"),
            done.stderr.decode("utf-8", "backslashreplace"))


def strip_ansi(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


# --- What sandboxes are tested with ------------------------------------------------------------

def ask(router, tool, arguments=None):
    """What a tool of the probing servers found out."""
    return router.call(tool, arguments or {}).result["structuredContent"]


class Listener:
    """Says hello to whoever connects."""

    def __init__(self, family, address):
        self.socket = socket.socket(family)
        self.socket.bind(address)
        self.socket.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"hello")

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


# A library that leaves a file in a folder whenever it is loaded.
PRELOAD = """
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void loaded(void)
{
  char name[128];
  snprintf(name, sizeof name, "%s/loaded-%%d", (int)getpid());
  int file = open(name, O_CREAT | O_WRONLY, 0666);
  if (file >= 0)
    close(file);
}
"""
