"""Text from data inside Markdown: shown as it stands, never a table border, a tag, a link or a heading."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hpi_core.text import safe

_LINK = re.compile(r"://|www\.|@|mailto:", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\`*\[\]<|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=[#A-Za-z]))")
_LEADING = re.compile(r"^(\s*(?:\d+(?=[.)])|(?=[#>+\-=])))")


def prose(text: object) -> str:
    """Return text for running prose or a table cell; words that would become links stand in code."""
    words = [code(word) if _LINK.search(word) else _SPECIAL.sub(r"\\\1", word) for word in safe(text).split(" ")]
    return _LEADING.sub(r"\1\\", " ".join(words))


def code(text: object) -> str:
    """Return text as a code span that holds whatever stands in it, in a table cell, too."""
    clean = safe(text).strip() or " "
    longest = max((len(run) for run in re.findall(r"`+", clean)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{fence}{pad}{clean}{pad}{fence}".replace("|", "\\|")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Return the lines of a table; cells are Markdown already. Columns numbered in `right` lean right."""
    rule = ["---:" if place in right else "---" for place in range(len(headings))]
    lines = [headings, rule, *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
