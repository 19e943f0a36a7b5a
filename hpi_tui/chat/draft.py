"""Draft: what is being typed into the chat, as text and a place in it; pure steps from one draft to the next.

A draft may hold line ends, which come by pasting or ^j. It never holds more than one question can.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from hpi_core.chat.printable import QUESTION, printable

_LOOKED_AT = 20 * QUESTION  # of a paste: what lies beyond it is counted, not read
_WORD = re.compile(r"\s*\S+")


@dataclass(frozen=True)
class Draft:
    """A text and the place of the cursor in it, 0 to its length."""

    text: str = ""
    at: int = 0

    @property
    def line_start(self) -> int:
        """Where the line of the cursor begins."""
        return self.text.rfind("\n", 0, self.at) + 1

    @property
    def line_end(self) -> int:
        """Where the line of the cursor ends."""
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end


def whole(text: str) -> Draft:
    """Return a draft of this text with the cursor at its end."""
    return Draft(text[:QUESTION], len(text[:QUESTION]))


def typed(draft: Draft, text: str) -> Draft:
    """Put text in at the cursor, as far as there is room."""
    kept = text[: QUESTION - len(draft.text)]
    return Draft(draft.text[: draft.at] + kept + draft.text[draft.at :], draft.at + len(kept))


def pasted(draft: Draft, text: str) -> tuple[Draft, str]:
    """Put pasted text in at the cursor; returns also a sentence where not all of it was taken."""
    ended = text[:_LOOKED_AT].replace("\r\n", "\n").replace("\r", "\n")
    plain = printable(ended).strip("\n")
    after = typed(draft, plain)
    kept = len(after.text) - len(draft.text)
    if kept == len(plain) and len(text) <= _LOOKED_AT:
        return after, ""
    return after, f"Pasted {len(text):,} characters: a question holds {QUESTION:,}, so the first {kept:,} were taken."


def _erased(draft: Draft, start: int, end: int) -> Draft:
    return Draft(draft.text[:start] + draft.text[end:], start)


def _word_before(draft: Draft) -> int:
    kept = draft.text[: draft.at].rstrip()
    return max(kept.rfind(" "), kept.rfind("\n")) + 1


def _word_after(draft: Draft) -> int:
    found = _WORD.match(draft.text, draft.at)
    return len(draft.text) if found is None else found.end()


EDITS: dict[str, Callable[[Draft], Draft]] = {
    "left": lambda draft: replace(draft, at=max(0, draft.at - 1)),
    "right": lambda draft: replace(draft, at=min(len(draft.text), draft.at + 1)),
    "home": lambda draft: replace(draft, at=draft.line_start),
    "end": lambda draft: replace(draft, at=draft.line_end),
    "ctrl+left": lambda draft: replace(draft, at=_word_before(draft)),
    "ctrl+right": lambda draft: replace(draft, at=_word_after(draft)),
    "backspace": lambda draft: _erased(draft, max(0, draft.at - 1), draft.at),
    "delete": lambda draft: _erased(draft, draft.at, draft.at + 1),
    "ctrl+w": lambda draft: _erased(draft, _word_before(draft), draft.at),
    "ctrl+k": lambda draft: _erased(draft, draft.at, draft.line_end),
    "ctrl+u": lambda draft: _erased(draft, draft.line_start, draft.at),
    "ctrl+j": lambda draft: typed(draft, "\n"),
}
EDITS |= {"ctrl+a": EDITS["home"], "ctrl+e": EDITS["end"], "ctrl+h": EDITS["backspace"], "ctrl+d": EDITS["delete"]}


def line_above(draft: Draft) -> Draft | None:
    """Return the draft with the cursor one line higher, None where it stands in the first."""
    if draft.line_start == 0:
        return None
    column, end = draft.at - draft.line_start, draft.line_start - 1
    start = draft.text.rfind("\n", 0, end) + 1
    return replace(draft, at=min(start + column, end))


def line_below(draft: Draft) -> Draft | None:
    """Return the draft with the cursor one line lower, None where it stands in the last."""
    if draft.line_end == len(draft.text):
        return None
    column, start = draft.at - draft.line_start, draft.line_end + 1
    end = draft.text.find("\n", start)
    return replace(draft, at=min(start + column, len(draft.text) if end < 0 else end))


class Recall:
    """Earlier questions above the draft, suggested ones below it; walking keeps what was being typed."""

    def __init__(self) -> None:
        self._earlier: list[str] = []
        self.suggested: tuple[str, ...] = ()
        self._at = 0  # below 0 an earlier one, above it a suggestion
        self._typed = ""

    def keep(self, question: str) -> None:
        """Remember a question that was sent, the latest last; back at the draft."""
        self._earlier = [*(other for other in self._earlier if other != question), question]
        self._at = 0

    def step(self, draft: Draft, delta: int) -> Draft:
        """Go up (-1) to an earlier question or down (1) to a suggestion, not beyond the last of them."""
        if self._at == 0 or draft.text != self._text_at(self._at):
            self._at, self._typed = 0, draft.text
        self._at = max(-len(self._earlier), min(self._at + delta, len(self.suggested)))
        return whole(self._text_at(self._at))

    def _text_at(self, place: int) -> str:
        if place == 0:
            return self._typed
        if place > len(self.suggested) or -place > len(self._earlier):
            return ""
        return self._earlier[place] if place < 0 else self.suggested[place - 1]
