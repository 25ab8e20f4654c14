#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers files as users wrote them, started for real: each has the outcome of outcomes.json."""

import json
import os
import sys

sys.dont_write_bytecode = True
import engines  # noqa: E402
import mcp  # noqa: E402
from engines import ALL, Router, content, jauauth  # noqa: E402
from mcp import Skip, add_case, check, contains, equal  # noqa: E402

ENGINES = {engine.text: engine for engine in ALL}


def limits_of(engine):
    """Whether this engine enforces limits here, as its own probe says."""
    _, shown, _ = jauauth(engine, [], "plugins", "show", engine.name, "--json")
    return "enforced" if "memory" in json.loads(shown)["probe"]["features"]["limits"] else "ignored"


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
    if row.get("limits", limits_of(engine)) != limits_of(engine):
        raise Skip("limits are not %s here" % row["limits"])
    with open(mcp.SOURCE / "tests" / "seed-configs" / (row["file"] + ".json"),
              encoding="utf-8") as file:
        entry = json.load(file)["servers"][0]
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
    for each in json.load(table):
        notes = " ".join(each[key] for key in ("limits", "image") if key in each)
        add_case("%s, %s%s: %s" % (each["file"], each["engine"], notes and " (%s)" % notes,
                                   each["outcome"]), try_row, each)
mcp.main()
