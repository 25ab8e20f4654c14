#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`jauauth doctor`: broken set-ups, made for real, and the cause that it names for each."""

import json
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import case, check, contains, equal  # noqa: E402


class Patient:
    """A host file, a servers file and a state directory of its own."""

    def __init__(self, servers=None, host=""):
        self.folder = mcp.scratch("doctor")
        self.servers = mcp.write(self.folder / "servers.json", {
            "servers": [mcp.server("one", strategy="bubblewrap")] if servers is None else servers})
        if "state_directory" not in host:
            host += '\nstate_directory = "%s";\n' % (self.folder / "state")
        self.host = mcp.write(self.folder / "jauauth.conf", host)

    def arguments(self, *options):
        return ["--config", str(self.host), "--servers", str(self.servers), "doctor", *options]

    def ask(self, *options, prepare=None):
        """The problems by their codes; `prepare`: shell text, run in a mount namespace before.
        With options the program is run as it is, without those that tests run it with."""
        program = str(mcp.BUILD / "core" / "jauauth") if options else mcp.JAUAUTH
        command = [program, *self.arguments("--json", *options)]
        if prepare is not None:
            if not mcp.ROOT:
                raise mcp.Skip("only root can mount over a program")
            command = ["unshare", "-m", "sh", "-c", prepare + ' && exec "$@"', "sh", *command]
        done = subprocess.run(command, capture_output=True, text=True, timeout=mcp.WAIT)
        check(done.returncode in (0, 1), done.stderr)
        answer = json.loads(done.stdout)
        equal(answer["works"], done.returncode == 0, "works")
        return {(each["code"], each["about"]): each for each in answer["problems"]}

    def finds(self, code, about, *fragments, severity="error", **more):
        found = self.ask(**more)
        check((code, about) in found, "%s of %s is not in %s" % (code, about, found))
        problem = found[(code, about)]
        equal(problem["severity"], severity)
        contains(problem["text"] + " " + (problem["repair"] or ""), *fragments)


def needs(program):
    path = shutil.which(program)
    if path is None or (mcp.ROOT and not mcp.account_exists()):
        raise mcp.Skip("%s is not here, or the account of the servers" % program)
    return os.path.realpath(path)


def fake(patient, script):
    """A program that a mount puts in the place of another one."""
    path = mcp.write(patient.folder / "fake", "#!/bin/sh\n" + script + "\n")
    path.chmod(0o755)
    return path


@case("a set-up that works has no problem that matters")
def _():
    needs("bwrap")
    found = Patient().ask()
    equal([each for each in found.values() if each["severity"] == "error"], [])


@case("a host file with a mistake")
def _():
    Patient(host="no_such_setting = 1;").finds("host-file", "host file", "cannot be used")


@case("a servers file that is not there, and one that is no JSON")
def _():
    patient = Patient()
    mcp.write(patient.servers, "{")
    patient.finds("file-wrong", "servers", "this is not JSON", str(patient.servers))
    os.unlink(patient.servers)
    patient.finds("file-wrong", "servers", "No such file")


@case("a keeper that is not there")
def _():
    patient = Patient()
    found = patient.ask("--keeper", str(patient.folder / "none"))
    contains(found[("keeper-unusable", "keeper")]["text"], str(patient.folder / "none"))


@case("no plugin, and a plugin in a directory that others can write")
def _():
    patient = Patient()
    folder = patient.folder / "plugins"
    folder.mkdir()
    check(("no-plugins", "plugins") in patient.ask("--plugin-dir", str(folder)), "not found")
    built = list((mcp.BUILD / "plugins").glob("**/none.so"))
    if not built:
        raise mcp.Skip("the plugin none is not built as a file of its own")
    shutil.copyfile(built[0], folder / "none.so")
    (folder / "none.so").chmod(0o644)
    folder.chmod(0o777)
    problem = patient.ask("--plugin-dir", str(folder))[("not-trusted", "none")]
    contains(problem["repair"], "chmod", str(folder))


