#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An MCP server over stdio that behaves as its argument says: well, or badly in one way.

usage: hostile.py BEHAVIOUR [--delay MS] [--until FILE] [--revision DATE] [--mark TEXT]
                  [--tool NAME]...

All but those that are bad from the start offer the same tools; the tool `misbehave` sets off what
the behaviour is named after. `hostile.py --list` prints the behaviours.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
from rawjson import member  # noqa: E402

REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
HUNDRED_MEGABYTES = 100 * 1000 * 1000
LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")


def schema(**properties):
    return {"type": "object", "properties": properties}


NUMBER = {"type": "integer"}
TOOLS = {
    "echo": ("returns its arguments, byte for byte", schema()),
    "wait": ("answers after some milliseconds", schema(milliseconds=NUMBER)),
    "progress": ("reports progress, then answers", schema(count=NUMBER, pause=NUMBER)),
    "logs": ("sends one log message of each level", schema()),
    "change": ("adds a tool and says that the list has changed", schema(times=NUMBER)),
    "ask": ("asks the client for things and reports the answers", schema()),
    "environment": ("returns its environment", schema()),
    "limits": ("returns its resource limits", schema()),
    "seen": ("returns the lines that it has received", schema()),
    "fail": ("answers with a JSON-RPC error", schema(code=NUMBER)),
    "refuse": ("answers with a result that is an error", schema()),
    "exit": ("ends at once", schema(status=NUMBER)),
    "stderr": ("writes a text to standard error", schema(text={"type": "string"})),
    "misbehave": ("does what the server is here for", schema()),
}


