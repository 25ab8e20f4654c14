#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers files as users wrote them, started for real: each has the outcome of outcomes.json."""

import json
import os
import pathlib
import pwd
import shutil
import sys

sys.dont_write_bytecode = True
import engines  # noqa: E402
import mcp  # noqa: E402
from engines import ALL, Engine, Router, content, jauauth  # noqa: E402
from mcp import Skip, add_case, ask, case, check, contains, equal, scratch  # noqa: E402

SEEDS = mcp.SOURCE / "tests" / "seed-configs"
PROGRAMS = {"bubblewrap": "bwrap", "firejail": "firejail", "none": "node"}


class Sandbox(Engine):
    """A strategy without images, for a router of root (the servers are the account's) or of an
    account. Who is not root tries it as the account that he is."""

    def as_account(self, argv):
        return super().as_account(argv) if mcp.ROOT else list(argv)

    def owner(self):
        """Whose the servers are."""
        return pwd.getpwnam(self.account or mcp.ACCOUNT) if mcp.ROOT else pwd.getpwuid(os.geteuid())

    def settings(self):
        """One state directory for each router: what others have left is not its own."""
        folder = scratch("state")
        if mcp.ROOT and self.account:
            shutil.chown(folder, self.account, self.account)
        return 'state_directory = "%s";\n' % folder

    def _prepare(self):
        if not mcp.ROOT and not self.account:
            raise Skip("this is about root")
        if not shutil.which(PROGRAMS[self.name]):
            engines.missing("there is no %s" % PROGRAMS[self.name])
        try:
            self.owner()
        except KeyError:
            engines.missing("there is no account for the servers")
        _, shown, errors = jauauth(self, [], "plugins", "show", self.name, "--json", need=False)
        if json.loads(shown or "{}").get("probe", {}).get("state") == "unavailable":
            raise Skip("%s cannot make a sandbox here: %s" % (self.text, errors))

    def no_container(self, server):
        """Nothing but processes, which other tests look for."""


LOCAL = [Sandbox(name, account) for name in PROGRAMS for account in (None, engines.ACCOUNT)]
ENGINES = {engine.text: engine for engine in (*ALL, *LOCAL)}


def limits_of(engine):
    """Whether this engine enforces limits here, as its own probe says."""
    _, shown, _ = jauauth(engine, [], "plugins", "show", engine.name, "--json")
    return "enforced" if "memory" in json.loads(shown)["probe"]["features"]["limits"] else "ignored"


# --- Sandboxes without images -----------------------------------------------------------------

def give(engine, path):
    if mcp.ROOT:
        owner = engine.owner()
        os.chown(path, owner.pw_uid, owner.pw_gid)


def fill_with_servers(folder):
    """Puts the server.js of the seeds into a folder, and one that looks around."""
    for source, name in (("node.mjs", "server.js"), ("probe.py", "probe.py")):
        shutil.copyfile(mcp.SOURCE / "tests" / "servers" / source, folder / name)
        (folder / name).chmod(0o755)
    mcp.write(folder / "package.json", {"type": "module"})


def make(path):
    """Makes a folder that a seed names."""
    path = pathlib.Path(path)
    if path.exists():
        raise Skip("%s exists on this machine" % path)
    try:
        path.mkdir()
    except OSError as reason:
        raise Skip("%s cannot be made: %s" % (path, reason.strerror)) from None
    path.chmod(0o755)
    return path


def open_local(engine, entry, permission, twice):
    """A router with the server of a seed, and with one in the same sandbox that looks around."""
    py = {**entry, "id": "py", "command": mcp.outside_program("python3"), "args": ["probe.py"]}
    router = Router(engine, [entry, py] if twice else [entry],
                    options=["--allow-unsandboxed"] if permission else [])
    router.initialize()
    check(entry["id"] + "_identity" in router.list_tools(), router.log_text())
    found = ask(router, entry["id"] + "_identity")
    check(found["user"] and found["temporary_writable"] is True, str(found))
    if twice:
        check(not ask(router, "py_route_out")["done"], "there is a network")
        check(set(found["interfaces"]) <= {"lo"}, "it sees interfaces")
    return router


def look_at_path(router, path, home):
    """What is in the path of a seed is there; of another's home nothing beside it is."""
    found = ask(router, "py_read_file", {"path": path + "/shown"})
    equal(found.get("text"), "in the path", str(found))
    above = os.path.dirname(path)
    if home == "another":
        check(not ask(router, "py_read_file", {"path": above + "/beside"})["done"], "beside")
        equal(ask(router, "py_list_directory", {"path": above})["names"],
              [os.path.basename(path)], "what is shown of that home")


