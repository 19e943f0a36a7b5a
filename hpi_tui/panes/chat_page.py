"""The page of the Chat pane: what stands on which line at a size, and what a click there means.

From top to bottom: title, transcript, three lines of hints (evidence, commands or suggestions), what goes on, prompt.
Their heights depend on the size and the draft alone, so nothing jumps while an answer comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from hpi_tui.chat.draft import Draft
from hpi_tui.panes.chat_text import Piece, Row, wrapped
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, title

HINTS = 3
_LEAST_LOG = 6
_MOST_PROMPT = 5
_PROMPT_LEAD = 4
_UNDERLINED = Style(underline=True)


class Cited(NamedTuple):
    """A citation in the transcript: of which turn, and its label."""

    turn: int
    label: str


@dataclass(frozen=True)
class Shown:
    """What is to be drawn; `log` holds every row of the transcript and the turn it belongs to (-1 for none)."""

    log: Sequence[tuple[int, Row]]
    top: int
    hints: Sequence[Row]
    going_on: Row
    draft: Draft
    placeholder: str
    selected: Cited | None
    state: str
    right: str
    active: bool


@dataclass(frozen=True)
class Page:
    """The lines of the pane, the citations by line and columns, and the lines of hints and prompt."""

    strips: list[Strip]
    cited: dict[int, list[tuple[int, int, Cited]]]
    first_hint: int
    first_prompt: int


class Heights(NamedTuple):
    """How many lines each part has."""

    log: int
    hints: int
    prompt: int


def heights(width: int, height: int, draft: Draft) -> Heights:
    """Share out the lines below the title; the line of what goes on is always there."""
    rows = len(_prompt_rows(draft.text, width)) if draft.text else 1
    prompt = max(1, min(rows, _MOST_PROMPT, height // 4))
    left = height - 2 - prompt
    hints = HINTS if left - HINTS >= _LEAST_LOG else 0
    return Heights(max(0, left - hints), hints, prompt)


def draw(look: Look, shown: Shown, width: int, height: int) -> Page:
    """Draw the pane in `height` lines of `width` cells."""
    share = heights(width, height, shown.draft)
    label = [Run(" 5 Chat ", "text", True)]
    state = f" {shown.state}" if len(shown.state) + len(shown.right) + 12 <= width else ""
    strips = [title(look, width, label, [Run(state, "muted")], [Run(shown.right, "muted")], shown.active)]
    cited: dict[int, list[tuple[int, int, Cited]]] = {}
    for turn, row in shown.log[shown.top : shown.top + share.log]:
        if found := _citations(turn, row):
            cited[len(strips)] = found
        strips.append(_strip(look, row, width, turn, shown.selected))
    strips += [_strip(look, [], width)] * (1 + share.log - len(strips))
    strips += [_strip(look, [], width)] * (share.hints - len(shown.hints))
    first_hint = len(strips)
    strips += [_strip(look, row, width) for row in shown.hints[: share.hints]]
    strips.append(_strip(look, shown.going_on, width))
    first_prompt = len(strips)
    strips += _prompt(look, shown, width, share.prompt)
    return Page(strips[:height], cited, first_hint, first_prompt)


def spread(pieces: Sequence[Piece], width: int, lines: int, look: Look) -> list[Row]:
    """Break pieces into at most so many rows of hints, the last of them cut with a sign where there were more."""
    rows = wrapped(pieces, width, 2)
    if len(rows) > lines:
        rows = rows[:lines]
        rows[-1] = [*rows[-1], Piece(look.sign("…"), "muted")]
    return rows


def _citations(turn: int, row: Row) -> list[tuple[int, int, Cited]]:
    found: list[tuple[int, int, Cited]] = []
    x = 0
    for piece in row:
        size = cell_len(piece.text)
        if piece.label:
            found.append((x, x + size, Cited(turn, piece.label)))
        x += size
    return found


def _strip(look: Look, row: Row, width: int, turn: int = -1, selected: Cited | None = None) -> Strip:
    segments = []
    for piece in row:
        here = bool(piece.label) and selected == (turn, piece.label)
        style = look.style("strong" if here else piece.token, "cur" if here else "ground", bold=piece.bold or here)
        segments.append(Segment(piece.text, style + _UNDERLINED if piece.label else style))
    return Strip(segments).simplify().adjust_cell_length(width, look.style())


def _prompt(look: Look, shown: Shown, width: int, lines: int) -> list[Strip]:
    """Draw what is being typed, the lines around the cursor where it is longer than there is room."""
    ground = "cur" if shown.active else "cur2"
    rows = _prompt_rows(shown.draft.text, width)
    row_at, column = _cursor(rows, shown.draft.at)
    first = max(0, min(row_at - lines // 2, len(rows) - lines))
    strips = []
    for at in range(first, first + lines):
        start, end = rows[at] if at < len(rows) else (0, 0)
        text = shown.draft.text[start:end]
        bar = look.sign("▌") if shown.active else " "
        sign = look.sign("›") if at == 0 else " "
        segments = [
            Segment(bar, look.style("strong", ground)),
            Segment(f" {sign} ", look.style("you", ground, bold=True)),
        ]
        plain, marked = (
            look.style("strong" if shown.active else "text", ground),
            Style(reverse=not _reversed(look, ground)),
        )
        if not shown.draft.text:
            words = shown.placeholder or " "
            before, under, after = "", words[:1] if shown.active else "", words[1:] if shown.active else words
            quiet = look.style("muted", ground)
            segments += [Segment(under, quiet + marked), Segment(after, quiet)]
        elif shown.active and at == row_at:
            before, under, after = text[:column], text[column : column + 1] or " ", text[column + 1 :]
            segments += [Segment(look.sign(before), plain), Segment(look.sign(under), plain + marked)]
            segments.append(Segment(look.sign(after), plain))
        else:
            segments.append(Segment(look.sign(text), plain))
        strips.append(Strip([one for one in segments if one.text]).adjust_cell_length(width, plain))
    return strips


def _reversed(look: Look, ground: str) -> bool:
    """Whether a ground is drawn by reversing already, so that the cursor must be drawn by not doing so."""
    return not look.fills and ground == "cur"


def _prompt_rows(text: str, width: int) -> list[tuple[int, int]]:
    """Return where each row of the prompt begins and ends in its text; one cell is kept for the cursor."""
    room = max(2, width - _PROMPT_LEAD - 1)
    rows: list[tuple[int, int]] = []
    start = 0
    for line in text.split("\n"):
        begin, used = start, 0
        for place, character in enumerate(line, start):
            size = cell_len(character)
            if used + size > room:
                rows.append((begin, place))
                begin, used = place, 0
            used += size
        rows.append((begin, start + len(line)))
        start += len(line) + 1
    return rows


def _cursor(rows: Sequence[tuple[int, int]], at: int) -> tuple[int, int]:
    """Return the row of the prompt the cursor stands in, and its place in it."""
    for number, (start, end) in enumerate(rows):
        broken = number + 1 < len(rows) and rows[number + 1][0] == end
        if start <= at < end or (at == end and not broken):
            return number, at - start
    return len(rows) - 1, 0
