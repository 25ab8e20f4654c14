#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema of the servers file, by a validator that is not ours, against the reader."""

import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import Skip, add_case, case, check, contains, equal, run, scratch, write  # noqa

try:
    import jsonschema
except ImportError:
    jsonschema = None

_schema = None


def schema():
    global _schema
    if jsonschema is None:
        raise Skip("there is no python3-jsonschema")
    if _schema is None:
        status, out, err = run(["config", "schema"])
        equal((status, err), (0, ""), "exit status and standard error")
        _schema = json.loads(out)
    return _schema


def complaints(document):
    return [each.message for each in jsonschema.Draft7Validator(schema()).iter_errors(document)]


def installed():
    found = json.loads(run(["plugins", "list", "--json"])[1])["plugins"]
    return {each["name"] for each in found}


def strategies_of(document):
    """The strategies that are named in it, as far as it has the right shape."""
    found = set()

    def walk(value):
        for name, below in (value.items() if isinstance(value, dict) else enumerate(value)):
            if name == "strategy":
                found.update([below] if isinstance(below, str) else below)
            elif isinstance(below, (dict, list)):
                walk(below)
    walk(document)
    return found


def needs(document):
    missing = strategies_of(document) - installed()
    if missing:
        raise Skip("the strategy %s is not built" % ", ".join(sorted(missing)))


def reader(document):
    """Whether `config check` takes the file, and what it says."""
    file = write(scratch("schema") / "servers.json", document)
    status, out, err = run(["config", "check", file, "--allow-unsandboxed"])
    check(status in (0, 1), out + err)
    return status == 0, out + err


@case("the schema is one of draft 07, and says so")
def _():
    equal(schema()["$schema"], "http://json-schema.org/draft-07/schema#")
    jsonschema.Draft7Validator.check_schema(schema())


@case("every key and every option is described, by the option tables of the plugins")
def _():
    definitions = schema()["definitions"]
    for table in (schema(), *(definitions[name] for name in ("server", "namedServer", "sandbox"))):
        for name, key in table["properties"].items():
            check(key.get("description"), "%s has no description" % name)
    forms = definitions["strategy"]["anyOf"]
    for name in installed():
        options = json.loads(run(["plugins", "show", name, "--json"])[1])["description"]["options"]
        options = [each for each in options if not each["host"]]
        known = forms[1]["properties"][name]
        equal(sorted(known["properties"]), sorted(each["name"] for each in options), name)
        needed = sorted(each["name"] for each in options if each["required"])
        equal(sorted(known.get("required", [])), needed, name)
        equal(name in forms[0]["enum"], not needed, "%s alone is enough" % name)
        for each in options:
            contains(known["properties"][each["name"]]["description"], each["help"])


def accepts_seed(path):
    document = json.loads(path.read_text())
    schema()
    needs(document)
    equal(complaints(document), [])


for _path in sorted((mcp.SOURCE / "tests" / "seed-configs").glob("*.json")):
    add_case("it accepts the seed " + _path.stem, accepts_seed, _path)


def one(**more):
    return {"servers": [{"id": "a", "command": "/bin/cat", **more}]}


def box(**more):
    return one(sandbox={"strategy": "bubblewrap", **more})


def strategy(name, **options):
    return one(sandbox={"strategy": {name: options}})


WHOLE = {
    "$schema": "servers.schema.json", "timeout_ms": 1, "cache_tools": True, "servers": [
        {"id": "a-b_C9", "name": "A", "command": "/bin/cat", "args": ["", "-x"],
         "env": {"KEY": "", "a.b-c": "$$x"}, "requires_auth": True, "allowed_users": ["root"],
         "timeout_ms": 86400000, "start": "lazy", "idle_stop_ms": 0, "type": "stdio",
         "run_as": "jauauth-mcp",
         "sandbox": {"strategy": {"bubblewrap": {"share_net": False, "ro_binds": [["/usr", "/u"]],
                                                 "rw_binds": []}},
                     "network": "none", "mounts": ["/usr/share:/data:ro", "/etc:/etc2"],
                     "memory_limit": "1.5 GiB", "cpu_limit": 0.25, "pids_limit": 64,
                     "open_files_limit": "64", "file_size_limit": 4096, "home": "keep",
                     "work_dir": "/work", "temp_dir": "/tmp/x", "env_passthrough": ["LANG"],
                     "accept_partial": ["memory_limit", "cpu_limit", "pids_limit"],
                     "allow_swappable": ["/srv"]}}]}

