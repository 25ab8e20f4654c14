#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many calls to many servers, every answer checked; the router must not grow.

$JAUAUTH_SOAK_CALLS is the number of calls (5,000; a full soak is 100,000), $JAUAUTH_SOAK_SERVERS
that of servers (10).
"""

import os
import random
import sys
import time

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Failure, Router, Skip, case, check, equal  # noqa: E402

CALLS = int(os.environ.get("JAUAUTH_SOAK_CALLS", "500" if mcp.SLOWED else "5000"))
SERVERS = int(os.environ.get("JAUAUTH_SOAK_SERVERS", "10"))
IN_FLIGHT = 64
LARGEST = 200000  # bytes of an argument
MOST_GROWTH = 1024  # KiB; the allocator's own play


def kibibytes(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def descriptors(pid):
    """The number of open files, or of places for them where the list is not ours to see."""
    try:
        return "open files", len(os.listdir("/proc/%d/fd" % pid))
    except PermissionError:
        with open("/proc/%d/status" % pid, encoding="utf-8") as file:
            return "places for files", next(int(line.split()[1]) for line in file
                                            if line.startswith("FDSize:"))


def payload(number, dice):
    """Arguments that differ in form and size from call to call, as text."""
    form = number % 8
    if form == 0:
        return '{"n":%d}' % number
    if form == 1:
        return '{ "n" : %d.50 , "e" : 1e%d }' % (number, number % 300)
    if form == 2:
        return '{"text":"\\u00e9\\ud83d\\ude00 %d \\"]}\\\\"}' % number
    if form == 3:
        return '{"id":%d,"method":"x","list":[[%d],{"a":[]}]}' % (number, number)
    if form == 4:
        return '{"raw":"\u00e9\u4e16\U0001f600 %d"}' % number
    if form == 5 and number % 40 == 5:
        return '{"big":"%s"}' % (chr(97 + number % 26) * dice.randrange(1000, LARGEST))
    return '{"n":"%s"}' % ("%d " % number * dice.randrange(1, 30))


class Soak:
    def __init__(self, router):
        self.router = router
        self.dice = random.Random(4711)
        self.number = 0
        self.sent = {}

    def send(self, where=None, text=None):
        number = self.number
        self.number += 1
        identifier = ("%d" if number % 3 else '"call-%d"') % number
        text = text or payload(number, self.dice)
        where = self.dice.randrange(SERVERS) if where is None else where
        self.sent[identifier] = (text, where)
        self.router.send_text(
            '{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"s%d_echo",'
            '"arguments":%s}}' % (identifier, where, text))

    def take(self):
        """Receives one message; judges the answers that have come."""
        if self.router.receive() is None:
            raise Failure("the router has ended\n" + self.router.log_text()[-2000:])
        for identifier in list(self.router.answers):
            answer = self.router.answers.pop(identifier)
            text, where = self.sent.pop(identifier)
            found = answer.part("result", "structuredContent")
            if found != text:
                raise Failure("call %s to s%d: found %s, expected %s" % (
                    identifier, where, mcp.shown(answer.text), mcp.shown(text)))

    def fill(self):
        """Afterwards every buffer has the size that it will ever need."""
        for where in range(SERVERS):
            for _ in range(IN_FLIGHT):
                self.send(where, '{"big":"%s"}' % ("a" * LARGEST))
            while self.sent:
                self.take()

    def run(self, calls):
        end = self.number + calls
        while self.number < end or self.sent:
            while self.number < end and len(self.sent) < IN_FLIGHT:
                self.send()
            self.take()


def workers_gone(router):
    """Waits for the end of the idle plugin workers: the router holds descriptors till then."""
    mcp.eventually(lambda: not any(b"plugin-worker" in mcp.command_line(pid)
                                   for pid, _ in mcp.descendants(router.pid)))


@case("%d calls over %d servers: every answer is right, nothing grows" % (CALLS, SERVERS))
def _():
    program = mcp.servers_folder() / "echo"
    if not program.exists():
        raise Skip("tests/servers/echo is not built")
    mark = mcp.new_mark()
    strategy = mcp.a_strategy()
    router = Router([mcp.program("s%d" % number, [str(program), mark], strategy=strategy)
                     for number in range(SERVERS)])
    router.initialize()
    equal(len(router.list_tools()), SERVERS)
    soak = Soak(router)
    begin = time.monotonic()
    soak.fill()
    soak.run(CALLS // 5)
    workers_gone(router)
    memory, (what, files) = kibibytes(router.pid), descriptors(router.pid)
    soak.run(CALLS - CALLS // 5)
    memory_after, (_, files_after) = kibibytes(router.pid), descriptors(router.pid)
    seconds = time.monotonic() - begin
    print("# %d calls in %.1f s; memory %d KiB, then %d KiB; %s %d, then %d" % (
        CALLS, seconds, memory, memory_after, what, files, files_after), flush=True)
    router.agree()
    check(files_after <= files, "%s: %d, then %d" % (what, files, files_after))
    if not mcp.SLOWED:
        check(memory_after <= memory + MOST_GROWTH,
              "the router grew from %d to %d KiB" % (memory, memory_after))
    processes = mcp.descendants(router.pid)
    router.close()
    mcp.nothing_left(mark, processes)


@case("calls that are cancelled, timed out or failed leave nothing behind in the router")
def _():
    router = Router([mcp.server("s")])
    router.initialize()
    router.list_tools()

    def turn(count):
        for number in range(count):
            waiting = router.start_call("s_wait", {"milliseconds": 60000}, token=number)
            router.cancel(waiting)
            equal(router.call("s_fail").error["message"], "as asked")
            check(router.call("s_nothing").error, "an unknown tool has answered")
            router.others.clear()
    turn(200)
    workers_gone(router)
    memory, (what, files) = kibibytes(router.pid), descriptors(router.pid)
    turn(100 if mcp.SLOWED else 1000)
    check(descriptors(router.pid)[1] <= files, "%s: %d, then %d" % (
        what, files, descriptors(router.pid)[1]))
    if not mcp.SLOWED:
        check(kibibytes(router.pid) <= memory + MOST_GROWTH, "the router grew from %d to %d KiB" % (
            memory, kibibytes(router.pid)))
    router.close()


mcp.main()