class Server:
    """The well-behaved server; a behaviour replaces single methods."""

    in_turn = False  # calls run one after the other, not side by side

    def __init__(self, options):
        self.options = options
        self.tools = dict(TOOLS)
        for name in options.tool:
            self.tools[name] = ("an extra tool", schema())
        self.lock = threading.Lock()
        self.seen = []
        self.cancelled = {}
        self.answers = {}
        self.answered = threading.Condition()
        self.asked = 0

    # --- Writing ---------------------------------------------------------------------------

    def write(self, data):
        with self.lock:
            while data:
                data = data[os.write(1, data):]

    def send_text(self, text):
        self.write(text.encode("utf-8", "surrogatepass") + b"\n")

    def send(self, message):
        self.send_text(json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")))

    def notify(self, method, params=None):
        self.send({"method": method, **({"params": params} if params is not None else {})})

    def result(self, identifier, text):
        """Answers with `text`, the JSON of a result."""
        self.send_text('{"jsonrpc":"2.0","id":%s,"result":%s}' % (identifier, text))

    def error(self, identifier, code, text):
        self.send_text('{"jsonrpc":"2.0","id":%s,"error":%s}'
                       % (identifier, json.dumps({"code": code, "message": text})))

    def content(self, identifier, text, structured=None):
        result = {"content": [{"type": "text", "text": text}]}
        if structured is not None:
            result["structuredContent"] = structured
        self.result(identifier, json.dumps(result))

    # --- Reading ---------------------------------------------------------------------------

    def run(self):
        self.start()
        for line in sys.stdin.buffer:
            text = line.decode("utf-8")
            if text.strip():
                self.seen.append(text.rstrip("\r\n"))
                del self.seen[:-1000]
                self.receive(text)
        self.finish()

    def start(self):
        pass

    def finish(self):
        pass

    def receive(self, text):
        message = json.loads(text)
        method = message.get("method")
        if method is None:
            with self.answered:
                self.answers[message.get("id")] = message
                self.answered.notify_all()
        elif "id" not in message:
            self.notification(method, message.get("params", {}))
        else:
            identifier = member(text, "id")
            params = message.get("params", {})
            if method == "initialize":
                self.initialize(identifier, params)
            elif method == "ping":
                self.result(identifier, "{}")
            elif method == "tools/list":
                self.list(identifier, params)
            elif method == "logging/setLevel":
                self.result(identifier, "{}")
            elif method == "tools/call" and self.in_turn:
                self.call(identifier, params, text)
            elif method == "tools/call":
                threading.Thread(target=self.call, daemon=True,
                                 args=(identifier, params, text)).start()
            else:
                self.error(identifier, -32601, "Method not found: " + method)

    def notification(self, method, params):
        if method == "notifications/cancelled":
            self.cancelled[json.dumps(params.get("requestId"))] = params.get("reason")

    def initialize(self, identifier, params):
        revision = self.options.revision or params.get("protocolVersion")
        if revision not in REVISIONS:
            revision = REVISIONS[-1]
        time.sleep(self.options.delay / 1000)
        while self.options.until and not os.path.exists(self.options.until):
            time.sleep(0.02)
        self.result(identifier, json.dumps({
            "protocolVersion": revision,
            "capabilities": {"tools": {"listChanged": True}, "logging": {}},
            "serverInfo": {"name": "hostile", "version": "1"}}))

    def descriptions(self):
        return [{"name": name, "description": text, "inputSchema": given}
                for name, (text, given) in self.tools.items()]

    def list(self, identifier, _params):
        self.result(identifier, json.dumps({"tools": self.descriptions()}))

    # --- Tools -----------------------------------------------------------------------------

    def call(self, identifier, params, text):
        name = params.get("name")
        arguments = params.get("arguments") or {}
        if name not in self.tools:
            self.error(identifier, -32602, "Unknown tool: %s" % name)
            return
        tool = getattr(self, "tool_" + name, None)
        if tool:
            tool(identifier, arguments, params, text)
        else:
            self.content(identifier, "this is " + name)

    def tool_echo(self, identifier, _arguments, _params, text):
        given = member(text, "params", "arguments") or "{}"
        shown = json.dumps(given)
        self.result(identifier, '{"content":[{"type":"text","text":%s}],"structuredContent":%s}'
                    % (shown, given))

    def tool_wait(self, identifier, arguments, _params, _text):
        end = time.monotonic() + arguments.get("milliseconds", 100) / 1000
        while time.monotonic() < end and identifier not in self.cancelled:
            time.sleep(0.005)
        if identifier not in self.cancelled:
            self.content(identifier, "waited")

    def tool_progress(self, identifier, arguments, params, text):
        count = arguments.get("count", 3)
        token = member(text, "params", "_meta", "progressToken")
        for step in range(1, count + 1):
            if token is not None:
                self.send_text(
                    '{"jsonrpc":"2.0","method":"notifications/progress","params":'
                    '{"progressToken":%s,"progress":%d,"total":%d,"message":"step %d"}}'
                    % (token, step, count, step))
            time.sleep(arguments.get("pause", 0) / 1000)
        self.content(identifier, "token" if token is not None else "no token")

    def tool_logs(self, identifier, _arguments, _params, _text):
        for level in LEVELS:
            self.notify("notifications/message",
                        {"level": level, "logger": "hostile",
                         "data": "a message of level " + level})
        self.content(identifier, "logged")

    def tool_change(self, identifier, arguments, _params, _text):
        for _ in range(arguments.get("times", 1)):
            self.tools["added-%d" % (len(self.tools) - len(TOOLS))] = ("was added", schema())
            self.notify("notifications/tools/list_changed")
        self.content(identifier, "changed")

    def tool_ask(self, identifier, _arguments, _params, _text):
        answers = {}
        for method in ("ping", "roots/list", "sampling/createMessage", "elicitation/create",
                       "no/such/method"):
            answers[method] = self.ask(method)
        self.content(identifier, json.dumps(answers), answers)

    def ask(self, method):
        with self.answered:
            self.asked += 1
            # Text and number identifiers in turn.
            mine = self.asked if self.asked % 2 else "question-%d" % self.asked
        self.send({"id": mine, "method": method, "params": {}})
        with self.answered:
            self.answered.wait_for(lambda: mine in self.answers, 20)
            return self.answers.get(mine, {"none": True})

    def tool_environment(self, identifier, _arguments, _params, _text):
        # What the kernel kept, not what this interpreter made of it.
        with open("/proc/self/environ", "rb") as file:
            pairs = [pair.decode("utf-8", "replace").split("=", 1)
                     for pair in file.read().split(b"\0") if pair]
        self.content(identifier, json.dumps(pairs), {"environment": pairs})

    def tool_limits(self, identifier, _arguments, _params, _text):
        self.content(identifier, json.dumps(limits()), limits())

    def tool_seen(self, identifier, _arguments, _params, _text):
        self.content(identifier, json.dumps(self.seen), {"lines": self.seen})

    def tool_fail(self, identifier, arguments, _params, _text):
        code = arguments.get("code", -32000)
        self.send_text('{"jsonrpc":"2.0","error":{"message":"as asked","data":{"n":1.50,"\\u0061":'
                       '[ ]},"code":%d},"id":%s}' % (code, identifier))

    def tool_refuse(self, identifier, _arguments, _params, _text):
        self.result(identifier, '{"isError":true,"content":[{"type":"text","text":"refused"}]}')

    def tool_exit(self, _identifier, arguments, _params, _text):
        os._exit(arguments.get("status", 0))

    def tool_stderr(self, identifier, arguments, _params, _text):
        os.write(2, arguments.get("text", "").encode() + b"\n")
        self.content(identifier, "written")

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        self.content(identifier, "behaved")


def limits():
    """The limits that this process runs under; None stands for no limit."""
    import resource
    found = {}
    for name in ("CORE", "DATA", "NPROC", "NOFILE", "FSIZE"):
        hard = resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1]
        found[name.lower()] = None if hard == resource.RLIM_INFINITY else hard
    return found