# Each is right for the schema and for the reader.
for _text, _document in (
        ("a file with every key", WHOLE),
        ("no server", {"servers": []}),
        ("the shape of other clients", {"mcpServers": {"a": {"command": "/bin/cat"}}}),
        ("a strategy by its name", one(sandbox={"strategy": "none"})),
        ("half a processor", box(cpu_limit=".5")),
        ("decimals that are zeros", box(cpu_limit="0.2500")),
        ("processors beyond what there is", box(cpu_limit=1024)),
        ("a name of a network", box(network="host-only.1")),
        ("a limit in bytes", box(memory_limit=1048576)),
        ("a limit with a unit in capitals", box(memory_limit="64MB")),
        ("an id of 40 letters", one(id="x" * 40)),
        ("doubled slashes", box(work_dir="//data//x/..y")),
        ("a container", strategy("podman", image="x", memory_limit="256m", cpu_limit="0.5",
                                 network=True, mounts=["/usr/share:/data:ro"])),
        ("flags", strategy("firejail", profile="default", whitelist_paths=["/usr/share"],
                           net=False, no_root=True, extra_args=["--nosound"]))):
    def accepted(document):
        schema()
        needs(document)
        equal(complaints(document), [])
        right, text = reader(document)
        # An engine that is not here is no fault of the file, but its plugin may find more.
        check(right or "podman" in str(document) or "firejail" in str(document), text)
    add_case("it accepts " + _text, accepted, _document)

