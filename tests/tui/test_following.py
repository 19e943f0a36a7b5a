"""The installed app follows files that a process of the test appends to; every step waits for what must appear."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import hpi_core
from hpi_core.demo import path as demo_path
from tests.shared_data import DATA, needs_shared
from tests.tui.conftest import Open
from tests.tui.terminal import Terminal

# appends its standard input to a file from another process, byte for byte
_APPEND = "import sys; out = open(sys.argv[1], 'ab'); out.write(sys.stdin.buffer.read()); out.close()"
Append = Callable[[Path, str], None]


@pytest.fixture
def append() -> Append:
    """Return a function by which another process appends text to a file."""

    def append_to(path: Path, text: str) -> None:
        subprocess.run([sys.executable, "-c", _APPEND, str(path)], input=text.encode(), check=True)

    return append_to


@pytest.fixture
def follow(open_app: Open, tmp_path: Path) -> Open:
    """Return a function that opens the app with `--follow`, looking often and reading at once."""

    def open_it(*arguments: str, settings: str = "", **how: int) -> Terminal:
        folder = tmp_path / "config" / "hpi-tui"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(f"[follow]\npoll = 0.1\nlongest = 0.3\nshare = 10000\n{settings}")
        return open_app("--follow", *arguments, **how)

    return open_it


def _row(terminal: Terminal, sign: str = "▌") -> str:
    return next((line[line.index(sign) :] for line in terminal.text.split("\n") if sign in line), "")


def _outside_titles(terminal: Terminal) -> bytes:
    """What was written without the titles a terminal is given, whose end is written like a bell."""
    return re.sub(rb"\x1b\][^\x07\x1b]*(\x07|\x1b\\\\)", b"", bytes(terminal.raw))


def _demo_rows() -> list[str]:
    return demo_path().read_text().splitlines()


@pytest.fixture
def grows(tmp_path: Path) -> Path:
    """The first half of the bundled sweep."""
    path = tmp_path / "grows.csv"
    path.write_text("\n".join(_demo_rows()[:121]) + "\n")
    return path


def test_rows_appear_and_the_cursor_stays_on_its_trial(follow: Open, grows: Path, append: Append) -> None:
    rows = _demo_rows()
    with follow(str(grows)) as app:
        app.until(lambda text: "120 trials" in text and "following" in text)
        app.send("gjjj")
        app.until("4/120")
        trial = _row(app).split()[1]
        app.send("s")  # the order changes with every new row
        app.until("sort ")
        app.until(lambda _: trial in _row(app))
        append(grows, "\n".join(rows[121:151]) + "\n")
        app.until(lambda text: "150 trials" in text and "+30" in text)
        app.until(lambda _: trial in _row(app))
        append(grows, "\n".join(rows[151:]) + "\n")
        app.until(lambda text: "240 trials" in text and "+120" in text)
        app.until(lambda _: trial in _row(app))


def test_filter_selection_and_decisions_stay(follow: Open, sweep_file: Path, append: Append) -> None:
    with follow(str(sweep_file)) as app:
        app.until(lambda text: "sick 1/9" in text and "following" in text)
        app.send("/lr > 0 and status == failed\r")
        app.until("3 of 60 trials")
        app.send("g")
        app.until(lambda _: "t003" in _row(app))
        app.send(" ")
        app.until("1 selected")
        app.send("gr")
        app.until("1 rerun")
        append(sweep_file, "t060,failed,0.01,32,adam,0.5,0.7\nt061,completed,0.01,32,adam,0.5,0.7\n")
        app.until("4 of 62 trials")
        app.until("1 rerun")
        app.until(lambda text: "sick" in text and "/11" not in text and "10" in text.split("\n")[0])


def test_half_a_line_is_shown_incomplete_and_never_flagged(follow: Open, sweep_file: Path, append: Append) -> None:
    with follow(str(sweep_file)) as app:
        app.until(lambda text: "9 sick" in text and "following" in text)
        append(sweep_file, "t060,failed,0.01,32,adam,0.5,n")
        app.until("61 trials")
        app.send("G")
        app.until(lambda _: "t060" in _row(app) and "incomplete" in _row(app))
        app.until("9 sick")
        append(sweep_file, "an\nt061,completed,0.01")
        app.until(lambda text: "62 trials" in text and "10 sick" in text)
        app.until(lambda _: "t060" in _row(app) and "incomplete" not in _row(app))
        append(sweep_file, ",32,adam,0.5,0.25\n")
        app.until(lambda text: "incomplete" not in text)
        app.send("G")
        app.until(lambda text: "t061" in _row(app) and "0.25" in text)
        assert "10 sick" in app.text


def test_a_file_that_is_replaced_cut_and_deleted(follow: Open, sweep_file: Path, append: Append) -> None:
    whole = sweep_file.read_text()
    lines = whole.splitlines()
    with follow(str(sweep_file)) as app:
        app.until(lambda text: "60 trials" in text and "following" in text)
        app.send("gjjjjj")
        app.until(lambda _: "t005" in _row(app))
        other = sweep_file.with_name("other.csv")
        other.write_text("\n".join([lines[0], *reversed(lines[1:]), "t060,completed,0.01,32,adam,0.5,0.7"]) + "\n")
        other.replace(sweep_file)
        app.until(lambda text: "61 trials" in text and "was replaced by another file" in text)
        app.until(lambda _: "t005" in _row(app))
        app.until("55/61")
        sweep_file.write_text("\n".join(lines[:21]) + "\n")
        app.until(lambda text: "20 trials" in text and "became shorter" in text and "41 gone" in text)
        app.until(lambda _: "t005" in _row(app))
        sweep_file.unlink()
        app.until(lambda text: "sweep.csv is not there any more" in text and "lost" in text.split("\n")[0])
        assert "20 trials" in app.text
        sweep_file.write_text(whole)
        app.until(lambda text: "60 trials" in text and "not there" not in text and "following" in text)
        app.until(lambda _: "t005" in _row(app))
        sweep_file.write_bytes(b"\x00\x01\x02 this is no table any more" * 90)
        app.until(lambda text: "What was read before stays" in text)
        assert "60 trials" in app.text
        sweep_file.write_text(whole)
        app.until(lambda text: "What was read before stays" not in text and "60 trials" in text)


def test_a_trial_that_is_away_while_its_file_is_written_anew_is_found_again(follow: Open, sweep_file: Path) -> None:
    whole = sweep_file.read_text()
    with follow(str(sweep_file)) as app:
        app.until(lambda text: "60 trials" in text and "following" in text)
        app.send("G")
        app.until(lambda _: "t059" in _row(app))
        sweep_file.write_text("\n".join(whole.splitlines()[:31]) + "\n")
        app.until("30 trials")
        sweep_file.write_text(whole)
        app.until("60 trials")
        app.until(lambda _: "t059" in _row(app))


def _running(trial: int, heartbeat: str, loss: str = "") -> str:
    return f"t{trial},running,0.0{trial + 1},{heartbeat},{loss}\n"


def test_a_run_that_falls_silent_becomes_a_zombie(follow: Open, tmp_path: Path, append: Append) -> None:
    path = tmp_path / "beats.csv"
    done = "".join(f"d{n},completed,0.{n + 1},2026-01-01 11:5{n}:00,0.{9 - n}\n" for n in range(8))
    start = "trial_id,status,lr,heartbeat,val_loss\n" + done
    path.write_text(start + _running(1, "2026-01-01 12:00:00") + _running(2, "2026-01-01 12:00:00"))
    with follow(str(path)) as app:
        app.until(lambda text: "10 trials" in text and "none sick" in text and "following" in text)
        append(path, _running(3, "2026-01-01 12:20:00"))
        app.until("11 trials")
        assert "ZOMBIE" not in app.text
        append(path, _running(4, "2026-01-01 13:00:00"))
        app.until(lambda text: "ZOMBIE" in text and "3 sick" in text)


def test_a_running_trial_that_diverges_is_told_while_it_runs(follow: Open, tmp_path: Path, append: Append) -> None:
    trials, curves = tmp_path / "runs.csv", tmp_path / "runs.curves.csv"
    trials.write_text(
        "trial_id,status,lr\n" + "".join(f"r{n},{'running' if n == 3 else 'completed'},0.{n + 1}\n" for n in range(6))
    )
    healthy = "".join(f"r{n},{step},{2.3 * 0.9**step:.4f}\n" for n in range(6) for step in range(20))
    curves.write_text("trial_id,step,train_loss\n" + healthy)
    with follow(str(trials)) as app:
        app.until(lambda text: "6 trials" in text and "none sick" in text and "following" in text)
        append(curves, "".join(f"r3,{step},{0.3 * 1.6 ** (step - 19):.4f}\n" for step in range(20, 30)))
        app.until(lambda text: "1 sick" in text and "DIVERGE" in text)
        app.until("new sick trial: r3 DIVERGE")


def test_half_a_number_in_the_log_of_a_run_rings_no_bell(follow: Open, tmp_path: Path, append: Append) -> None:
    """Of `20,9.2e-02` only `20,9.` has been written: no loss of 9, no spike, no bell."""
    logs = [tmp_path / "runs" / f"lr{n}e-3" / "metrics.csv" for n in range(1, 7)]
    for log in logs:
        log.parent.mkdir(parents=True)
        log.write_text("step,train_loss\n" + "".join(f"{n},{0.9**n + 0.05:.4e}\n" for n in range(60)))
    with follow("--bell", str(tmp_path / "runs")) as app:
        app.until(lambda text: "6 trials" in text and "none sick" in text and "following" in text)
        append(logs[2], "60,9")
        app.until(lambda text: "1 repair" in text.split("\n")[0])
        assert "none sick" in app.text
        assert "9.00" not in app.text
        append(logs[2], ".2e-02\n61,")
        append(logs[4], "60,nan\n")
        app.until(lambda text: "1 new sick trial: lr5e-3 NONFIN" in text)
        assert _outside_titles(app).count(b"\x07") == 1


@pytest.mark.parametrize(
    ("arguments", "settings", "rung"),
    [((), "", None), (("--bell",), "", b"\x07"), ((), 'call = "notify"', b"\x1b]9;hpi: sweep.csv: 1 new sick trial")],
)
def test_nothing_rings_unless_asked_for(
    follow: Open, sweep_file: Path, append: Append, arguments: tuple[str, ...], settings: str, rung: bytes | None
) -> None:
    with follow(str(sweep_file), *arguments, settings=settings) as app:
        app.until(lambda text: "9 sick" in text and "following" in text)
        assert b"\x07" not in _outside_titles(app)
        append(sweep_file, "t060,completed,0.01,32,adam,0.5,nan\n")
        app.until(lambda text: "10 sick" in text and "1 new sick trial: t060 NONFIN" in text)
        app.send("G")
        app.until("61/61")
        if rung is None:
            assert b"\x07" not in _outside_titles(app)
        else:
            assert rung in (app.raw if rung[0] == 0x1B else _outside_titles(app))


def test_the_key_begins_and_ends_it(follow: Open, open_app: Open, sweep_file: Path, append: Append) -> None:
    follow  # noqa: B018 - its settings
    with open_app(str(sweep_file)) as app:
        app.until("sick 1/9")
        assert "following" not in app.text
        append(sweep_file, "t060,completed,0.01,32,adam,0.5,0.2\n")
        app.send("\x06")
        app.until(lambda text: "following" in text.split("\n")[0] and "61 trials" in text)
        app.send("\x1b")
        app.until(lambda text: "Not following any more" in text and "following" not in text.split("\n")[0])
        append(sweep_file, "t061,completed,0.01,32,adam,0.5,0.2\n")
        app.send("R")
        app.until(lambda text: "Read again: 62 trials, 1 new." in text)
        app.until("sick 1/9")
        app.send("R")
        app.until("Nothing has changed: 62 trials.")


def test_what_came_on_standard_input_is_not_followed(open_app: Open, tmp_path: Path, sweep_file: Path) -> None:
    reads = f"{sys.executable} -c \"from hpi_tui.cli import main; main(['-'])\" < {sweep_file}"
    own = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with Terminal(["/bin/sh", "-c", reads], env=own) as app:
        app.until("sick 1/9")
        app.send("\x06")
        app.until("only files and folders can be followed")


@needs_shared
def test_real_trials_of_deepobs_written_in_pieces(follow: Open, tmp_path: Path, append: Append) -> None:
    lines = (DATA / "12_curves" / "deepobs_trials.csv").read_text().splitlines(keepends=True)
    mnist = [lines[0], *(line for line in lines[1:] if "fmnist_2c2d" in line)]
    total = len(mnist) - 1
    source = tmp_path / "deepobs_trials.csv"
    source.write_text("".join(mnist[:61]))
    rest = "".join(mnist[61:])
    with follow(str(source)) as app:
        app.until(lambda text: "60 trials" in text and "following" in text)
        app.send("gjj")
        app.until(" 3/60")
        trial = _row(app).split()[1].lstrip("★")
        append(source, rest[: len(rest) // 2])  # somewhere in a line
        app.until(lambda text: "+" in text.split("\n")[0])
        append(source, rest[len(rest) // 2 :])
        app.until(f"{total:,} trials")
        app.until(lambda _: trial in _row(app))
        sick = len(_sick_of(source))
        app.until(lambda text: f"{sick:,} sick" in text)


def _sick_of(source: Path) -> list[int]:
    """The trials that are sick in a cold reading of the same file."""
    return hpi_core.inspect(hpi_core.read(source)).sick.fill_null(False).arg_true().to_list()


def test_a_study_in_a_database_is_followed(follow: Open, tmp_path: Path) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = tmp_path / "study.db"
    study = optuna.create_study(storage=f"sqlite:///{path}", study_name="grows")
    study.optimize(lambda trial: trial.suggest_float("lr", 0, 1), n_trials=6)
    with follow(str(path)) as app:
        app.until(lambda text: "6 trials" in text and "following" in text)
        study.optimize(lambda trial: trial.suggest_float("lr", 0, 1), n_trials=3)
        app.until(lambda text: "9 trials" in text and "+3" in text)


def test_a_file_that_comes_into_a_followed_folder_is_seen(follow: Open, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    rows = "".join(f"a{n},0.{n + 1},0.{9 - n}\n" for n in range(8))
    (folder / "one.csv").write_text("trial_id,lr,val_loss\n" + rows)
    with follow(str(folder)) as app:
        app.until(lambda text: "8 trials" in text and "following" in text)
        (folder / "two.csv").write_text("trial_id,lr,val_loss\n" + rows.replace("a", "b"))
        app.until(lambda text: "16 trials" in text and "+8" in text)


def test_half_an_id_goes_on_in_its_row(follow: Open, sweep_file: Path, append: Append) -> None:
    with follow(str(sweep_file)) as app:
        app.until(lambda text: "9 sick" in text and "following" in text)
        append(sweep_file, "t0")
        app.until(lambda text: "61 trials" in text and "+1" in text)
        append(sweep_file, "60,completed,0.01,32,adam,0.5,0.7\nt061,completed,0.02,32,adam,0.5,0.7\n")
        app.until(lambda text: "62 trials" in text and "+2 " in text)
        assert "written anew" not in app.text
