"""The column beside a wide transcript: the evidence of the selected citation, what else is cited, who is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.panes.chat_page import Cited
from hpi_tui.panes.chat_rows import token_words, total_usage
from hpi_tui.panes.chat_text import Piece, wrapped
from hpi_tui.widgets.lines import Run, paint, title

if TYPE_CHECKING:
    from hpi_tui.panes.chat import Chat

WIDTH = 38  # cells, of which the first is a gap
FROM = 104  # cells of the pane from which there is room for it
_NAME = 11
_LEAST_CITED = 4


def draw_side(chat: Chat, height: int) -> list[Strip]:
    """Draw the column in `height` lines."""
    cited = _cited(chat)
    sent = _sent(chat)
    shown = min(len(cited), max(_LEAST_CITED, height // 3))
    evidence = _evidence(chat, cited)[: max(2, height - len(sent) - shown - 3)]
    rows = [*evidence, _blank(chat)]
    if cited:
        rows += [
            _band(chat, "cited", f"{len(cited):,} "),
            *(_citation(chat, one) for one in cited[:shown]),
            _blank(chat),
        ]
    rows += sent
    return [*rows, *[_blank(chat)] * height][:height]


def _cited(chat: Chat) -> list[Cited]:
    """Return the citations of the turn the selected one is in, else of the last turn that has any."""
    every = chat.transcript.citations
    turn = chat.selected.turn if chat.selected is not None else every[-1].turn if every else -1
    return [one for one in every if one.turn == turn]


def _evidence(chat: Chat, cited: list[Cited]) -> list[Strip]:
    from hpi_core.chat.glimpse import details

    if chat.selected is None:
        hint = [Run("  Tab", "strong", True), Run(" selects a citation", "muted")] if cited else []
        return [_band(chat, "evidence", ""), *([_line(chat, hint)] if hint else [])]
    place = f"{cited.index(chat.selected) + 1:,} of {len(cited):,} " if chat.selected in cited else ""
    label = [Run(f" [{chat.selected.label}]", "good", True), Run("  evidence", "muted")]
    strips = [_beside(chat, title(chat.look, WIDTH - 1, label, [], [Run(place, "muted")], False)), _blank(chat)]
    evidence = chat.transcript.evidence_of(chat.selected)
    for name, said in [] if evidence is None else details(evidence, chat.selected.label):
        room = WIDTH - 3 - (_NAME if name else 0)
        long = len(name) >= _NAME
        if long:
            strips.append(_line(chat, [Run(f" {name}", "muted")]))
        for at, row in enumerate(wrapped([Piece(chat.look.sign(said))], room)):
            head = "" if not name else f"{name if not at and not long else '':<{_NAME}}"
            token, bold = ("text", False) if name else ("strong", True)
            strips.append(
                _line(chat, [Run(f" {head}", "muted"), Run("".join(piece.text for piece in row), token, bold)])
            )
        if not name:
            strips.append(_blank(chat))
    return strips


def _citation(chat: Chat, cited: Cited) -> Strip:
    from hpi_core.chat.glimpse import details

    evidence = chat.transcript.evidence_of(cited)
    rows = [] if evidence is None else details(evidence, cited.label)
    said = "  ".join(said for name, said in rows[:2] if name in ("", "issue"))
    runs = [Run(f" [{cited.label}]".ljust(9), "good", cited == chat.selected), Run(said)]
    return _line(chat, runs, "cur" if cited == chat.selected else "ground")


def _sent(chat: Chat) -> list[Strip]:
    """Say who is asked, and how many tokens that took."""
    if chat.server is None:
        return []
    usage = total_usage(chat.transcript.turns)
    strips = [_band(chat, "asked", ""), _line(chat, [Run(f" {safe(chat.server.model, 60)}")])]
    strips.append(_line(chat, [Run(f" {chat.server.origin}", "muted")]))
    said = "nothing was sent yet" if usage is None else f"tokens {token_words(usage)}"
    for text in (said, "/payload shows what is sent"):
        rows = wrapped([Piece(text)], WIDTH - 3)
        strips += [_line(chat, [Run(" " + "".join(piece.text for piece in row), "muted")]) for row in rows]
    return strips


def _band(chat: Chat, name: str, right: str) -> Strip:
    return _beside(chat, title(chat.look, WIDTH - 1, [Run(f" {name}", "text", True)], [], [Run(right, "muted")], False))


def _line(chat: Chat, runs: list[Run], ground: str = "ground") -> Strip:
    return _beside(chat, paint(chat.look, runs, WIDTH - 1, ground))


def _blank(chat: Chat) -> Strip:
    return Strip.blank(WIDTH, chat.look.style())


def _beside(chat: Chat, strip: Strip) -> Strip:
    """Put the gap to the transcript before a line."""
    return Strip([*Strip.blank(1, chat.look.style()), *strip], WIDTH)
