#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`jauauth init`: the first files, where they are written, and that they are right."""

import json
import os
import pathlib
import pwd
import re
import resource
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Skip, case, check, contains, equal, run, scratch, write  # noqa: E402

FINE, NO, CONFIGURATION = 0, 1, 3


def places(folder):
    return ["--config", str(folder / "jauauth.conf"), "--servers", str(folder / "servers.json")]


def init(folder, *options, status=FINE, **more):
    code, out, err = run(["init", *places(folder), *options], **more)
    equal(code, status, "exit status\n" + out + err)
    return out, err


def checked(folder):
    status, out, err = run(["config", "check", *places(folder)])
    equal(status, FINE, out + err)
    return out


def mode(path):
    return "%04o" % (os.lstat(path).st_mode & 0o7777)


@case("both files are written, private, and pass config check")
def _():
    folder = scratch("first") / "a" / "b"
    out, _ = init(folder)
    contains(out, str(folder / "jauauth.conf"), str(folder / "servers.json"), "next:",
             "config check", "plugins list")
    equal([mode(each) for each in (folder.parent, folder, folder / "jauauth.conf",
                                   folder / "servers.json")], ["0700", "0700", "0600", "0600"])
    equal(sorted(os.listdir(folder)), ["jauauth.conf", "servers.json"])
    contains(checked(folder), "0 servers")
    equal(json.loads((folder / "servers.json").read_text()), {"servers": []})


@case("--json says the same to programs")
def _():
    folder = scratch("first") / "json"
    found = json.loads(init(folder, "--json")[0])
    equal([(each["kind"], each["path"], each["written"]) for each in found["files"]],
          [("host", str(folder / "jauauth.conf"), True),
           ("servers", str(folder / "servers.json"), True)])
    check(all(each["command"].startswith("jauauth ") and each["text"]
              for each in found["next"]), str(found["next"]))
    found = json.loads(init(folder, "--json")[0])
    equal([each["written"] for each in found["files"]], [False, False])


@case("every command that is to be done next is one")
def _():
    found = json.loads(init(scratch("first") / "next", "--json")[0])
    known = run(["--help"])[1]
    for each in found["next"]:
        words = each["command"].split()[1:]
        contains(known, "  " + " ".join(word for word in words if word.islower()))


def settings_of(text):
    """The template with the '#' in front of every setting taken away."""
    return re.sub(r"^#((  )?[a-z_]+ = .*|};)$", r"\1", text, flags=re.M)


@case("the host file tells the truth: uncommented, each line is a setting that is accepted")
def _():
    folder = scratch("truth")
    init(folder)
    text = (folder / "jauauth.conf").read_text()
    check(not re.search(r"^[^#\n]", text, re.M), "a line of it is no comment")
    check(max(map(len, text.splitlines())) <= 100, "a line is longer than a window")
    opened = settings_of(text)
    names = set(re.findall(r"^ *([a-z_]+) = ", opened, re.M))
    unknown = write(scratch("unknown") / "jauauth.conf", "no_such_setting = 1;")
    status, out, err = run(["config", "check", folder / "servers.json", "--config", unknown])
    equal(status, NO, out + err)
    known = set(re.search(r"known .*: (.*)", out + err).group(1).split(", "))
    check(known <= names, "not in the template: %s" % (known - names))
    write(folder / "jauauth.conf", opened)
    checked(folder)
    # And each by itself, so that none hides behind another.
    groups = re.findall(r"^([a-z_]+ = \{\n(?:  .*\n)+\};|[a-z_]+ = [^{\n].*|[a-z_]+ = \{\};)$",
                        opened, re.M)
    equal({each.split(" ")[0] for each in groups}, known, "settings at the top")
    for group in groups:
        write(folder / "jauauth.conf", group)
        checked(folder)


@case("a file that is there is never written over, and the other one is made")
def _():
    folder = scratch("kept")
    write(folder / "servers.json", '{"servers": [], "timeout_ms": 5}')
    out, _ = init(folder)
    contains(out, "kept  %s" % (folder / "servers.json"), "wrote %s" % (folder / "jauauth.conf"))
    equal((folder / "servers.json").read_text(), '{"servers": [], "timeout_ms": 5}')
    write(folder / "jauauth.conf", "list_wait_ms = 5;")
    init(folder)
    equal((folder / "jauauth.conf").read_text(), "list_wait_ms = 5;")


