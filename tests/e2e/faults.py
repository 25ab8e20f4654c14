#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad servers and bad clients: each costs an error text, and the good server beside it lives on."""

import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Router, add_case, case, check, contains, equal, server  # noqa: E402

MOST_LOGGED = 8 * 1000 * 1000  # bytes that 100 MB of stderr may become in the log


def beside(behaviour, strategy, *arguments, **more):
    """A router with a bad server, and a good one that must not notice."""
    mark = mcp.new_mark()
    router = Router([server("bad", behaviour, *arguments, strategy=strategy, mark=mark),
                     server("good", strategy=strategy, mark=mark)], **more)
    router.mark = mark
    router.initialize()
    return router


def good_works(router, text="still here"):
    equal(router.call("good_echo", {"text": text}).result["structuredContent"], {"text": text})


def ends_clean(router, status=0):
    """The router ends as it should and leaves nothing."""
    good_works(router)
    processes = mcp.descendants(router.pid)
    router.close(status=status)
    mcp.nothing_left(router.mark, processes)


def error_of(answer, *fragments):
    check(answer.error is not None, "expected an error: %s" % mcp.shown(answer.text))
    contains(answer.error["message"], *fragments)
    return answer.error


# --- Servers that are bad from the start --------------------------------------------------------

def exits_at_once(strategy):
    router = beside("exits-at-once", strategy)
    tools = router.list_tools()
    check("good_echo" in tools and not any(name.startswith("bad_") for name in tools),
          "tools: %s" % list(tools))
    router.logged("bad", "I do not want to live", "3")
    check(router.call("bad_echo").error, "a dead server has answered")
    ends_clean(router)


def never_answers(strategy):
    router = beside("never-answers", strategy, host="list_wait_ms = 1000;\n")
    check(mcp.eventually(lambda: "good_echo" in router.list_tools()), "the good server is missing")
    tools = router.list_tools()
    check(not any(name.startswith("bad_") for name in tools), "tools: %s" % list(tools))
    check(router.call("bad_echo").error, "a silent server has answered")
    ends_clean(router)


def banner(strategy):
    router = beside("banner", strategy)
    check("bad_echo" in router.list_tools(), "a banner made the server useless")
    equal(router.call("bad_echo", {"a": 1}).result["structuredContent"], {"a": 1})
    router.logged("bad")
    ends_clean(router)


def list_fails(strategy):
    router = beside("list-fails", strategy)
    tools = router.list_tools()
    check("good_echo" in tools, "the failing list took the good one with it")
    ends_clean(router)


def repeats_cursor(strategy):
    router = beside("repeats-cursor", strategy)
    check("good_echo" in router.list_tools(), "pages without end took the good list with them")
    router.logged("bad", "cursor")
    ends_clean(router)


# --- Servers that are bad when they are called ---------------------------------------------------

def answers_nothing(strategy):
    router = beside("never-answers-calls", strategy)
    waiting = router.start_call("bad_misbehave")
    good_works(router)
    router.cancel(waiting)
    equal(router.call("bad_echo", {"a": 1}).result["structuredContent"], {"a": 1})
    ends_clean(router)


def half_line(strategy):
    router = beside("half-line", strategy)
    waiting = router.start_call("bad_misbehave")
    good_works(router)
    check(waiting not in router.answers, "half a line was taken for an answer")
    router.may_answer(waiting)
    ends_clean(router)


def half_line_exits(strategy):
    router = beside("half-line-exits", strategy)
    error_of(router.call("bad_misbehave"), "bad")
    ends_clean(router)


def exits_in_call(strategy):
    router = beside("ok", strategy)
    waiting = router.start_call("bad_wait", {"milliseconds": 100000})
    error_of(router.call("bad_exit", {"status": 7}), "bad", "7")
    error_of(router.answer(waiting), "bad")
    # It is started again, and a call that comes meanwhile waits for that.
    equal(router.call("bad_echo", {"a": 1}).result["structuredContent"], {"a": 1})
    check("bad_echo" in router.list_tools(), "tools of a server that was started again are gone")
    ends_clean(router)


