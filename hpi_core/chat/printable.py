"""printable(): an answer's lines, fit for a terminal: a model may have been talked into anything."""

from __future__ import annotations

import re

from hpi_core.text import safe

_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufe0e\ufe0f\ufeff]")  # joiners and variants that models write with signs
_LINE = 100_000
QUESTION = 8_000  # characters of one question that are sent


def printable(text: str) -> str:
    """Return text with its line ends, and nothing else that is not a printable character."""
    if text.isascii() and text.isprintable():
        return text
    plain = _INVISIBLE.sub("", text).replace("\r\n", "\n").replace("\t", "    ")
    return "\n".join(safe(line, _LINE) for line in plain.split("\n"))
