"""An answer as lines of styled pieces: numbers checked or not, citations, the little Markdown that models write.

The text is plain: whatever stands in it, it becomes characters in cells. Signs are put in before lines are broken, as
their plain twins are wider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from hpi_tui.theme import Look

if TYPE_CHECKING:
    from hpi_core.chat.verifier import Mark, Verified

_MARKUP = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*|`([^`\n]+)`")
_HEADING = re.compile(r"#{1,6}\s+")
_LEAD = re.compile(r"\s*(?:[-*•]\s+|\d{1,3}[.)]\s+)?")
_TABLE_GAP = re.compile(r"^(\s*\S.*?\s{2,})(?=\S)")
_SPLIT = re.compile(r"\s+|\S+")
_WHOLE = 24  # a number and its unit, or two numbers that belong together, stay in one row
_WIDEST_HANG = 0.4  # of the width: a description does not hang further in than this


class Piece(NamedTuple):
    """A run of characters in one token; `label` names the citation it is part of; one that is `whole` is not broken."""

    text: str
    token: str = "text"
    bold: bool = False
    label: str = ""
    whole: bool = False


Row = list[Piece]


def answer_rows(look: Look, text: str, verified: Verified | None, width: int) -> list[Row]:
    """Return an answer broken into rows of at most `width` cells.

    Args:
        look: tells how signs are drawn.
        text: the answer, printable, with its line ends.
        verified: what is known of its numbers and citations; those beyond its checked part are drawn plain.
        width: cells of a row.
    """
    rows: list[Row] = []
    start = 0
    spans = _spans(look, verified)
    for line in text.rstrip("\n").split("\n"):
        end = start + len(line)
        inside: list[_Span] = []
        while spans and spans[-1].start < end:
            inside.append(spans.pop())
        rows += wrapped(_pieces(look, line, start, inside), width, _hang(line, width))
        start = end + 1
    return rows


def wrapped(pieces: Sequence[Piece], width: int, hang: int = 0) -> list[Row]:
    """Break pieces into rows between words; every row but the first begins `hang` blanks in."""
    width = max(8, width)
    rows: list[Row] = [[]]
    used, gap = 0, ""
    broken = sum(cell_len(piece.text) for piece in pieces) > width
    for word in _words(pieces):
        size = sum(cell_len(piece.text) for piece in word)
        if word[0].text.isspace():
            gap += "".join(piece.text for piece in word)
            gap = "  " if broken and used and len(gap) > 2 else gap  # a column that lines up with nothing any more
            continue
        if used and used + len(gap) + size > width:
            rows.append([Piece(" " * hang)] if hang else [])
            used, gap = hang, ""
        if gap:
            kept = gap[: max(0, width - used - 1)]
            rows[-1].append(Piece(kept))
            used += len(kept)
        gap = ""
        for piece in word:
            for part in _cut_to(piece, width, used, hang):
                if part is None:
                    rows.append([Piece(" " * hang)] if hang else [])
                    used = hang
                else:
                    rows[-1].append(part)
                    used += cell_len(part.text)
    return rows


class _Span(NamedTuple):
    start: int
    end: int
    token: str
    bold: bool
    label: str
    after: tuple[Piece, ...] = ()
    inner: str = ""  # said before the last character, as in `[T9: unknown]`


def _spans(look: Look, verified: Verified | None) -> list[_Span]:
    """Return what is known of an answer's numbers and citations, the first of them last."""
    if verified is None:
        return []
    checked, unchecked = Piece(look.sign("✓"), "good"), Piece(" [unverified]", "warn", True)
    spans = []
    for at, one in enumerate(verified.numbers):
        pair = _second_of_pair(verified.numbers, at + 1)
        if pair is not None:  # `46 of 49` is checked as one
            spans.append(_Span(one.start, pair.end, "strong", True, "", (checked,)))
        elif _second_of_pair(verified.numbers, at) is None:
            token, after = ("strong", checked) if one.found else ("text", unchecked)
            spans.append(_Span(one.start, one.end, token, one.found, "", (after,)))
    spans += [
        _Span(one.start, one.end, "good", False, one.label)
        if one.known
        else _Span(one.start, one.end, "warn", True, "", (), ": unknown")
        for one in verified.citations
    ]
    return sorted(spans, reverse=True)


