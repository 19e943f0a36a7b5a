"""The rows of one turn: who speaks in a hanging margin, the answer, and below it what was checked and what it cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hpi_core.numerals import plural
from hpi_core.text import safe
from hpi_tui.chat.turns import Turn
from hpi_tui.panes.chat_text import Piece, Row, answer_rows, wrapped
from hpi_tui.theme import Look

if TYPE_CHECKING:
    from hpi_core.chat.wire import Usage

LEAD = 6
WIDEST = 76  # cells of prose
_QUESTION_ROWS = 6


def turn_rows(look: Look, turn: Turn, width: int) -> list[Row]:
    """Return the rows of a turn, a blank one at its end."""
    room = max(8, min(WIDEST, width - LEAD - 1))
    said = [piece for line in _question(look, turn, room) for piece in [line]]
    rows = _beside("you", "you", said)
    answer = _answer(look, turn, room)
    if answer:
        rows += [[], *_beside("hpi", "strong", answer)]
    return [*rows, []]


def _beside(who: str, token: str, rows: list[Row]) -> list[Row]:
    """Put rows beside the name of who says them."""
    first = Piece(f" {who:<{LEAD - 1}}", token, True)
    return [[first if not at else Piece(" " * LEAD), *row] for at, row in enumerate(rows)]


def _question(look: Look, turn: Turn, room: int) -> list[Row]:
    rows: list[Row] = []
    lines = turn.question.split("\n")
    for line in lines[: _QUESTION_ROWS + 1]:
        rows += wrapped([Piece(look.sign(line))], room)
    if len(rows) > _QUESTION_ROWS:
        left = len(turn.question) - sum(len(piece.text) for row in rows[:_QUESTION_ROWS] for piece in row)
        rows = [*rows[:_QUESTION_ROWS], [Piece(f"{look.sign('…')} {left:,} more characters", "muted")]]
    return rows


def _answer(look: Look, turn: Turn, room: int) -> list[Row]:
    verified = turn.verified
    if turn.offline and verified is not None:
        verified = type(verified)(verified.text, (), verified.citations)  # it quotes the analysis: nothing to check
    rows: list[Row] = []
    if turn.text.strip():
        rows = answer_rows(look, turn.text, verified, room)
    foot = _foot(look, turn)
    if rows and foot:
        rows.append([])
    for line in foot:
        rows += wrapped(line, room, 2 if line[0].token == "err" else 0)
    return rows


def _foot(look: Look, turn: Turn) -> list[list[Piece]]:
    """Return what is to be said below an answer."""
    if turn.running:
        return []
    lines: list[list[Piece]] = []
    if turn.problem is not None:
        lines.append([Piece(look.sign("✗ "), "err", True), Piece(look.sign(safe(turn.problem.message, 400)))])
        if turn.problem.hint:
            lines.append([Piece("  "), Piece(look.sign(safe(turn.problem.hint, 400)), "muted")])
    elif turn.stop == "cancelled":
        said = "cancelled; what had come is kept" if turn.text.strip() else "cancelled before anything came"
        lines.append([Piece(said, "muted")])
    lines += [[Piece(look.sign(safe(note, 400)), "muted")] for note in turn.notes]
    if not turn.offline and turn.text.strip():
        lines.append(_checks(look, turn))
    return [line for line in lines if line]


def _checks(look: Look, turn: Turn) -> list[Piece]:
    numbers = () if turn.verified is None else turn.verified.numbers
    unknown = 0 if turn.verified is None else turn.verified.unverified
    pieces: list[Piece] = []
    if found := len(numbers) - unknown:
        said = f"{plural(found, 'number')} found"
        pieces += [Piece(look.sign("✓ "), "good"), Piece(f"{said}  ", "muted")]
    if unknown:
        pieces.append(Piece(f"{unknown:,} not found  ", "warn"))
    if turn.looked:
        pieces.append(Piece(look.sign(f"looked up {', '.join(turn.looked[:4])}  "), "muted"))
    if turn.usage is not None:
        pieces.append(Piece(f"tokens {token_words(turn.usage)}", "muted", whole=True))
    return pieces


def total_usage(turns: Iterable[Turn]) -> Usage | None:
    """Return the tokens of all turns, None where none were used."""
    total = None
    for turn in turns:
        if turn.usage is not None and turn.usage != type(turn.usage)():
            total = turn.usage if total is None else total + turn.usage
    return total


def token_words(usage: Usage) -> str:
    """Say how many tokens went in and came out."""
    cached = f" ({usage.cached:,} cached)" if usage.cached else ""
    return f"{usage.input + usage.cached:,} in{cached}, {usage.output:,} out"
