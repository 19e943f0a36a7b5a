"""What the Chat pane says around the transcript: the opening, hints above the prompt, what goes on, and totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpi_core.text import safe
from hpi_tui.chat.turns import Turn
from hpi_tui.panes.chat_page import spread
from hpi_tui.panes.chat_rows import LEAD, WIDEST, total_usage
from hpi_tui.panes.chat_text import Piece, Row, wrapped

if TYPE_CHECKING:
    from hpi_tui.panes.chat import Chat

Notice = tuple[str, str] | None  # something said once, and its token


def opening(chat: Chat, width: int) -> list[Row]:
    """Return what stands in an empty transcript: who answers, what is sent, and what is answered here."""
    sign, room = chat.look.sign, max(8, min(WIDEST, width - 2))
    said: list[list[Piece]] = []
    if chat.conversation is None:
        said.append([Piece("Questions can be asked once the sweep is inspected.", "muted")])
    elif chat.off is not None:
        said.append([Piece("Chat off: ", "warn", True), Piece(sign(safe(chat.off.message, 300)))])
        if chat.off.hint:
            said.append([Piece(sign(safe(chat.off.hint, 300)), "muted")])
    elif chat.server is not None:
        who = f"{chat.server.model} at {chat.server.origin} answers questions about this sweep. "
        said.append([Piece(sign(who)), Piece("Before anything is sent you see all of it and say yes.", "muted")])
        said += [[Piece(sign(note), "warn")] for note in chat.server.notes]
    elif not chat.prepared and chat.active:
        said.append([Piece("Gathering what can be spoken of", "muted")])
    if chat.conversation is not None:
        said.append([Piece("Answered here, without a model:", "muted"), *_commands("")])
    rows: list[Row] = []
    for pieces in said:
        rows += [[Piece(" "), *row] for row in wrapped(pieces, room, 2)]
        rows.append([])
    return rows


def hints(chat: Chat, notice: Notice, width: int, lines: int) -> list[Row]:
    """Return the rows above the prompt: a long notice, the evidence of a citation, commands, or suggestions."""
    if lines == 0:
        return []
    if notice is not None and len(notice[0]) > width - 2:
        pieces = [Piece(chat.look.sign(notice[0]), notice[1])]
        return [[Piece(" "), *row] for row in spread(pieces, width - 2, lines, chat.look)]
    if chat.selected is not None and not chat.wide:
        return [[Piece(" "), *row] for row in spread(_evidence(chat), width - 2, lines, chat.look)]
    if chat.draft.text.startswith("/") and " " not in chat.draft.text:
        return [[Piece(" "), *row] for row in spread(_commands(chat.draft.text), width - 2, lines, chat.look)]
    if chat.draft.text and chat.draft.text not in chat.suggestions:
        return []
    sign = chat.look.sign
    return [
        [Piece(f" {'ask' if not at else '':<{LEAD - 1}}", "muted"), Piece(sign("› "), "you"),
         Piece(sign(_cut(text, width - LEAD - 3)), "strong" if text == chat.draft.text else "text")]
        for at, text in enumerate(chat.suggestions[:lines])
    ]  # fmt: skip


def going_on(chat: Chat, notice: Notice, waiting: str, below: int, width: int, *, alone: bool) -> Row:
    """Return the line above the prompt: a notice, what is being waited for, or how much stands below.

    With `alone` there are no rows of hints, so the evidence of the selected citation is said here.
    """
    sign = chat.look.sign
    if notice is not None and (alone or len(notice[0]) <= width - 2):
        return [Piece(" "), Piece(sign(notice[0]), notice[1])]
    if chat.selected is not None and alone:
        return [Piece(" "), *_evidence(chat)]
    turn = chat.transcript.running
    if turn is not None:
        said = waiting or ("Answering." if turn.state == "answering" else "Waiting for the answer.")
        return [Piece(" "), Piece(sign(said), "you" if waiting else "muted"), Piece("  Esc ", "strong", True),
                Piece("cancels", "muted")]  # fmt: skip
    if chat.selected is not None:
        return [Piece(" "), Piece("Enter ", "strong", True), Piece("goes there", "muted")]
    if below:
        said = f"{below:,} more line{'s' if below > 1 else ''}  "
        return [Piece(" "), Piece(sign(f"↓ {said}"), "muted"), Piece("PgDn", "strong", True)]
    return []


def totals(turns: Sequence[Turn]) -> str:
    """Return the tokens of all turns, or how many questions there were."""
    total = total_usage(turns)
    if total is None:
        return f"{len(turns):,} question{'s' if len(turns) > 1 else ''} " if turns else ""
    return f"tokens {total.input + total.cached:,} in  {total.output:,} out "


def completed(text: str) -> str | None:
    """Return a command that was begun, completed; None where none fits or it is complete."""
    if not text.startswith("/") or " " in text:
        return None
    from hpi_core.chat.commands import FORMS

    fitting = [form for form in FORMS if form.name.startswith(text[1:])]
    if not fitting or text[1:] == fitting[0].name:
        return None
    return f"/{fitting[0].name}{' ' if fitting[0].arguments else ''}"


def _commands(begun: str) -> list[Piece]:
    """Return the commands that begin so; of a single one, what it does."""
    from hpi_core.chat.commands import FORMS

    fitting = [form for form in FORMS if form.name.startswith(begun[1:])]
    if len(fitting) == 1:
        return [Piece(fitting[0].usage, "strong", True), Piece(f"  {fitting[0].help}", "muted")]
    return [Piece(f"  {form.usage}".replace(" ", "\u00a0"), "text") for form in fitting] or [
        Piece("There is no such command; /help lists them.", "warn")
    ]


def _evidence(chat: Chat) -> list[Piece]:
    """Return what stands at the selected citation."""
    from hpi_core.chat.glimpse import glimpse

    assert chat.selected is not None
    evidence = chat.transcript.evidence_of(chat.selected)
    said = "" if evidence is None else glimpse(evidence, chat.selected.label)
    return [Piece(f"[{chat.selected.label}] ", "good", True), Piece(chat.look.sign(said))]


def _cut(text: str, room: int) -> str:
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= room else f"{set_cell_size(text, max(0, room - 1))}…"