def _second_of_pair(numbers: Sequence[Mark], at: int) -> Mark | None:
    """Return the number at a place where it is what the one before it is so many out of."""
    found = 0 < at < len(numbers) and numbers[at].found and numbers[at].path.endswith("(out of)")
    return numbers[at] if found else None


def _pieces(look: Look, line: str, offset: int, spans: Sequence[_Span]) -> list[Piece]:
    """Return a line's pieces; `offset` is where it begins in the text the spans are places of."""
    heading = _HEADING.match(line)
    bold_line = heading is not None
    hidden, bold = _markup(line)
    if heading is not None:
        hidden |= set(range(heading.end()))
    pieces: list[Piece] = []
    at = 0
    for span in spans:
        start, end = span.start - offset, span.end - offset
        if start < at:
            continue
        pieces += _plain(line, at, start, hidden, bold, bold_line)
        text = line[start:end]
        if span.inner:
            text = f"{text[:-1]}{span.inner}{text[-1]}"
        pieces.append(Piece(text, span.token, span.bold or bold_line, span.label, whole=len(text) <= _WHOLE))
        pieces += span.after
        at = end
    pieces += _plain(line, at, len(line), hidden, bold, bold_line)
    return [piece._replace(text=look.sign(piece.text)) if look.ascii and not piece.text.isascii() else piece
            for piece in pieces]  # fmt: skip


def _markup(line: str) -> tuple[set[int], set[int]]:
    """Return which characters of a line are marks of Markdown, and which are bold."""
    hidden: set[int] = set()
    bold: set[int] = set()
    for found in _MARKUP.finditer(line):
        group = 1 if found[1] is not None else 2
        start, end = found.span(group)
        hidden |= {*range(found.start(), start), *range(end, found.end())}
        if group == 1:
            bold |= set(range(start, end))
    return hidden, bold


def _plain(line: str, start: int, end: int, hidden: set[int], bold: set[int], all_bold: bool) -> Iterator[Piece]:
    """Yield the pieces of a stretch without numbers and citations."""
    if not hidden and not bold:
        if start < end:
            yield Piece(line[start:end], "strong" if all_bold else "text", all_bold)
        return
    at = start
    for place in range(start, end + 1):
        here = place < end and place not in hidden
        if at < place and (not here or (place in bold) != (at in bold)):
            strong = all_bold or at in bold
            yield Piece(line[at:place], "strong" if strong else "text", strong)
            at = place
        if not here:
            at = place + 1


def _hang(line: str, width: int) -> int:
    """Return how far a broken line goes on: under the text of a list's entry, or of a table's second column."""
    lead = _LEAD.match(line)
    hang = 0 if lead is None else lead.end()
    gap = _TABLE_GAP.match(line[hang:])
    if gap is not None and hang + gap.end() <= width * _WIDEST_HANG:
        return hang + gap.end()
    return min(hang, width // 3)


def _words(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Yield stretches of blanks and of other characters; a word may go over several pieces."""
    word: list[Piece] = []
    for piece in pieces:
        for text in [piece.text] if piece.label or piece.whole else _SPLIT.findall(piece.text):
            part = piece._replace(text=text)
            if text.isspace():
                if word:
                    yield word
                yield [part]
                word = []
            else:
                word.append(part)
    if word:
        yield word


def _cut_to(piece: Piece, width: int, used: int, hang: int) -> Iterator[Piece | None]:
    """Yield a piece in parts that fit, None where a new row begins."""
    text, room = piece.text, width - used
    while cell_len(text) > room:
        kept = _prefix(text, room)
        if kept:
            yield piece._replace(text=text[:kept])
        yield None
        text, room = text[kept:], width - hang
    if text:
        yield piece._replace(text=text)


def _prefix(text: str, room: int) -> int:
    """Return how many characters of a text fit into so many cells."""
    taken = 0
    for count, character in enumerate(text):
        taken += cell_len(character)
        if taken > room:
            return count
    return len(text)
