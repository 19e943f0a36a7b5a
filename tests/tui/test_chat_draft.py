"""The text being typed into the chat: editing, pasting, recalling; and how an answer is broken into rows."""

from __future__ import annotations

import random

import pytest
from rich.cells import cell_len

from hpi_core.chat.printable import QUESTION
from hpi_core.chat.verifier import Verified
from hpi_tui.chat.draft import EDITS, Draft, Recall, line_above, line_below, pasted, typed, whole
from hpi_tui.panes.chat_page import _cursor, _prompt_rows
from hpi_tui.panes.chat_text import answer_rows
from hpi_tui.theme import Look


def test_any_sequence_of_edits_keeps_the_cursor_in_the_text() -> None:
    chance = random.Random(3)
    for _ in range(300):
        draft = Draft()
        for _ in range(40):
            if chance.random() < 0.5:
                draft = typed(draft, chance.choice(["a", "word ", "日本", "\n", " "]))
            else:
                moved = chance.choice([line_above, line_below])(draft)
                draft = moved or chance.choice(list(EDITS.values()))(draft)
            assert 0 <= draft.at <= len(draft.text)
            rows = _prompt_rows(draft.text, 20)
            assert "".join(draft.text[a:b] for a, b in rows) == draft.text.replace("\n", "")
            assert all(cell_len(draft.text[a:b]) <= 15 for a, b in rows)
            row, column = _cursor(rows, draft.at)
            assert rows[row][0] + column == draft.at


def test_words_and_lines_are_erased_as_in_a_shell() -> None:
    assert EDITS["ctrl+w"](whole("why did T17 ")).text == "why did "
    assert EDITS["ctrl+u"](Draft("one\ntwo", 5)) == Draft("one\nwo", 4)
    assert EDITS["ctrl+k"](Draft("one\ntwo", 1)) == Draft("o\ntwo", 1)
    assert line_above(Draft("one\ntwo", 6)) == Draft("one\ntwo", 2)
    assert line_below(Draft("three\nb", 4)) == Draft("three\nb", 7)
    assert line_above(Draft("one", 2)) is None


def test_a_paste_keeps_line_ends_and_nothing_that_controls_a_terminal() -> None:
    draft, said = pasted(Draft("ab", 1), "x\r\ny\rz\x1b[2J\x07\n")
    assert draft == Draft("ax\ny\nz\\x1b[2J\\x07b", 17)
    assert said == ""
    draft, said = pasted(Draft(), "q" * 50_000_000)
    assert len(draft.text) == QUESTION
    assert said.startswith("Pasted 50,000,000 characters: ")


def test_recall_walks_between_earlier_questions_the_draft_and_suggestions() -> None:
    recall = Recall()
    for question in ("first", "second", "first"):
        recall.keep(question)
    recall.suggested = ("S1", "S2")
    draft = whole("typing")
    walked = []
    for delta in (-1, -1, -1, 1, 1, 1, 1, 1):
        draft = recall.step(draft, delta)
        walked.append(draft.text)
    assert walked == ["first", "second", "second", "first", "typing", "S1", "S2", "S2"]
    edited = recall.step(whole("other"), -1)
    assert edited.text == "first"
    assert recall.step(edited, 1).text == "other"


@pytest.mark.parametrize("width", [8, 9, 20, 43, 76])
@pytest.mark.parametrize("look", [Look(), Look(ascii=True)])
def test_rows_never_leave_their_width_and_lose_no_word(width: int, look: Look) -> None:
    chance = random.Random(width)
    for _ in range(60):
        words = chance.choices(["a", "**bold**", "`code`", "日本語", "x" * 50, "- ", "1. ", "  ", "é", "end."], k=30)
        text = "".join(word + chance.choice([" ", "\n", "  "]) for word in words)
        rows = answer_rows(look, text, Verified(text), width)
        drawn = ["".join(piece.text for piece in row) for row in rows]
        assert all(cell_len(row) <= width for row in drawn), drawn
        kept = "".join("".join(drawn).split())
        assert kept == "".join(look.sign(text).replace("**", "").replace("`", "").split())
