# SPDX-License-Identifier: Apache-2.0
"""Finds members of a JSON object as the text that stands there, byte for byte."""

import json
import re

_decoder = json.JSONDecoder()
_blank = re.compile(r"[ \t\r\n]*")


def _skip(text, place):
    return _blank.match(text, place).end()


def members(text, place=0):
    """Yields (name, first, end) for each member of the object that begins at `place`."""
    place = _skip(text, place)
    if text[place] != "{":
        raise ValueError("not an object")
    place = _skip(text, place + 1)
    while text[place] != "}":
        name, place = _decoder.raw_decode(text, place)
        place = _skip(text, place)
        if text[place] != ":":
            raise ValueError("a colon is missing")
        first = _skip(text, place + 1)
        _, end = _decoder.raw_decode(text, first)
        yield name, first, end
        place = _skip(text, end)
        if text[place] == ",":
            place = _skip(text, place + 1)


def member(text, *path):
    """The text of the member that the names in `path` lead to, or None."""
    for name in path:
        found = None
        for key, first, end in members(text):
            if key == name:
                found = text[first:end]
        if found is None:
            return None
        text = found
    return text