# Each is wrong for the schema and for the reader.
for _text, _document in (
        ("no object", []),
        ("neither of the shapes", {"timeout_ms": 5}),
        ("both shapes", {"servers": [], "mcpServers": {}}),
        ("an unknown key at the top", {"servers": [], "timeuot_ms": 5}),
        ("servers that are an object", {"servers": {}}),
        ("a time-out of nothing", {"servers": [], "timeout_ms": 0}),
        ("a time-out in words", {"servers": [], "timeout_ms": "30s"}),
        ("a time-out of more than a day", {"servers": [], "timeout_ms": 86400001}),
        ("a word for true", {"servers": [], "cache_tools": "yes"}),
        ("a server that is a text", {"servers": ["a"]}),
        ("no id", {"servers": [{"command": "/bin/cat"}]}),
        ("no command", {"servers": [{"id": "a"}]}),
        ("an empty command", one(command="")),
        ("a command of the wrong type", one(command=["/bin/cat"])),
        ("an unknown key of a server", one(agrs=[])),
        ("a key of other programs", one(cwd="/x")),
        ("an address", one(url="https://example.org")),
        ("an id with a space", one(id="my server")),
        ("an id that begins with a digit", one(id="1st")),
        ("an id that is too long", one(id="x" * 41)),
        ("a key as id with a space", {"mcpServers": {"my server": {"command": "/bin/cat"}}}),
        ("an id beside the key", {"mcpServers": {"a": {"id": "a", "command": "/bin/cat"}}}),
        ("arguments that are a text", one(args="-x")),
        ("an argument that is a number", one(args=[1])),
        ("a variable that is a number", one(env={"A": 1})),
        ("a variable with = in its name", one(env={"A=B": ""})),
        ("a variable without a name", one(env={"": ""})),
        ("another start", one(start="later")),
        ("another type", one(type="http")),
        ("users that are a text", one(allowed_users="root")),
        ("a sandbox that is a text", one(sandbox="none")),
        ("an unknown key of a sandbox", box(memory_limits="1g")),
        ("a limit in an unknown unit", box(memory_limit="256q")),
        ("a limit without its unit", box(memory_limit=256)),
        ("a limit that is true", box(memory_limit=True)),
        ("too much memory", box(memory_limit=2 ** 50 + 1)),
        ("a share of processors in words", box(cpu_limit="half")),
        ("a share of four decimals", box(cpu_limit="0.1234")),
        ("a share of nothing", box(cpu_limit=0)),
        ("an empty share", box(cpu_limit="")),
        ("a fraction of a process", box(pids_limit=1.5)),
        ("too few files", box(open_files_limit=15)),
        ("another home", box(home="mine")),
        ("a directory that is not absolute", box(work_dir="~/x")),
        ("a directory with ..", box(work_dir="/a/../b")),
        ("the root as a directory", box(temp_dir="//")),
        ("a mount without an inside", box(mounts=["/srv"])),
        ("a mount with an unknown flag", box(mounts=["/usr:/usr:wr"])),
        ("a mount with ..", box(mounts=["/usr/..:/usr:ro"])),
        ("a mount of the root", box(mounts=["/:/x"])),
        ("a mount that is a pair", box(mounts=[["/usr", "/usr"]])),
        ("a network of the wrong type", box(network=0)),
        ("a name that no network has", box(network="my network")),
        ("a limit that is none", box(accept_partial=["memory"])),
        ("a property in capitals", box(require=["No-Network"])),
        ("a source that is not absolute", box(allow_swappable=["srv"])),
        ("a strategy that is a list", one(sandbox={"strategy": ["bubblewrap"]})),
        ("two strategies", one(sandbox={"strategy": {"bubblewrap": {}, "none": {}}})),
        ("a strategy without a name", one(sandbox={"strategy": {}})),
        ("options that are a list", one(sandbox={"strategy": {"bubblewrap": []}})),
        ("an unknown option", strategy("bubblewrap", ro_bind=[])),
        ("an option of the wrong type", strategy("bubblewrap", share_net="no")),
        ("a bind without its inside", strategy("bubblewrap", ro_binds=[["/usr"]])),
        ("a bind of three paths", strategy("bubblewrap", ro_binds=[["/usr", "/a", "/b"]])),
        ("a bind that is not absolute", strategy("bubblewrap", ro_binds=[["usr", "/usr"]])),
        ("an option of a strategy that has none", strategy("none", image="x")),
        ("a missing image", strategy("docker", memory_limit="256m")),
        ("a container's name alone", one(sandbox={"strategy": "docker"})),
        ("a limit of a container in an unknown unit",
         strategy("podman", image="x", memory_limit="256q")),
        ("flags that are a text", strategy("podman", image="x", extra_flags="--rm")),
        ("a mount of a container without an inside", strategy("docker", image="x",
                                                              mounts=["/srv"])),
        ("a path that is not absolute", strategy("firejail", whitelist_paths=["docs"]))):
    def refused(document):
        schema()
        needs(document)
        check(complaints(document), "the schema accepts it")
        right, text = reader(document)
        check(not right, "the reader accepts it\n" + text)
    add_case("it refuses " + _text, refused, _document)


@case("it refuses a strategy that is not installed, which the reader only warns of")
def _():
    check(complaints(one(sandbox={"strategy": "bublewrap"})), "accepted")
    check(complaints(strategy("bublewrap")), "accepted")


def only_with(folder):
    """The schema of the program without the plugins that were built beside it."""
    if "JAUAUTH" in os.environ:
        raise Skip("an installed program has its own plugins")
    done = subprocess.run([str(mcp.BUILD / "core" / "jauauth"), "--plugin-dir", str(folder),
                           "config", "schema"], capture_output=True, text=True,
                          timeout=mcp.WAIT, check=False)
    return done.returncode, done.stdout, done.stderr


@case("whatever a plugin is given that cannot be asked is accepted, and it is named")
def _():
    schema()
    folder = scratch("plugins")
    (folder / "broken.so").write_bytes(b"no plugin")
    status, out, err = only_with(folder)
    equal(status, 0, err)
    contains(err, "broken")
    valid = jsonschema.Draft7Validator(json.loads(out)).is_valid
    check(valid(strategy("broken", anything=1)), "refused")
    check(not valid(strategy("bubblewrap")), "accepted")


@case("without plugins there is a schema still, which accepts no strategy")
def _():
    schema()
    status, out, err = only_with(scratch("none"))
    equal((status, err), (0, ""), "exit status and standard error")
    found = json.loads(out)
    jsonschema.Draft7Validator.check_schema(found)
    valid = jsonschema.Draft7Validator(found).is_valid
    check(valid(one()), "refused")
    check(not valid(box()), "accepted")


mcp.main()