def stay():
    """Lives on, whatever happens to stdin."""
    while True:
        time.sleep(60)


# --- Behaviours --------------------------------------------------------------------------------

class Ok(Server):
    """answers everything as it should"""


class ExitsAtOnce(Server):
    """prints a reason to stderr and exits with status 3"""

    def start(self):
        os.write(2, b"hostile: I do not want to live\n")
        os._exit(3)


class NeverAnswers(Server):
    """reads everything and answers nothing"""

    def receive(self, text):
        pass


class NeverAnswersCalls(Server):
    """answers all but the call"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        pass


class Slow(Server):
    """answers `initialize` after --delay milliseconds (3000)"""

    def start(self):
        self.options.delay = self.options.delay or 3000


class Banner(Server):
    """prints a banner on stdout before the protocol"""

    def start(self):
        self.write(b"Welcome to the hostile server!\n\n\r\n  version 1.0\n")


class Early(Server):
    """sends notifications and a request before `initialize` is answered"""

    def initialize(self, identifier, params):
        self.notify("notifications/message", {"level": "info", "data": "up"})
        self.notify("notifications/tools/list_changed")
        self.send({"id": "early", "method": "roots/list"})
        super().initialize(identifier, params)


class HalfLine(Server):
    """writes half an answer and nothing more"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        self.lock.acquire()  # for ever: nothing may follow
        os.write(1, b'{"jsonrpc":"2.0","id":%s,"result":{"content":[{"ty' % identifier.encode())


class HalfLineExits(Server):
    """writes half an answer and exits"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        os.write(1, b'{"jsonrpc":"2.0","id":%s,"result":{"content":[' % identifier.encode())
        os._exit(0)


class FloodStdout(Server):
    """writes 100 MB without a newline to stdout"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        self.write(b'{"jsonrpc":"2.0","id":%s,"result":{"text":"' % identifier.encode())
        for _ in range(HUNDRED_MEGABYTES // 100000):
            self.write(b"x" * 100000)
        self.write(b'"}}\n')


class FloodStderr(Server):
    """writes 100 MB to stderr, then answers"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        line = b"noise \x1b[2J\x07" + b"n" * 88 + b"\n"
        data = line * 1000
        for _ in range(HUNDRED_MEGABYTES // len(data)):
            rest = data
            while rest:
                rest = rest[os.write(2, rest):]
        self.content(identifier, "flooded")


class FloodLines(Server):
    """writes 200,000 log messages, then answers"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        line = (b'{"jsonrpc":"2.0","method":"notifications/message","params":'
                b'{"level":"debug","data":"noise"}}\n')
        for _ in range(200):
            self.write(line * 1000)
        self.content(identifier, "flooded")


class InvalidUtf8(Server):
    """answers with bytes that are not UTF-8"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        self.write(b'{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"\xff\xfe'
                   b'\xc0\xaf"}]}}\n' % identifier.encode())


class InvalidJson(Server):
    """answers with a line that is not JSON"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        self.write(b'{"jsonrpc":"2.0","id":%s,"result":{"content":[}}\n' % identifier.encode())


class DuplicateKeys(Server):
    """answers with members that stand there twice"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        self.send_text('{"jsonrpc":"2.0","id":%s,"id":999999,"result":{},"result":{"content":[]}}'
                       % identifier)


class Deep(Server):
    """answers with 100,000 arrays in each other"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        self.result(identifier, '{"content":[],"structuredContent":{"a":%s%s}}'
                    % ("[" * 100000, "]" * 100000))