def try_firejail(row, engine, entry):
    options = entry["sandbox"]["strategy"]["firejail"]
    app = scratch("app")
    fill_with_servers(app)
    options["read_only_paths"] = [str(app)]
    entry["sandbox"]["work_dir"] = str(app)
    if "home" not in row:
        open_local(engine, entry, False, True).close()
        return
    named, = options["whitelist_paths"]
    if row["home"] == "own":
        named = os.path.join(engine.owner().pw_dir, "e2e-%d" % os.getpid())
        options["whitelist_paths"] = [named]
        made = make(named)
    else:
        made = make(os.path.dirname(named))
        mcp.write(made / "beside", "x")
    try:
        path = pathlib.Path(named)
        path.mkdir(exist_ok=True)
        give(engine, path)
        mcp.write(path / "shown", "in the path")
        router = open_local(engine, entry, False, True)
        look_at_path(router, named, row["home"])
        router.close()
    finally:
        shutil.rmtree(made)


def try_bubblewrap(_row, engine, entry):
    (place, inside), = entry["sandbox"]["strategy"]["bubblewrap"]["rw_binds"]
    entry["sandbox"]["work_dir"] = inside
    made = make(place)
    try:
        fill_with_servers(made)
        give(engine, made)
        router = open_local(engine, entry, False, True)
        check(ask(router, "py_write_file", {"path": inside + "/made"})["done"], "not writable")
        check((made / "made").exists(), "what was written did not arrive")
        router.close()
    finally:
        shutil.rmtree(made)


def try_none(row, engine, entry):
    mcp.needs_plain_keeper()
    app = scratch("app")
    fill_with_servers(app)
    entry["sandbox"] = {"strategy": entry["sandbox"]["strategy"], "work_dir": str(app)}
    if row["outcome"] == "refused":
        refused(row, engine, entry)
    else:
        open_local(engine, entry, row.get("permission", False), False).close()


# --- All of them ------------------------------------------------------------------------------

def serves(row, engine, entry):
    server = entry["id"]
    router = Router(engine, [entry])
    router.initialize()
    tools = router.list_tools()
    check(server + "_identity" in tools,
          "it has no tools: %s\n%s" % (list(tools), router.log_text()))
    found = content(router.call(server + "_identity"))
    equal(sorted(found["interfaces"]), sorted(row.get("interfaces", ["lo"])))
    for form, value in row.get("container", {}).items():
        equal(engine.inspect(server, form), value, form)
    router.close()
    engine.no_container(server)


def refused(row, engine, entry):
    _, shown, errors = jauauth(engine, [entry], "tools", entry["id"])
    contains(errors, *row["says"])
    check("identity" not in shown, "it serves")
    engine.no_container(entry["id"])


def try_row(row):
    engine = ENGINES[row["engine"]]
    engine.need()
    if "limits" in row and row["limits"] != limits_of(engine):
        raise Skip("limits are not %s here" % row["limits"])
    with open(SEEDS / (row["file"] + ".json"), encoding="utf-8") as file:
        entry = json.load(file)["servers"][0]
    equal((entry["command"], entry["args"]), ("node", ["server.js"]), "the seed")
    local = {"firejail": try_firejail, "bubblewrap": try_bubblewrap, "none": try_none}
    if engine.name in local:
        local[engine.name](row, engine, entry)
        return
    # The tests look for containers by the server, and other tests run at the same time.
    entry["id"] += "-" + os.urandom(4).hex()
    outcome = {"serves": serves, "refused": refused}[row["outcome"]]
    if row.get("image") != "node":
        outcome(row, engine, entry)
        return
    plain = engines.PLAIN_IMAGE
    kept = engines.command(engine.client(
        "inspect", "--type", "image", "--format", "{{.Id}}", plain)).strip()
    engines.command(engine.client("tag", engines.NODE_IMAGE, plain))
    try:
        outcome(row, engine, entry)
    finally:
        engines.command(engine.client("tag", kept, plain))


with open(engines.HERE / "outcomes.json", encoding="utf-8") as table:
    ROWS = json.load(table)


def notes_of(row):
    notes = [row[key] for key in ("limits", "image") if key in row]
    if "home" in row:
        notes.append("the path in %s" % {"own": "the account's own home",
                                         "another": "another home"}[row["home"]])
    if row.get("permission"):
        notes.append("with permission")
    return " (%s)" % " ".join(notes) if notes else ""


@case("each servers file has a row, and each row its file")
def _():
    equal(sorted({row["file"] for row in ROWS}), sorted(path.stem for path in SEEDS.glob("*.json")))


for each in ROWS:
    add_case("%s, %s%s: %s" % (each["file"], each["engine"], notes_of(each), each["outcome"]),
             try_row, each)
mcp.main()
