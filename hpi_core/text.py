"""safe(): the one door for text that came from data; what passes it cannot harm or fool a terminal."""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls, DEL, bidirectional overrides and isolates, zero-width and other invisible formatting characters,
# line and paragraph separators, tags, lone surrogates, non-characters, private use.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc\ufffe\uffff"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_ESCAPES = {"\t": "→", "\n": "↵", "\r": "↵"}
_LIMIT = 4096


def safe(text: object, limit: int = _LIMIT) -> str:
    """Return `text` as one line of printable characters, at most `limit` of them (`…` marks a cut).

    Tabs and line ends become visible signs, every other control or invisible character `\\xNN` or `\\uNNNN`, and runs
    of combining marks are cut to three per base. The result holds no terminal control and keeps its reading order;
    it is not escaped for any markup: hand it to widgets that take plain text.
    """
    raw = text if isinstance(text, str) else str(text)
    cut = raw[:limit]
    if not cut.isascii() or not cut.isprintable():
        cut = _HARMFUL.sub(_visible, cut)
        if not cut.isascii():
            cut = _calm(cut)
    if len(cut) > limit or len(raw) > limit:
        return cut[: limit - 1] + "…"
    return cut


def _visible(match: re.Match[str]) -> str:
    character = match.group()
    if character in _ESCAPES:
        return _ESCAPES[character]
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"


def _calm(text: str) -> str:
    """Cut runs of combining marks, which can cover the lines above and below."""
    out: list[str] = []
    run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= 3:
            out.append(character)
    return "".join(out)
