"""Hostile text in a sweep, walked through on every screen of the installed app: the raw bytes are what is judged.

A terminal obeys what it is sent, so it is not enough that the screen looks right: no control byte of the data may be
among the bytes written, at any size, and the harmless part of the text has to be there as text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import Terminal

APP = str(Path(sys.executable).parent / "hpi-tui")

# a payload, and what of it a person must be able to read on the trial screen
PAYLOADS: dict[str, tuple[str, str]] = {
    "bell": ("a\x07ring", "ring"),
    "backspace": ("genuine\b\b\b\bfake", "genuine"),
    "c1 csi": ("c1\x9b31mred", "31mred"),
    "c1 osc": ("c1\x9d0;owned\x9c", "0;owned"),
    "title": ("\x1b]0;pwned\x07t", "]0;pwned"),
    "clipboard": ("\x1b]52;c;cm0gLXJmIC8=\x07", "]52;c;cm0gLXJmIC8="),
    "colour": ("\x1b[31;5mblink", "[31;5mblink"),
    "report": ("\x1b[6n\x1b[c\x1b[>q", "[6n"),
    "alternate screen": ("\x1b[?1049l\x1b[2Jgone", "[2J"),
    "device string": ("\x1bP+q544e\x1b\\dcs", "P+q544e"),
    "bidi": ("\u202etxt.exe\u202c\u2066x\u2069", "txt.exe"),
    "markup end": ("[/]close", "[/]close"),
    "markup action": ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
    "markup colour": ("[bold red]loud[/bold red]", "[bold red]loud"),
    "markup name": ("[lr=0.1]", "[lr=0.1]"),
    "zero width": ("ad\u200bam\u200d\ufeff", "ad"),
    "combining": ("z" + "\u0301" * 200 + "end", "end"),
    "cjk": ("学习率太高", "学"),
    "emoji": ("ok🔥👩‍🔬", "ok"),
    "line ends": ("one\ttwo\x0bthree\x0cfour\x85five\u2028six", "one"),
}
NAMES = ("a\x1b]0;pwned\x07", "b[@click=app.quit]x[/]", "c\u202ename", "lr[lr=0.1]", "学习\x9b31m", "e\u0301" * 40)

_FORBIDDEN = {
    "bell": b"\x07",
    "title": b"\x1b]0;pwned",
    "clipboard": b"\x1b]52;c;cm0g",
    "blink": b"\x1b[31;5m",
    "report": b"\x1b[6n",
    "device": b"\x1b[c",
    "erase": b"\x1b[2Jgone",
    "device string": b"\x1bP+q544e",
    "backspace": b"\b",
    "vertical tab": b"\x0b",
    "form feed": b"\x0c",
    **{f"{ord(c):04x}": c.encode() for c in "\u202e\u202c\u2066\u2069\u200b\u200d\ufeff\x9b\x9c\x9d\x85\u2028"},
    "combining flood": "\u0301".encode() * 4,
}
_OWN = re.compile(rb"\x1b\]22;[a-z-]*\x07|\x1b\]52;c;(?!cm0g)[A-Za-z0-9+/=]*(\x07|\x1b\\)")
_ALLOWED_CONTROL = frozenset(b"\x1b\r\n")
_LOADED = f"{len(PAYLOADS)} trials"
SCREENS = {
    "runs": "jjlG",
    "detail": "gjjjj",
    "columns": "c",
    "roles": "O",
    "ledger": "D",
    "help": "?",
    "palette": ":",
    "trial": "\r",
    "cell": "=",
    "bad filter": "/[/] \u202e \x01 > 3",
}


@pytest.fixture
def hostile_file(tmp_path: Path) -> Path:
    """One trial per payload: in its id, two parameters, a text; names and the file's name are hostile as well."""
    quoted = ['"' + text.replace('"', '""') + '"' for text, _ in PAYLOADS.values()]
    heading = ",".join(["trial_id", "val_loss", *(f'"{name}"' for name in NAMES), "notes"])
    rows = [
        ",".join([f'"{at}{text[1:]}', f"0.{at + 1}", *[text] * (len(NAMES)), text]) for at, text in enumerate(quoted)
    ]
    path = tmp_path / "sweep\x1b]0;pwned\x07[@click=app.quit]x\u202e.csv"
    path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8", newline="")
    return path


def _open(path: Path, tmp_path: Path, columns: int, rows: int) -> Terminal:
    own = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    return Terminal([APP, str(path)], columns, rows, own)


def _harm(raw: bytes | bytearray) -> Iterator[str]:
    """Name what of the data came through, beside the pointer's shape and a copy, which the app itself sends."""
    drawn = _OWN.sub(b"", raw)
    yield from (name for name, harm in _FORBIDDEN.items() if harm in drawn)
    yield from (f"control byte {byte:#04x}" for byte in set(drawn) if byte < 0x20 and byte not in _ALLOWED_CONTROL)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (20, 5)])
def test_no_screen_sends_what_the_data_holds(hostile_file: Path, tmp_path: Path, columns: int, rows: int) -> None:
    with _open(hostile_file, tmp_path, columns, rows) as app:
        app.until("★")  # the best trial is known: the sweep is read
        for name, keys in SCREENS.items():
            app.send(keys)
            app.until_quiet(0.15)
            assert not list(_harm(app.raw)), name
            app.send("\x1b")
            app.until_quiet(0.15)
        app.send("\\y")
        app.until_quiet(0.15)
        assert not list(_harm(app.raw)), "copy"
        app.send("q")
        assert app.wait() == 0  # nothing of the data quit it, nothing made it fail


def test_what_can_be_read_of_the_text_is_shown_as_text(hostile_file: Path, tmp_path: Path) -> None:
    with _open(hostile_file, tmp_path, 120, 40) as app:
        app.until(lambda text: _LOADED in text and " sick" in text.split("\n")[0])  # it goes to a sick trial by itself
        app.send("g")
        app.until(f" 1/{len(PAYLOADS)}")
        for _, readable in PAYLOADS.values():
            app.send("\r")
            app.until("every column in full")
            app.send("G")
            app.until(readable)
            app.send("\x1b")
            app.until_quiet(0.15)
            app.send("j")
        assert not list(_harm(app.raw))


def test_a_storm_of_sizes_lets_nothing_through(hostile_file: Path, tmp_path: Path) -> None:
    with _open(hostile_file, tmp_path, 100, 30) as app:
        app.until(_LOADED)
        for turn in range(60):
            app.resize(1 + (turn * 37) % 200, 1 + (turn * 53) % 60)
            app.pump(0.005)
            app.screen.reset()
        app.resize(100, 30)
        app.until_quiet()
        assert not list(_harm(app.raw))
        app.send("q")
        assert app.wait() == 0