def flood_stdout(strategy):
    router = beside("flood-stdout", strategy)
    waiting = router.start_call("bad_misbehave")
    good_works(router)
    error_of(router.answer(waiting), "bad")
    with open("/proc/%d/status" % router.pid, encoding="utf-8") as file:
        most = [int(line.split()[1]) for line in file if line.startswith("VmHWM")][0]
    if not mcp.SLOWED:
        check(most < 80 * 1024, "the router grew to %d KiB" % most)
    ends_clean(router)


def flood_stderr(strategy):
    router = beside("flood-stderr", strategy)
    waiting = router.start_call("bad_misbehave")
    good_works(router)
    equal(router.answer(waiting).content(), "flooded")
    check(router.log_bytes < MOST_LOGGED, "%d bytes were logged" % router.log_bytes)
    check("\x1b" not in router.log_text() and "\x07" not in router.log_text(),
          "control characters in the log")
    ends_clean(router)


def flood_lines(strategy):
    router = beside("flood-lines", strategy)
    waiting = router.start_call("bad_misbehave")
    good_works(router)
    equal(router.answer(waiting).content(), "flooded")
    ends_clean(router)


def broken_answer(behaviour, strategy):
    router = beside(behaviour, strategy, timeout_ms=5000)
    check(router.call("bad_misbehave").error, "an answer that cannot be forwarded was forwarded")
    router.logged("bad")
    ends_clean(router)


def unknown_ids(strategy):
    router = beside("unknown-ids", strategy)
    equal(router.call("bad_misbehave").content(), "answered")
    good_works(router)
    router.agree()
    ends_clean(router)


def answers_twice(strategy):
    router = beside("answers-twice", strategy)
    equal(router.call("bad_misbehave").content(), "first")
    equal(router.call("bad_misbehave").content(), "first")
    router.settle()
    router.agree()
    ends_clean(router)


def stray_progress(strategy):
    router = beside("stray-progress", strategy)
    equal(router.call("bad_misbehave", token="t").content(), "answered")
    router.settle()
    router.agree()
    ends_clean(router)


def ignores_sigterm(strategy):
    router = beside("ignores-sigterm", strategy)
    check("bad_echo" in router.list_tools(), "its tools are missing")
    ends_clean(router)


def closes_stdout(strategy):
    # A sandbox's own process may hold the pipe open: then only the time-out of the call can tell.
    router = beside("closes-stdout", strategy, timeout_ms=3000)
    error_of(router.call("bad_misbehave"), "bad")
    check(router.call("bad_echo").error, "a server without stdout has answered")
    ends_clean(router)


def forks_child(strategy):
    router = beside("forks-child", strategy)
    check("bad_echo" in router.list_tools(), "its tools are missing")
    check(len(mcp.marked(router.mark)) >= 3, "the child does not run")
    ends_clean(router)


def forks_child_and_dies(strategy):
    router = beside("forks-child", strategy)
    router.list_tools()
    error_of(router.call("bad_exit", {"status": 0}), "bad")
    check(mcp.eventually(lambda: len(_python_processes(router)) <= 1, mcp.GONE),
          "the child outlived its server: %s" % _python_processes(router))
    ends_clean(router)


def _python_processes(router):
    return [pid for pid in mcp.marked(router.mark) if mcp.comm(pid).startswith("python")]


def escapes_in_stderr(strategy):
    router = beside("ok", strategy)
    router.call("bad_stderr", {"text": "red \x1b[31m bell \x07 tab\tnew \x9b 1;2 \u202e end-mark"})
    router.logged("red ", "end-mark")
    log = router.log_text()
    check(not any(c in log for c in "\x1b\x07\x9b"), "control characters in the log")
    ends_clean(router)


