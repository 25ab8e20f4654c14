#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The strategies docker and podman on the real engines, with servers that run in Node."""

import os
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import engines  # noqa: E402
import mcp  # noqa: E402
from engines import ALL, DOCKER, PODMAN, Router, content, jauauth  # noqa: E402
from mcp import Skip, add_case, check, contains, equal, eventually, marked  # noqa: E402

SECRET = "sw0rdfish 'quoted' \"twice\" # = end"
LINES = "first-l1ne\nsecond-l1ne"


def of_each(text, *chosen):
    """Registers a case for each engine; the function gets it."""
    def register(function):
        for engine in chosen or ALL:
            add_case("%s: %s" % (engine.text, text), function, engine)
        return function
    return register


def name(engine):
    return "s%s" % os.urandom(4).hex()


@of_each("a server in Node answers, hardened, and nothing of it is left")
def _(engine):
    mark = mcp.new_mark()
    server = name(engine)
    router = Router(engine, [engine.server(server, ["server.js", mark], env={"KEY": SECRET})])
    router.initialize()
    found = content(router.call(server + "_identity"))
    equal(found["environment"]["KEY"], SECRET)
    equal(found["interfaces"], ["lo"])
    equal(found["home_writable"], True)
    equal(found["temporary_writable"], True)
    equal(found["directory"], "/app")
    inside = [pid for pid in marked(mark) if mcp.comm(pid) == "node"]
    check(len(inside) == 1, "not one server: %s" % inside)
    with open("/proc/%d/status" % inside[0], encoding="utf-8") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    equal(status["Uid"].split(), [str(engine.uid())] * 4)
    equal(status["CapEff"].strip("0"), "")
    equal(status["CapBnd"].strip("0"), "")
    equal(status["NoNewPrivs"], "1")
    equal(status["Seccomp"], "2")
    below = mcp.descendants(router.pid)
    router.close()
    mcp.nothing_left(mark, below)
    engine.no_container(server)


@of_each("an npm server that is shown by a mount answers")
def _(engine):
    packages = os.path.join(mcp.NODE_PACKAGES, "node_modules")
    entry = "@modelcontextprotocol/server-everything/dist/index.js"
    if not os.path.exists(os.path.join(packages, entry)):
        raise Skip("tests/node is not installed")
    server = name(engine)
    router = Router(engine, [engine.server(server, ["/packages/node_modules/" + entry],
                                           {"mounts": [packages + ":/packages/node_modules:ro"]})])
    router.initialize()
    contains(router.call(server + "_echo", {"message": "through a container"}).content(),
             "through a container")
    router.close()
    engine.no_container(server)


@of_each("no secret is on a command line, in the log or in explain")
def _(engine):
    engine.need()
    seen = set()
    done = threading.Event()

    def watch():
        while not done.is_set():
            for pid in mcp.all_processes():
                if pid != os.getpid():
                    seen.add(mcp.command_line(pid))
            time.sleep(0.005)

    server = name(engine)
    entry = engine.server(server, env={"KEY": SECRET, "LINES": LINES})
    watcher = threading.Thread(target=watch, daemon=True)  # a test that fails leaves it alone
    watcher.start()
    router = Router(engine, [entry], options=["--log-level", "debug"])
    router.initialize()
    environment = content(router.call(server + "_identity"))["environment"]
    front = [pid for pid, _ in mcp.descendants(router.pid)
             if b"start\0--attach" in mcp.command_line(pid)]
    check(front, "the client that holds the streams was not found")
    for pid in front:
        with open("/proc/%d/environ" % pid, "rb") as file:
            held = file.read()
        check(b"sw0rdfish" not in held and b"l1ne" not in held, "the front holds a secret")
    router.close()
    done.set()
    watcher.join()
    equal((environment["KEY"], environment["LINES"]), (SECRET, LINES))
    every = b"\n".join(seen) + router.log_text().encode()
    check(b"--env-file" in every, "the moment in which the container was made was missed")
    for secret in (b"sw0rdfish", b"l1ne"):
        check(secret not in every, "%s can be seen" % secret)
    status, shown, errors = jauauth(engine, [entry], "explain", server)
    equal(status, 0, errors)
    check("sw0rdfish" not in shown and "l1ne" not in shown, "explain shows a secret")


@of_each("an image that is missing is named with the command that pulls it")
def _(engine):
    server = name(engine)
    status, _, errors = jauauth(engine, [engine.server(
        server, options={"image": "localhost/nobody/has-this:1"})], "tools", server)
    contains(errors, "the image is not on this machine", "jauauth prepare")
    engine.no_container(server)


@of_each("a command that the image does not have is named")
def _(engine):
    server = name(engine)
    status, _, errors = jauauth(engine, [engine.server(
        server, options={"image": engines.PLAIN_IMAGE})], "tools", server)
    contains(errors, "the image has no such program")
    engine.no_container(server)


@of_each("a flag that is not known does not start anything")
def _(engine):
    server = name(engine)
    entry = engine.server(server, options={"extra_flags": ["--privileged", "-v", "/:/host"]})
    status, _, errors = jauauth(engine, [entry], "tools", server)
    contains(errors, "--privileged", "allow_flags")
    status, shown, errors = jauauth(engine, [entry], "config", "check")
    contains(shown + errors, "--privileged", "--volume", "mounts")
    engine.no_container(server)