@case("a file of the engine that is missing")
def _():
    path = needs("bwrap")
    patient = Patient()
    # What is no program for the account is not found on the way to it.
    empty = mcp.write(patient.folder / "empty", "")
    patient.finds("engine-missing", "bubblewrap", "install bubblewrap",
                  prepare="mount --bind %s %s" % (empty, path))


@case("an engine that hangs, and one that makes no namespaces")
def _():
    path = needs("bwrap")
    patient = Patient()
    over = "mount --bind %s %s" % (fake(patient, "exec sleep 60"), path)
    patient.finds("engine-hangs", "bubblewrap", path, prepare=over)
    real = patient.folder / "real"
    shutil.copyfile(path, real)
    real.chmod(0o755)
    fake(patient, 'case $1 in --version | --help) exec %s "$@" ;; esac\n'
         "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1" % real)
    patient.finds("userns-without-rights", "bubblewrap", "setting up uid map", prepare=over)


@case("a container that hides parts of /proc")
def _():
    needs("bwrap")
    patient = Patient()
    hidden = mcp.write(patient.folder / "hidden", "")
    patient.finds("proc-not-mountable", "bubblewrap", "parts of /proc",
                  prepare="mount --bind %s /proc/version" % hidden)


@case("firejail without its setuid bit, and one that hangs")
def _():
    path = needs("firejail")
    patient = Patient(servers=[mcp.server("one", strategy="firejail")])
    copy = patient.folder / "firejail"
    shutil.copyfile(path, copy)
    copy.chmod(0o755)
    patient.finds("setuid-missing", "firejail", "is not a setuid program of root",
                  prepare="mount --bind %s %s" % (copy, path))
    slow = fake(patient, "exec sleep 60")
    patient.finds("engine-hangs", "firejail", path, prepare="mount --bind %s %s" % (slow, path))


@case("an engine that no server uses is no problem that matters")
def _():
    path = needs("firejail")
    needs("bwrap")
    if mcp.SLOWED:
        raise mcp.Skip("a slowed worker takes too long before it sees what hangs")
    patient = Patient()
    slow = fake(patient, "exec sleep 60")
    patient.finds("engine-hangs", "firejail", severity="info",
                  prepare="mount --bind %s %s" % (slow, path))


@case("a strategy without a plugin, a command and a folder that are not there")
def _():
    needs("bwrap")
    for change, fragment in (({"strategy": "no-such"}, "no plugin has the strategy"),
                             ({"mounts": ["/no/such:/data:ro"]}, "/no/such")):
        server = mcp.server("one", strategy="bubblewrap")
        server["sandbox"].update(change)
        Patient(servers=[server]).finds("server-warning", "one", fragment)
    server = mcp.server("one", strategy="bubblewrap")
    server["command"] = "/no/such/program"
    Patient(servers=[server]).finds("server-warning", "one", "/no/such/program")


@case("an account that does not exist, and a folder that it cannot enter")
def _():
    if not mcp.ROOT:
        raise mcp.Skip("only root runs servers under another account")
    Patient(host='run_as = "nobody-of-this-name";').finds(
        "account-missing", "account", "nobody-of-this-name")
    needs("bwrap")
    closed = mcp.scratch("closed", mode=0o700)
    (closed / "data").mkdir()
    server = mcp.server("one", strategy="bubblewrap")
    server["sandbox"]["mounts"].append("%s:/data:ro" % (closed / "data"))
    Patient(servers=[server]).finds("server-warning", "one", str(closed))


@case("a state directory that is a file")
def _():
    patient = Patient()
    mcp.write(patient.folder / "state", "")
    patient.finds("state-directory", "state", str(patient.folder / "state"))


@case("for people, the command that mends stands below the cause")
def _():
    patient = Patient(host="no_such_setting = 1;")
    status, out, _ = mcp.run(patient.arguments())
    equal(status, 1)
    contains(out, "error: host file: ", "[host-file]")


mcp.main()