for _strategy in mcp.strategies() or ["bubblewrap"]:
    for _text, _function, *_rest in (
            ("a server that exits at once", exits_at_once),
            ("a server that never answers", never_answers),
            ("a server that prints a banner", banner),
            ("a server whose list fails", list_fails),
            ("a server whose pages never end", repeats_cursor),
            ("a server that does not answer a call", answers_nothing),
            ("a server that prints half a line and stops", half_line),
            ("a server that prints half a line and exits", half_line_exits),
            ("a server that exits in the middle of calls", exits_in_call),
            ("a server that prints 100 MB without a newline", flood_stdout),
            ("a server that writes 100 MB to stderr", flood_stderr),
            ("a server that sends 200,000 messages at once", flood_lines),
            ("a server that sends invalid UTF-8", broken_answer, "invalid-utf8"),
            ("a server that sends invalid JSON", broken_answer, "invalid-json"),
            ("a server that sends duplicate keys", broken_answer, "duplicate-keys"),
            ("a server that nests 100,000 arrays", broken_answer, "deep"),
            ("a server that answers unknown ids", unknown_ids),
            ("a server that answers twice", answers_twice),
            ("a server with stray progress", stray_progress),
            ("a server that ignores SIGTERM", ignores_sigterm),
            ("a server that closes stdout but lives", closes_stdout),
            ("a server that forks a child that stays", forks_child),
            ("a server that leaves a child and dies", forks_child_and_dies),
            ("a server that writes control characters to stderr", escapes_in_stderr)):
        add_case("%s (%s)" % (_text, _strategy), _function, *_rest, _strategy)


# --- Bad clients ---------------------------------------------------------------------------------

def alone(**more):
    mark = mcp.new_mark()
    router = Router([server("good", mark=mark)], **more)
    router.mark = mark
    router.initialize()
    return router


@case("a client that sends garbage gets errors and is served on")
def _():
    router = alone()
    router.list_tools()
    for line in (b"garbage", b"{", b'{"jsonrpc":"2.0","id":1,', b"\xff\xfe\x00", b"[", b"[]", b"7",
                 b'"text"', b"null", b"{}", b'{"jsonrpc":"1.0","id":90,"method":"ping"}',
                 b'{"id":91}', b'{"jsonrpc":"2.0","id":{},"method":"ping"}',
                 b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
                 b'{"jsonrpc":"2.0","id":92,"method":5}', b"[" * 100000,
                 b'{"jsonrpc":"2.0","id":93,"id":94,"method":"ping"}',
                 b'{"jsonrpc":"2.0","result":{},"id":95}'):
        for identifier in ("none", "null", "1", "90", "91", "92", "93", "94"):
            router.expect(identifier)
        router.send_raw(line + b"\n")
        good_works(router)
    wrong = [each for each in router.answers.values() if each.error is None]
    check(not wrong, "garbage was answered with a result: %s" % [each.text for each in wrong])
    router.agree()
    ends_clean(router)


@case("a line of the client that is too long is refused, and the rest goes on")
def _():
    router = alone()
    router.list_tools()
    for identifier in ("none", "null", "7"):
        router.expect(identifier)
    router.send_raw(b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"good_echo",'
                    b'"arguments":{"x":"')
    for _ in range(40):
        router.send_raw(b"y" * 1000000)
    router.send_raw(b'"}}}\n')
    good_works(router)
    check(any(each.error for each in router.answers.values()), "nothing was said about it")
    ends_clean(router)


@case("a call of an unknown tool is an error of the call")
def _():
    router = alone()
    equal(error_of(router.call("good_nothing"))["code"], -32602)
    ends_clean(router)


@case("a client that leaves in the middle of calls leaves nothing behind")
def _():
    router = alone()
    router.list_tools()
    for _ in range(20):
        router.start_call("good_wait", {"milliseconds": 100000})
    good_works(router)
    processes = mcp.descendants(router.pid)
    router.close()
    mcp.nothing_left(router.mark, processes)


@case("a client that leaves before `initialize`, or in half a line, leaves nothing behind")
def _():
    for data in (b"", b'{"jsonrpc":"2.0","id":1,"meth'):
        mark = mcp.new_mark()
        router = Router([server("good", mark=mark)])
        router.may_answer("null", "none")
        if data:
            router.send_raw(data)
        router.close(status=None)
        mcp.nothing_left(mark)


