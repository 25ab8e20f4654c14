#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Routers with servers in containers are killed at random moments, as tests/e2e/outlive.py does."""

import os
import pathlib
import sys

OUTLIVE = pathlib.Path(__file__).resolve().parent.parent / "e2e" / "outlive.py"
# Podman by hand only, see doc/reliability.md: of it something was left now and then.
os.environ["JAUAUTH_E2E_STRATEGY"] = "docker"
os.execv(sys.executable, [sys.executable, str(OUTLIVE), *(sys.argv[1:] or ["random moments"])])