@of_each("a server that wants too much memory is told so", DOCKER, PODMAN)
def _(engine):
    server = name(engine)
    router = Router(engine, [engine.server(server, options={"memory_limit": "96m"})])
    router.initialize()
    router.list_tools()
    answer = router.call(server + "_hungry")
    check(answer.error is not None or answer.result.get("isError"), "it lived")
    router.logged("memory")
    log = router.log_text()
    check("used more memory than its limit" in log or "it was the memory limit" in log, log)
    if engine is DOCKER:
        contains(log, "used more memory than its limit")
    router.close()
    engine.no_container(server)


@of_each("limits are those of the container", DOCKER, PODMAN)
def _(engine):
    server = name(engine)
    router = Router(engine, [engine.server(
        server, options={"memory_limit": "256m", "cpu_limit": "0.5",
                         "extra_flags": ["--pids-limit", "50"]})])
    router.initialize()
    router.list_tools()
    equal(engine.inspect(server, "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} "
                                 "{{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}"),
          "268435456 268435456 500000000 50")
    router.close()


@of_each("a folder in memory that is full stops the writer, not the router")
def _(engine):
    server = name(engine)
    router = Router(engine, [engine.server(server)])
    router.initialize()
    found = content(router.call(server + "_fill"))
    contains(str(found["outcome"]), "ENOSPC")
    equal(found["written"], 64 << 20)
    equal(content(router.call(server + "_identity"))["temporary_writable"], True)
    router.close()


@of_each("a router that is killed leaves nothing")
def _(engine):
    mark = mcp.new_mark()
    server = name(engine)
    router = Router(engine, [engine.server(server, ["server.js", mark])])
    router.initialize()
    router.list_tools()
    check(marked(mark), "the server was not up")
    below = mcp.descendants(router.pid)
    router.kill()
    mcp.nothing_left(mark, below)
    engine.no_container(server)


@of_each("a call under way fails when the container is removed from outside")
def _(engine):
    server = name(engine)
    router = Router(engine, [engine.server(server)])
    router.initialize()
    router.list_tools()
    call = router.start_call(server + "_wait")
    router.settle()
    force = ["rm", "--force"] + (["--time", "0"] if engine.name == "podman" else [])
    engines.command(engine.client(*force, *engine.containers(server)))
    answer = router.answer(call)
    check(answer.error is not None or answer.result.get("isError"), "the call did not fail")
    router.close()
    engine.no_container(server)


@of_each("a client of the engine that is killed takes its container along")
def _(engine):
    mark = mcp.new_mark()
    server = name(engine)
    router = Router(engine, [engine.server(server, ["server.js", mark])])
    router.initialize()
    router.list_tools()
    for pid, _ in mcp.descendants(router.pid):
        if b"start\0--attach" in mcp.command_line(pid):
            os.kill(pid, signal.SIGKILL)
    router.logged("by signal 9")
    mcp.nothing_left(mark)
    engine.no_container(server)
    router.close()


@of_each("two routers with one configuration serve at once")
def _(engine):
    server = name(engine)
    entry = engine.server(server)
    pair = [Router(engine, [entry]) for _ in range(2)]
    for router in pair:
        router.initialize()
    for router in pair:
        equal(content(router.call(server + "_identity"))["interfaces"], ["lo"])
    equal(len(engine.containers(server)), 2)
    pair[0].close()
    equal(len(engine.containers(server)), 1)
    equal(content(pair[1].call(server + "_identity"))["interfaces"], ["lo"])
    pair[1].close()
    engine.no_container(server)


@of_each("ten servers start at once", DOCKER, PODMAN)
def _(engine):
    if mcp.SLOWED:
        raise Skip("too slow under valgrind or with sanitizers")
    names = [name(engine) for _ in range(10)]
    router = Router(engine, [engine.server(each) for each in names], "list_wait_ms = 60000;\n")
    router.initialize()
    tools = router.list_tools(120)
    for each in names:
        check(each + "_identity" in tools, "%s did not come up" % each)
    router.close()
    for each in names:
        engine.no_container(each)


# --- The engine goes away ---------------------------------------------------------------------

def own_dockerd(word):
    if not engines.PLACE:
        raise Skip("the engine here is not the tests' own")
    subprocess.run([engines.START_DOCKERD, word, engines.PLACE], check=True, timeout=120)


@of_each("an engine that is down is said to be, and nothing waits for it", DOCKER)
def _(engine):
    engine.need()
    server = name(engine)
    entry = engine.server(server)
    own_dockerd("stop")
    try:
        status, _, errors = jauauth(engine, [entry], "tools", server)
        contains(errors, "the engine does not run", "systemctl start docker")
    finally:
        own_dockerd("start")
    status, shown, errors = jauauth(engine, [entry], "tools", server)
    contains(shown, "identity")


@of_each("a call under way fails when the engine goes away", DOCKER)
def _(engine):
    engine.need()
    mark = mcp.new_mark()
    server = name(engine)
    router = Router(engine, [engine.server(server, ["server.js", mark])])
    router.initialize()
    router.list_tools()
    call = router.start_call(server + "_wait")
    router.settle()
    own_dockerd("stop")
    try:
        answer = router.answer(call)
        check(answer.error is not None or answer.result.get("isError"), "the call did not fail")
        router.logged("has ended")
    finally:
        own_dockerd("start")
    router.close(status=None)
    mcp.nothing_left(mark)
    for each in engine.containers(server):
        engines.command(engine.client("rm", "--force", each))


mcp.main()
