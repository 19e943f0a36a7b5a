"""What is written to the terminal: only what differs from what stands there, and always enough to be right."""

from __future__ import annotations

import signal
from pathlib import Path

import pyte
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from hpi_tui.painted import Painted
from tests.tui.conftest import Open

RED, BLUE = Style(color="red"), Style(color="blue")
CONSOLE = Console(color_system="truecolor", force_terminal=True)


def _full(*lines: str, style: Style = RED) -> LayoutUpdate:
    strips = [[Strip([Segment(line, style)])] for line in lines]
    return LayoutUpdate(strips, Region(0, 0, 10, len(lines)))  # type: ignore[arg-type]


def _write(painted: Painted, screen: pyte.Screen, update: LayoutUpdate | ChopsUpdate) -> str:
    difference = painted.difference(update)
    text = "" if difference is None else difference.render_segments(CONSOLE)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return text


def test_what_stands_there_is_not_written_again() -> None:
    painted, screen = Painted(), pyte.Screen(10, 2)
    assert "first line" in _write(painted, screen, _full("first line", "2nd  line "))
    assert painted.difference(_full("first line", "2nd  line ")) is None
    assert len(_write(painted, screen, _full("first line", "3rd  line "))) < 30
    assert screen.display == ["first line", "3rd  line "]
    assert "first line" in _write(painted, screen, _full("first line", "3rd  line ", style=BLUE))


def test_an_update_that_is_never_written_does_not_count() -> None:
    painted, screen = Painted(), pyte.Screen(10, 1)
    _write(painted, screen, _full("old  words"))
    painted.difference(_full("new  words"))
    assert "new" in _write(painted, screen, _full("new  words"))


def test_pieces_of_lines_are_put_into_what_stands_there() -> None:
    painted, screen = Painted(), pyte.Screen(10, 2)
    _write(painted, screen, _full("left right", "below     "))
    chops: list[dict[int, Strip | None]] = [{0: Strip([Segment("LEFT ", RED)]), 5: None}, {0: None, 5: None}]
    _write(painted, screen, ChopsUpdate(chops, [(0, 0, 5)], [[5, 10], [5, 10]]))
    assert screen.display == ["LEFT right", "below     "]
    assert painted.difference(_full("LEFT right", "below     ")) is None


@pytest.mark.parametrize("after", ["日本 ab xy", "e\u0301a b   abc"])
def test_lines_with_wide_characters_are_written_to_their_end(after: str) -> None:
    painted, screen = Painted(), pyte.Screen(10, 1)
    _write(painted, screen, _full("日本 aa xy"))
    text = _write(painted, screen, _full(after))
    assert after[-2:] in text
    assert screen.display[0].replace("\u0301", "") == after.replace("e\u0301", "é").replace("\u0301", "")


def test_nothing_is_taken_for_granted_after_a_resize() -> None:
    painted, screen = Painted(), pyte.Screen(10, 1)
    _write(painted, screen, _full("some words"))
    painted.forget()
    piece = ChopsUpdate([{0: Strip([Segment("SOME ", RED)]), 5: None}], [(0, 0, 5)], [[5, 10]])
    assert painted.difference(piece) is piece
    assert "some words" in _write(painted, screen, _full("some words"))


def test_the_screen_is_what_a_full_paint_would_give(sweep_file: Path, open_app: Open) -> None:
    with open_app(str(sweep_file)) as app:
        app.until("sick 1/")
        for keys, said in (
            ("g", " 1/60"),
            ("j", " 2/60"),
            ("G", "60/60"),
            ("s", "sort "),
            ("?", "Help"),
        ):
            app.send(keys)
            app.until(said)
        app.send("\x1b")
        app.until(lambda text: "Help" not in text)
        app.until_quiet()
        before = app.text
        app.screen.reset()
        app.signal(signal.SIGWINCH)
        app.until(lambda text: "60" in text)
        app.until_quiet()
        assert app.text == before


def test_the_first_screen_is_written_once(sweep_file: Path, open_app: Open) -> None:
    with open_app(str(sweep_file), typed=b"j") as app:
        app.until("2/")
        assert len(app.raw) < 15_000


def test_tab_in_a_list_does_nothing(sweep_file: Path, open_app: Open) -> None:
    with open_app(str(sweep_file)) as app:
        app.until("60 trials")
        for key, heading in (("c", "Columns"), ("?", "Help")):
            app.send(key)
            app.until(lambda text, heading=heading: heading in text)  # type: ignore[misc]
            app.send("\t\x1b[Z\x1b")
            app.until("1 Runs")
        app.send("q")
        assert app.wait() == 0