@case("a client that stops reading does not stop others from being cleaned up")
def _():
    mark = mcp.new_mark()
    folder = mcp.scratch()
    servers = mcp.write(folder / "servers.json",
                        {"servers": [server("good", "big-list", mark=mark)]})
    process = subprocess.Popen(
        [mcp.JAUAUTH, "serve", "--servers", str(servers), "--allow-unsandboxed"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        process.stdin.write(
            b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":'
            b'"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}\n'
            b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n' +
            b'{"jsonrpc":"2.0","id":2,"method":"tools/list"}\n' * 8)
        process.stdin.flush()
        check(mcp.eventually(lambda: mcp.marked(mark)), "the server does not run")
        processes = mcp.descendants(process.pid)
        process.stdin.close()
        process.stdout.close()
        process.wait(mcp.WAIT)
        mcp.nothing_left(mark, processes)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def ended_by(number, expected):
    router = alone()
    router.list_tools()
    router.start_call("good_wait", {"milliseconds": 100000})
    good_works(router)
    processes = mcp.descendants(router.pid)
    router.process.send_signal(number)
    status = router.wait()
    check(status in expected, "status %s, expected one of %s" % (status, expected))
    mcp.nothing_left(router.mark, processes)


add_case("SIGTERM ends the router and its servers", ended_by, signal.SIGTERM,
         (0, -signal.SIGTERM, 128 + signal.SIGTERM))
add_case("SIGINT ends the router and its servers", ended_by, signal.SIGINT,
         (0, -signal.SIGINT, 128 + signal.SIGINT))
add_case("SIGHUP ends the router and its servers", ended_by, signal.SIGHUP,
         (0, -signal.SIGHUP, 128 + signal.SIGHUP))


@case("SIGTERM twice, and with a server that ignores it, ends all the same")
def _():
    mark = mcp.new_mark()
    router = Router([server("bad", "ignores-sigterm", mark=mark)])
    router.initialize()
    router.list_tools()
    processes = mcp.descendants(router.pid)
    router.process.send_signal(signal.SIGTERM)
    router.process.send_signal(signal.SIGTERM)
    router.wait()
    mcp.nothing_left(mark, processes)


@case("a closed stdout is no reason to die of SIGPIPE and leave servers behind")
def _():
    router = alone()
    router.list_tools()
    processes = mcp.descendants(router.pid)
    # The reading thread holds the stream: it is shut by giving its number away.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, router.process.stdout.fileno())
    os.close(nothing)
    for number in range(20):
        try:
            router.send_raw(b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\n' % number)
        except BrokenPipeError:
            break
        time.sleep(0.02)
    status = router.process.wait(mcp.WAIT)
    check(status != -signal.SIGPIPE, "the router died of SIGPIPE")
    mcp.nothing_left(router.mark, processes)


@case("a full stderr does not hold up the protocol")
def _():
    reading, writing = os.pipe()
    try:
        os.set_blocking(writing, False)
        try:
            while True:
                os.write(writing, b"x" * 65536)
        except BlockingIOError:
            pass
        os.set_blocking(writing, True)
        mark = mcp.new_mark()
        router = Router([server("good", "flood-stderr", mark=mark)], options=["--log-level",
                        "debug"], stderr=writing)
        router.mark = mark
        router.initialize()
        router.list_tools()
        equal(router.call("good_misbehave").content(), "flooded")
        good_works(router)
        processes = mcp.descendants(router.pid)
        router.close()
        mcp.nothing_left(mark, processes)
    finally:
        os.close(reading)
        os.close(writing)


@case("a closed stderr does no harm either")
def _():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        mark = mcp.new_mark()
        router = Router([server("good", mark=mark)], options=["--log-level", "debug"],
                        stderr=writing)
        router.mark = mark
        router.initialize()
        router.call("good_stderr", {"text": "nobody reads this"})
        ends_clean(router)
    finally:
        os.close(writing)


@case("descriptors, directory and signals of the router are not the servers'")
def _():
    mark = mcp.new_mark()
    strategy = mcp.a_strategy()
    router = Router([mcp.program("look", [mcp.outside_program("python3"),
                                          str(mcp.servers_folder() / "probe.py"), mark],
                                 strategy=strategy)])
    router.initialize()
    found = router.call("look_identity").result["structuredContent"]
    equal([each for each in found["descriptors"] if each > 2], [], "inherited descriptors")
    equal(found["ignored_signals"], ["SIGXFSZ"], "ignored signals (Python ignores one)")
    equal(found["limits"]["core"], [0, 0], "core limit")
    if strategy != "none":
        equal(found["no_new_privileges"], "1")
        equal(found["seccomp"], "2")
        equal(int(found["capabilities"], 16), 0)
    router.close()


mcp.main()