class UnknownIds(Server):
    """answers requests that nobody made, then the right one"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        for stray in ("987654", '"nobody"', "null", "-1", "1e400", '"%s"' % identifier):
            self.result(stray, "{}")
        self.error("null", -32700, "Parse error")
        self.content(identifier, "answered")


class AnswersTwice(Server):
    """answers a call twice"""

    def tool_misbehave(self, identifier, _arguments, _params, _text):
        self.content(identifier, "first")
        self.content(identifier, "second")


class StrayProgress(Server):
    """reports progress with invented tokens and after the answer"""

    def tool_misbehave(self, identifier, _arguments, params, _text):
        token = params.get("_meta", {}).get("progressToken")
        for stray in (424242, "invented"):
            self.notify("notifications/progress", {"progressToken": stray, "progress": 1})
        self.content(identifier, "answered")
        if token is not None:
            self.notify("notifications/progress", {"progressToken": token, "progress": 9})


class IgnoresSigterm(Server):
    """ignores SIGTERM and the end of stdin"""

    def start(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def finish(self):
        stay()


class ClosesStdout(Server):
    """closes stdout but lives"""

    def tool_misbehave(self, _identifier, _arguments, _params, _text):
        os.close(1)

    def finish(self):
        stay()


class ForksChild(Server):
    """leaves a daemon behind when it ends"""

    def start(self):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
                nothing = os.open(os.devnull, os.O_RDWR)
                for descriptor in (0, 1, 2):
                    os.dup2(nothing, descriptor)
                stay()
            os._exit(0)
        os.wait()


class ReverseOrder(Server):
    """keeps four calls of `misbehave` and answers them in reverse"""

    in_turn = True

    def start(self):
        self.kept = []

    def tool_misbehave(self, identifier, _arguments, _params, text):
        with self.answered:
            self.kept.append((identifier, text))
            if len(self.kept) < 4:
                return
            kept, self.kept = self.kept, []
        for each, line in reversed(kept):
            self.tool_echo(each, None, None, line)


class Pages(Server):
    """lists one tool a page; one cursor is the empty string"""

    def list(self, identifier, params):
        tools = self.descriptions()
        cursors = [None, "", "null", "two words", "\u00e9\n"]
        cursors += ["page-%d" % page for page in range(len(cursors), len(tools))]
        cursor = params.get("cursor")
        if cursor not in cursors:
            self.error(identifier, -32602, "bad cursor")
            return
        page = cursors.index(cursor)
        result = {"tools": [tools[page]]}
        if page + 1 < len(tools):
            result["nextCursor"] = cursors[page + 1]
        self.result(identifier, json.dumps(result))


class RepeatsCursor(Server):
    """gives the same next cursor for ever"""

    def list(self, identifier, _params):
        self.result(identifier, json.dumps({"tools": self.descriptions(), "nextCursor": "again"}))


class BigList(Server):
    """lists tools in one line of more than 1 MB"""

    def descriptions(self):
        listed = super().descriptions()
        for number in range(64):
            listed.append({"name": "big-%d" % number, "description": "b" * 17000,
                           "inputSchema": schema()})
        return listed


class OddTools(Server):
    """lists tools with names that clients do not take, and schemas that must arrive unchanged"""

    def list(self, identifier, _params):
        # Written by hand: the client must see these very bytes.
        self.result(identifier, '{"tools":[%s]}' % ",".join([
            '{"inputSchema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object",'
            '"properties":{"n":{"type":"number","maximum":1.50e+3,"x":12345678901234567890}},'
            '"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{}}},"name":"plain","x-unknown":[ 1 ,2 ]}',
            '{"name":"has space/\\u00e9","inputSchema":{"type":"object"}}',
            '{"name":"%s","inputSchema":{"type":"object"}}' % ("long-" * 20),
            '{"name":"","inputSchema":{"type":"object"}}',
            '{"inputSchema":{"type":"object"}}',
            "17"]))


class ListFails(Server):
    """announces tools and answers -32601 to their list"""

    def list(self, identifier, _params):
        self.error(identifier, -32601, "Method not found")


BEHAVIOURS = {}
for _class in Server.__subclasses__():
    _name = "".join("-" + c.lower() if c.isupper() else c for c in _class.__name__).lstrip("-")
    BEHAVIOURS[_name] = _class


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("behaviour", nargs="?", choices=sorted(BEHAVIOURS), default="ok")
    parser.add_argument("--list", action="store_true", help="print the behaviours")
    parser.add_argument("--delay", type=int, default=0, help="ms before initialize is answered")
    parser.add_argument("--until", help="nor before this file exists")
    parser.add_argument("--revision", help="the protocol revision to insist on")
    parser.add_argument("--mark", help="ignored; lets a test find its processes")
    parser.add_argument("--tool", action="append", default=[], help="offer a tool of this name")
    parser.add_argument("--witness", help="write the limits at start to a new file in this folder")
    options = parser.parse_args()
    if options.list:
        for name, behaviour in sorted(BEHAVIOURS.items()):
            print("%-20s %s" % (name, behaviour.__doc__))
        return
    if options.witness:
        import tempfile
        handle, name = tempfile.mkstemp(prefix="part-", dir=options.witness)
        os.write(handle, json.dumps(limits()).encode())
        os.close(handle)
        os.rename(name, name.replace("part-", "whole-"))
    try:
        BEHAVIOURS[options.behaviour](options).run()
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
