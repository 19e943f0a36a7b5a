"""The installed app in a real pty, driven by keys; every step waits for what must appear on the screen."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

import hpi_core
from hpi_core.errors import HpiError
from hpi_core.text import safe
from tests.shared_data import DATA, needs_shared
from tests.tui.conftest import APP, Open
from tests.tui.terminal import Terminal

LOADED = "60 trials"


def _row(terminal: Terminal, sign: str = "▌") -> str:
    """The line the cursor stands on."""
    return next((line[line.index(sign) :] for line in terminal.text.split("\n") if sign in line), "")


def _heading(terminal: Terminal) -> str | None:
    """The names of the columns, None while the table is not on the screen."""
    return next((line for line in terminal.text.split("\n") if "trial_id" in line and "val_loss" in line), None)


def test_a_key_typed_at_launch_moves_the_cursor(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file), typed=b"jj") as app:
        app.until(lambda text: "▌" in text and "t002" in _row(app))
        app.until(LOADED)
        app.until(lambda _: "t002" in _row(app))
        app.until("trial t002")
        app.send("q")
        assert app.wait() == 0
        assert b"\x1b[?1049l" in app.raw


def test_moving_sorting_and_selecting(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until("sick 1/9")  # which brings the column of issues
        app.send("G")
        app.until("60/60")
        app.send("g")
        app.until(" 1/60")
        app.send("ll")
        app.send("s")
        app.until("val_loss ↓")
        app.send("g")
        app.until(lambda _: "★ t007" in _row(app) and "0.111" in _row(app))
        app.send("G")
        app.until(lambda _: " nan" in _row(app))
        app.send("s")
        app.until("val_loss ↑")
        app.send("G")
        app.until(lambda _: " nan" in _row(app), 5)  # what is no number stands last either way
        app.send("g  ")
        app.until("2 selected")


def test_filter_shows_what_is_wrong_and_where(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.send("/status == failed")
        app.until("3 of 60 trials")
        app.send("\rj")
        app.until("2/3")
        app.send("\\")
        app.until(lambda text: " of 60 trials" not in text.split("\n")[0])
        app.send("/nonsense > 3")
        app.until(lambda text: "^" in text and "nonsense" in text and "› nonsense > 3" in text)
        lines = app.text.split("\n")
        at = next(y for y, line in enumerate(lines) if "› nonsense" in line)
        assert lines[at + 1].index("^") == lines[at].index("nonsense")
        app.send("\x1b")
        app.until_quiet()  # typed at once, the two would be one key with Alt
        app.send("\\")
        app.until(lambda text: "nonsense" not in text)


def test_filter_to_the_cell_and_back(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until("sick 1/9")
        app.send("gjjjjjjjjj")
        app.until("10/60")
        app.send("ll=")
        app.until("6 of 60 trials")
        app.until("val_loss is nan")


def test_help_lists_the_keys_and_enter_runs_one(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.send("?")
        app.until("show decided trials")
        app.send("/")
        app.until(" / ")
        app.send("last trial")
        app.until(lambda text: "show decided trials" not in text and "last trial" in text)
        app.send("\r")
        app.until("60/60")


def test_columns_can_be_hidden_and_pinned(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until("sick 1/9")
        app.send("c")
        app.until(lambda _: "trial_id" in _row(app))
        app.send("/lr\r")
        app.until("hyperparameter  hidden")
        app.send("\x1b")
        app.until("optimizer")  # Escape clears the search first
        app.until_quiet()
        app.send("\x1b")
        app.until("1 hidden")
        app.until(lambda _: (heading := _heading(app)) is not None and " lr " not in heading)


def test_roles_are_changed_and_remembered(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until("min val_loss")
        app.send("O")
        app.until("lower is better")
        app.send("+")
        app.until("objective max")
        app.send("\x1b")
        app.until("max val_loss")
        app.send("q")
        assert app.wait() == 0
    with open_app(str(sweep_file)) as app:
        app.until("max val_loss")


def test_an_unknown_direction_is_asked(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(
        "trial_id,lr,val_zorb\n" + "".join(f"{i},{0.1 / (i + 1):.4g},{i * 0.37 + 0.2:.3f}\n" for i in range(9))
    )
    with open_app(str(path), "--role", "val_zorb=metric", "--objective", "val_zorb") as app:
        app.until("is lower or higher better?")


def test_trial_screen_shows_cells_in_full(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("trial_id,lr,val_loss,notes\n1,0.1,0.5," + "x" * 150 + "END\n2,0.2,0.4,short\n")
    with open_app(str(path)) as app:
        app.until("2 trials")
        app.send("\r")
        app.until("every column in full")
        app.send("G")
        app.until("END")


def test_reload_keeps_the_trial(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.send("gjjjj")
        app.until("trial t004")
        header, *rows = sweep_file.read_text().splitlines()
        sweep_file.write_text("\n".join([header, "t900,completed,0.1,16,adam,0.5,0.9", *rows]) + "\n")
        app.send("R")
        app.until("61 trials")
        app.until(lambda text: "t004" in _row(app) and "6/61" in text)


def test_copy_goes_to_the_clipboard(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.send("y")
        app.until("Row copied: ")
        app.until(lambda _: b"\x1b]52;c;" in app.raw)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (200, 60), (60, 15), (59, 14), (20, 5)])
def test_every_size_shows_the_trials(open_app: Open, sweep_file: Path, columns: int, rows: int) -> None:
    with open_app(str(sweep_file), columns=columns, rows=rows) as app:
        app.until(lambda text: "t000" in text and "/60" in text)
        app.send("gj")
        app.until(lambda _: "t001" in _row(app))
        if columns >= 80:
            app.until("? help")
            app.until("trial t001")


def test_too_small_a_terminal_says_so(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file), columns=19, rows=4) as app:
        app.until("hpi needs")
        app.resize(100, 30)
        app.until(LOADED)


def test_a_storm_of_sizes_is_survived(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        for turn in range(100):
            app.resize(1 + (turn * 37) % 300, 1 + (turn * 53) % 120)
            app.pump(0.002)
            app.screen.reset()
        app.resize(100, 30)
        app.until_quiet()
        app.send("q")
        assert app.wait(5) == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_signals_restore_the_terminal(open_app: Open, sweep_file: Path, number: signal.Signals) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.signal(number)
        assert app.wait(2) == 128 + number
        assert b"\x1b[?1049l" in app.raw


def test_a_closed_terminal_ends_the_process(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.close()
        assert app.wait(2) != 0


def test_data_on_stdin_keys_from_the_terminal(open_app: Open, sweep_file: Path) -> None:
    with Terminal(["/bin/sh", "-c", f"cat '{sweep_file}' | '{APP}' -"]) as app:
        app.until(LOADED)
        app.send("gj")
        app.until("trial t001")
        app.send("q")
        assert app.wait() == 0


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_without_a_terminal_it_prints_the_page(sweep_file: Path, term: str) -> None:
    done = subprocess.run(
        [APP, str(sweep_file)],
        capture_output=True,
        text=True,
        env={**os.environ, "TERM": term},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "val_loss" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["/no/such/file.csv"], 3, "file.csv"),
        ([], 2, "No source was named"),
        (["--role", "nonsense", "x.csv"], 2, "COLUMN=ROLE"),
    ],
)
def test_what_cannot_be_opened_is_said_before_the_app_starts(
    open_app: Open, arguments: list[str], code: int, said: str
) -> None:
    with open_app(*arguments) as app:
        assert app.wait() == code
        app.until_quiet(0.1)
        assert said in app.text
        assert b"?1049h" not in app.raw
        assert "Traceback" not in app.text


def test_an_unreadable_source_is_explained_in_the_app(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(bytes(range(256)) * 40)
    with open_app(str(path)) as app:
        app.until(lambda text: "q leaves" in text and "✗" in text)
        app.send("q")
        assert app.wait() == 3


def test_no_control_byte_of_the_data_reaches_the_terminal(open_app: Open, tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[31m[bold red]x[/]\u202eevil\u200b"
    path = tmp_path / "evil.csv"
    path.write_text(
        f'trial_id,"lr{evil}",val_loss,notes\n' + "".join(f'{i}{evil},0.{i + 1},0.5{i},"{evil}"\n' for i in range(8))
    )
    with open_app(str(path)) as app:
        app.until("8 trials")
        for keys in ("j", "\r", "G", "\x1b", "c", "\x1b", "O", "\x1b", "?", "\x1b", "y", "/[bold]", "\x1b"):
            app.send(keys)
            app.until_quiet(0.25)
        app.until_quiet()
        assert b"owned\x07" not in app.raw
        assert b"\x1b[31m[bold" not in app.raw
        assert "\u202e".encode() not in app.raw
        assert "[bold red]" in app.raw.decode(errors="replace")
        app.send("q")


@pytest.mark.parametrize(
    "text",
    [
        "trial_id,lr\n",
        "a\n1\n2\n",
        "trial_id,lr,val_loss\n1,0.1,0.5\n",
        "a,b\n,\n,\n",
        "x,y\n" + "a," + "b" * 1_000_000 + "\n",
    ],
    ids=["header only", "one column", "one row", "all null", "a megabyte in a cell"],
)
def test_odd_tables_open(open_app: Open, tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(text)
    with open_app(str(path), columns=80, rows=24) as app:
        # not before it is read: Escape would stop that
        app.until(lambda shown: re.search(r"› [0-9]+ trial|✗", shown) is not None)
        for keys in ("j", "G", "l", "s", "\r", "\x1b", " ", "#", "="):
            app.send(keys)
            app.until_quiet(0.6 if keys == "\x1b" else 0.15)  # a key soon after Escape is read as one with Alt
        app.send("q")
        assert app.wait() in (0, 3)


def test_ten_thousand_columns(open_app: Open, tmp_path: Path) -> None:
    names = [f"p{i}" for i in range(10_000)]
    path = tmp_path / "wide.csv"
    path.write_text(
        "\n".join([",".join(["trial_id", *names]), *(",".join([str(r), *["0.5"] * 10_000]) for r in range(20))]) + "\n"
    )
    with open_app(str(path), typed=b"j") as app:
        app.until("2/20")
        app.until("20 trials", 60)
        app.send("l" * 30)
        app.until_quiet()
        app.send("q")
        assert app.wait() == 0


@pytest.mark.parametrize(
    "env", [{"NO_COLOR": "1"}, {"COLORTERM": "", "TERM": "xterm"}, {"COLORTERM": "", "TERM": "xterm-256color"}]
)
def test_every_colour_depth_marks_the_cursor(open_app: Open, sweep_file: Path, env: dict[str, str]) -> None:
    with open_app(str(sweep_file), "--ascii", **env) as app:
        app.until(LOADED)
        app.send("gj")
        app.until(lambda _: "t001" in _row(app, ">"))
        app.until_quiet()
        drawn = app.raw.decode()
        if env.get("TERM") != "xterm-256color":
            assert "38;2;" not in drawn
            assert "38;5;" not in drawn
            assert "\x1b[7m" in drawn or ";7" in drawn
        assert drawn.replace("\x1b", "").isascii()


def _real_sweeps() -> list[str]:
    """Every delimited file of the first folder, and the first two of each other that holds trials."""
    found: list[Path] = []
    for folder, most in (("01_sweep_csv", None), ("02_hpo_bench", 2), ("10_fairness", 2), ("12_curves", 2)):
        files = sorted(path for path in (DATA / folder).glob("**/*.[ct]sv") if path.stat().st_size < 20_000_000)
        found += files[:most]
    return [str(path.relative_to(DATA)) for path in found]


def _read(name: str) -> hpi_core.Sweep | HpiError:
    try:
        return hpi_core.read(str(DATA / name))
    except HpiError as error:
        return error


@needs_shared
@pytest.mark.parametrize("name", _real_sweeps())
def test_real_sweeps_open(open_app: Open, name: str) -> None:
    """The header names the file, the trials and the objective that the reader found, or the refusal in words."""
    sweep = _read(name)
    with open_app(str(DATA / name), columns=160) as app:
        if isinstance(sweep, HpiError):
            app.until(lambda text: safe(sweep.message)[:40] in " ".join(text.split()))
            return
        trials = f"{sweep.trials.height:,}"
        app.until(f"› {trials} trial", 30)
        app.until(lambda text: sweep.source.name[:40] in text.split("\n")[0])
        if sweep.roles.objective is not None:
            app.until(safe(sweep.roles.objective.metric, 40))
        app.send("G")
        app.until(f" {trials}/{trials}")
        app.send("q")
        assert app.wait() == 0


def test_the_detail_follows_into_the_queue(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until("sick 1/9")
        app.send("g*")
        app.until("60 selected")
        app.send("2")
        app.until(lambda text: "H decided" in text)  # the keys of the queue
        app.until(_detail_is_of_the_trial_named)


def _detail_is_of_the_trial_named(text: str) -> bool:
    header, *rest = text.split("\n")
    named = re.search(r"› trial (t\d+)", header)
    return named is not None and any(line.startswith(f" trial {named[1]} ") for line in rest)