@case("a link is not followed, even one that leads nowhere")
def _():
    folder = scratch("link")
    victim = folder / "victim"
    (folder / "jauauth.conf").symlink_to(victim)
    _, err = init(folder, status=CONFIGURATION)
    contains(err, str(folder / "jauauth.conf"))
    check(not victim.exists(), "it was written through")
    victim.write_text("mine")
    init(folder)
    equal(victim.read_text(), "mine")


@case("a folder that others can write is refused with the command that repairs it")
def _():
    folder = scratch("loose")
    folder.chmod(0o777)
    _, err = init(folder, status=CONFIGURATION)
    contains(err, "chmod", str(folder))


@case("a place that cannot be written is an error that names it, and nothing is left")
def _():
    folder = scratch("file")
    write(folder / "in-the-way", "")
    _, err = init(folder / "in-the-way" / "sub", status=CONFIGURATION)
    contains(err, str(folder / "in-the-way" / "sub" / "jauauth.conf"))
    equal(os.listdir(folder), ["in-the-way"])


@case("a disk that is full leaves no half of a file")
def _():
    folder = scratch("full")
    done = subprocess.run([mcp.JAUAUTH, "init", *places(folder)], capture_output=True, text=True,
                          timeout=mcp.WAIT, check=False, restore_signals=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999)))
    equal(done.returncode, CONFIGURATION, done.stdout + done.stderr)
    contains(done.stderr, "cannot write %s" % (folder / "jauauth.conf"))
    equal(os.listdir(folder), [])


def as_user(home, arguments, **variables):
    """Runs the program as an ordinary user with this home."""
    more = {}
    if mcp.ROOT:
        if not mcp.account_exists():
            raise Skip("there is no account to be an ordinary user")
        account = pwd.getpwnam(mcp.ACCOUNT)
        more = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        os.chown(home, account.pw_uid, account.pw_gid)
    # Not only the files, also their names in paths that are printed, come from the environment.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **variables}
    if "JAUAUTH_BUILD" in os.environ:
        environment["JAUAUTH_BUILD"] = os.environ["JAUAUTH_BUILD"]
    done = subprocess.run([mcp.JAUAUTH, *arguments], capture_output=True, text=True, cwd="/",
                          timeout=mcp.WAIT, check=False, env=environment, umask=0o002, **more)
    equal(done.returncode, FINE, done.stdout + done.stderr)
    return done.stdout


@case("an ordinary user gets them at the places that config paths prints")
def _():
    for variables, below in (({}, ".config"), ({"XDG_CONFIG_HOME": "settings"}, "settings")):
        home = scratch("home")
        if variables:
            variables = {"XDG_CONFIG_HOME": str(home / "settings")}
        before = json.loads(as_user(home, ["config", "paths", "--json"], **variables))
        if any(each["exists"] for each in before["host"] + before["servers"]):
            raise Skip("this system has files already")
        found = json.loads(as_user(home, ["init", "--json"], **variables))
        equal([each["path"] for each in found["files"]],
              [before[kind][0]["path"] for kind in ("host", "servers")])
        equal(found["files"][0]["path"], str(home / below / "jauauth" / "jauauth.conf"))
        equal(mode(home / below), "0700")
        contains(as_user(home, ["config", "paths"], **variables), "(used)")
        contains(as_user(home, ["config", "check"], **variables), "0 servers")


@case("root gets them in the directory of the system, whatever XDG_CONFIG_HOME says")
def _():
    if not mcp.ROOT or not shutil.which("unshare"):
        raise Skip("needs root and unshare")
    found = json.loads(run(["config", "paths", "--json"])[1])
    place = pathlib.Path(found["host"][0]["path"])
    equal(found["host"][0]["origin"], "system")
    above = next(each for each in place.parents if each.exists())
    if len(above.parts) < 2 or above in pathlib.Path(mcp.JAUAUTH).resolve().parents:
        raise Skip("nothing can be mounted over %s" % above)
    script = ('mount -t tmpfs -o mode=755 none "$1" || exit 77; shift; "$@" || exit; '
              'stat -c "%a %n" "$JAUAUTH_PLACE"')
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", str(above), mcp.JAUAUTH,
                           "init"], capture_output=True, text=True, timeout=mcp.WAIT, check=False,
                          env={**os.environ, "XDG_CONFIG_HOME": "/nonexistent",
                               "JAUAUTH_PLACE": str(place)})
    if done.returncode == 77 or "unshare failed" in done.stderr:
        raise Skip("no mount is allowed here")
    equal(done.returncode, FINE, done.stdout + done.stderr)
    contains(done.stdout, "wrote %s" % place, "600 %s" % place)
    check(not place.exists() or above == place.parent, "it was written for real")


mcp.main()
