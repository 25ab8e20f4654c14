#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `verify` measures: an ordinary program is exposed, a sandbox holds, nothing is left."""

import glob
import json
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import mcp  # noqa: E402
from mcp import BUILD, JAUAUTH, Skip, case, check, equal  # noqa: E402


def verify(*arguments, code=None, program=(JAUAUTH,)):
    if not (BUILD / "sdk" / "canary" / "jauauth-canary").exists():
        raise Skip("the canary was not built")
    if mcp.ROOT and not mcp.account_exists():
        raise Skip("root needs the account %s" % mcp.ACCOUNT)
    folder = mcp.scratch("verify")
    host = mcp.write(folder / "host.conf", 'state_directory = "%s/state";\n' % folder)
    done = subprocess.run([*program, "--config", str(host), "--json", "verify", *arguments],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    if code is not None:
        equal(done.returncode, code, done.stderr.decode())
    equal(glob.glob("/tmp/.jauauth-decoy-*"), [], "decoys that are left")
    return done


def rows(done):
    server = json.loads(done.stdout)["servers"][0]
    return server, {row["name"]: row["measured"] for row in server.get("properties", [])}


@case("without a sandbox files, processes and the network are open, and the level is NONE")
def _():
    server, found = rows(verify("--strategy", "none"))
    equal(server["level"], "NONE")
    for name in ("no-network", "private-tmp", "no-outward-signals", "private-pid-namespace"):
        equal(found[name], "open", name)
    for name in ("clean-environment", "no-inherited-descriptors", "ends-with-host"):
        equal(found[name], "held", name)


@case("bubblewrap holds what it claims")
def _():
    if not shutil.which("bwrap"):
        raise Skip("bubblewrap is not installed")
    server, found = rows(verify("--strategy", "bubblewrap", code=0))
    check(server["level"] in ("LOW", "MEDIUM", "HIGH"), server["level"])
    for name in ("no-network", "private-tmp", "no-outward-signals", "private-pid-namespace",
                 "clean-environment", "no-inherited-descriptors", "ends-with-host"):
        equal(found[name], "held", name)


@case("a canary that others can change, or that is missing, is refused")
def _():
    folder = mcp.scratch("canary")
    shutil.copy(JAUAUTH, folder / "canary")
    (folder / "canary").chmod(0o777)
    for path in (folder / "canary", folder / "missing"):
        program = (str(BUILD / "core" / "jauauth"), "--canary", str(path), "--keeper",
                   str(BUILD / "core" / "sandbox" / "jauauth-keeper"))
        done = verify("--strategy", "none", program=program)
        check(done.returncode != 0 and b"the canary cannot be used" in done.stderr,
              done.stderr.decode())


mcp.main()
