"""Prints what following costs: the share of one core, how far behind the screen is, and key times meanwhile.

Run with `pytest tests/bench/following -s`. The installed app follows a source to which a thread of the test appends
1,000 rows in a second, cut at odd places so that most looks find half a line. The share is the processor time of the
app (user and system, all threads) over the seconds that passed. At the end every row must be on the screen, and at no
moment may more trials have been called sick than had been written whole.
"""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.tui.conftest import APP
from tests.tui.terminal import Terminal

SECONDS, RATE, TICKS = 20, 1000, 8
_HEADER = "trial_id,status,lr,batch_size,optimizer,dropout,seed,train_loss,val_loss,val_accuracy,epochs,runtime_sec"
_BAD = 50  # every so manieth trial ends in nan
_TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """What one run showed."""

    share: float
    behind: float
    readings: int
    most_sick: int


def _values(number: int, chance: random.Random) -> list[str]:
    value = 0.2 + chance.random()
    loss = "nan" if number % _BAD == _BAD - 1 else f"{value:.4f}"
    return [f"t{number:06d}", "completed", f"{10 ** chance.uniform(-5, -1):.4g}", str(chance.choice([16, 32, 64])),
            chance.choice(["adam", "sgd"]), f"{chance.random() / 2:.2f}", str(number % 97), f"{0.95 * value:.4f}",
            loss, f"{chance.random():.4f}", str(1 + number % 30), f"{chance.random() * 900:.1f}"]  # fmt: skip


def csv_lines(first: int, count: int) -> Iterator[bytes]:
    """Yield trials as lines of the CSV."""
    chance = random.Random(first)
    for number in range(first, first + count):
        yield ",".join(_values(number, chance)).encode() + b"\n"


def json_lines(first: int, count: int) -> Iterator[bytes]:
    """Yield the same trials as JSON Lines."""
    names = _HEADER.split(",")
    chance = random.Random(first)
    for number in range(first, first + count):
        texts = dict(zip(names, _values(number, chance), strict=True))
        words = ("trial_id", "status", "optimizer")
        record = {name: text if name in words else float(text) for name, text in texts.items()}
        yield json.dumps(record).encode() + b"\n"


def curve_lines(first: int, count: int) -> Iterator[bytes]:
    """Yield points of 100 curves, step by step; a tenth of the runs turns to nan half way of a thousand steps."""
    for number in range(first, first + count):
        trial, step = number % 100, number // 100
        value = "nan" if trial % 10 == 9 and step >= 150 else f"{2.3 * 0.99**step + 0.1 + (trial % 7) / 50:.5f}"
        yield f"t{trial:06d},{step},{value}\n".encode()


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _append(path: Path, lines: Iterator[bytes], stop: threading.Event) -> threading.Thread:
    """Append lines at the rate, a few times a second, each time up to somewhere in the middle of a line."""
    data = b"".join(lines)
    chance = random.Random(5)
    lengths = [0]
    for line in data.splitlines(keepends=True):
        lengths.append(lengths[-1] + len(line))

    def work() -> None:
        started, written = time.monotonic(), 0
        with path.open("ab", buffering=0) as out:
            while written < len(data) and not stop.is_set():
                time.sleep(1 / TICKS)
                due = min(len(lengths) - 1, int((time.monotonic() - started) * RATE))
                end = len(data) if due == len(lengths) - 1 else lengths[due] + chance.randrange(20)
                if end > written:
                    out.write(data[written:end])
                    written = end

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _insert(path: Path, first: int, count: int) -> threading.Thread:
    """Insert trials into a study, 20 at a time, ten times a second: faster than searches end."""

    def work() -> None:
        with closing(sqlite3.connect(path, timeout=30)) as database:
            for start in range(first, first + count, 20):
                time.sleep(0.1)
                with database:
                    insert_trials(database, start, 20)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def make_study(path: Path, trials: int) -> None:
    """Write a study of Optuna's tables, in the mode that allows reading while it is written to."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    optuna.create_study(storage=f"sqlite:///{path}", study_name="grows")
    with closing(sqlite3.connect(path)) as database, database:
        insert_trials(database, 0, trials)


def insert_trials(database: sqlite3.Connection, first: int, count: int) -> None:
    """Insert complete trials with two parameters and a value."""
    chance = random.Random(first)
    limits = {"step": None, "low": 0.0, "high": 1.0, "log": False}
    uniform = json.dumps({"name": "FloatDistribution", "attributes": limits})
    for number in range(first, first + count):
        begun = f"2026-01-01 10:{number // 60 % 60:02d}:{number % 60:02d}.000000"
        key = number + 1
        database.execute(
            "INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete) "
            "VALUES (?, ?, 1, 'COMPLETE', ?, ?)", (key, number, begun, begun),
        )  # fmt: skip
        for name in ("lr", "dropout"):
            database.execute(
                "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)",
                (key, name, chance.random(), uniform),
            )
        database.execute(
            "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, ?, 'FINITE')",
            (key, chance.random()),
        )


def _sick(text: str) -> int:
    found = re.search(r"([\d,]+) sick", text.split("\n")[0])
    return int(found[1].replace(",", "")) if found else 0


def _follow(
    tmp_path: Path, source: Path, begin: Callable[[], threading.Thread], last: Callable[[str], bool], seconds: float
) -> Cost:
    env = {"XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CONFIG_HOME": str(tmp_path / "c"), "PYTHONDONTWRITEBYTECODE": ""}
    with Terminal([APP, "--follow", str(source)], 120, 40, env) as app:
        app.until(lambda text: "following" in text and ("sick" in text.split("\n")[0]), 60)
        app.until_quiet(1.0)
        most, seen = 0, set()
        before, started = _cpu(app.pid), time.monotonic()
        writer = begin()
        while time.monotonic() - started < seconds:
            app.pump(0.1)
            most = max(most, _sick(app.text))
            if shown := re.search(r"\+([\d,]+) ", app.text.split("\n")[0]):
                seen.add(shown[1])
        share = (_cpu(app.pid) - before) / (time.monotonic() - started)
        writer.join(60)
        ended = time.monotonic()
        app.until(last, 60)
        behind = time.monotonic() - ended
        most = max(most, _sick(app.text))
        app.send("q")
        app.wait()
    return Cost(share, behind, len(seen), most)


def _print(what: str, cost: Cost) -> None:
    print(f"{what:44s} {cost.share:7.1%} of a core  {cost.readings:3d} readings  last row after {cost.behind:4.1f} s")


@pytest.mark.parametrize(
    ("name", "lines", "start"),
    [("sweep.csv", csv_lines, 1_000), ("sweep.csv", csv_lines, 100_000), ("sweep.jsonl", json_lines, 1_000)],
)
def test_rows(tmp_path: Path, name: str, lines: Callable[[int, int], Iterator[bytes]], start: int) -> None:
    path = tmp_path / name
    header = _HEADER.encode() + b"\n" if name.endswith("csv") else b""
    path.write_bytes(header + b"".join(lines(0, start)))
    stop = threading.Event()
    total = start + SECONDS * RATE
    cost = _follow(
        tmp_path, path, lambda: _append(path, lines(start, SECONDS * RATE), stop),
        lambda text: f"{total:,} trials" in text and _sick(text) == total // _BAD, SECONDS,
    )  # fmt: skip
    _print(f"{name}, {start:,} rows, then {RATE:,} a second", cost)
    assert cost.most_sick == total // _BAD
    assert cost.share < 0.10


def test_curves(tmp_path: Path) -> None:
    path, points = tmp_path / "sweep.csv", tmp_path / "sweep.curves.csv"
    rows = "".join(f"t{n:06d},running,{10 ** -(1 + n % 5)}\n" for n in range(100))
    path.write_text("trial_id,status,lr\n" + rows)
    points.write_bytes(b"trial_id,step,train_loss\n" + b"".join(curve_lines(0, 2000)))
    stop = threading.Event()
    cost = _follow(
        tmp_path, path, lambda: _append(points, curve_lines(2000, SECONDS * RATE), stop),
        lambda text: _sick(text) == 10, SECONDS,
    )  # fmt: skip
    _print(f"curves, {RATE:,} points a second", cost)
    assert cost.most_sick == 10
    assert cost.share < 0.10


def test_study(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    make_study(path, 1000)
    total = 1000 + SECONDS * 200
    cost = _follow(
        tmp_path, path, lambda: _insert(path, 1000, SECONDS * 200), lambda text: f"{total:,} trials" in text, SECONDS
    )
    _print("an Optuna study (SQLite), 200 trials a second", cost)
    assert cost.share < 0.10


def test_keys_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "sweep.csv"
    path.write_bytes(_HEADER.encode() + b"\n" + b"".join(csv_lines(0, 20_000)))
    env = {"XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CONFIG_HOME": str(tmp_path / "c"), "PYTHONDONTWRITEBYTECODE": ""}
    stop = threading.Event()
    took: list[float] = []
    with Terminal([APP, "--follow", str(path)], 120, 40, env) as app:
        app.until(lambda text: "following" in text and "sick" in text, 60)
        app.send("g")
        app.until_quiet(1.0)
        for phase in ("at rest", "while it grows"):
            if phase != "at rest":
                _append(path, csv_lines(20_000, 15 * RATE), stop)
            took.clear()
            ended, place = time.monotonic() + 8, int(re.search(r" ([\d,]+)/", app.text)[1].replace(",", ""))  # type: ignore[index]
            while time.monotonic() < ended:
                place += 1
                began = time.perf_counter()
                app.send("j")
                app.until(lambda text, at=place: f" {at:,}/" in text, 10)  # type: ignore[misc]
                took.append((time.perf_counter() - began) * 1e3)
                until = time.monotonic() + 0.1
                while time.monotonic() < until:
                    app.pump(0.02)
            quantiles = statistics.quantiles(took, n=20)
            median, slowest = statistics.median(took), max(took)
            print(f"a key {phase}: median {median:.0f} ms, p95 {quantiles[-1]:.0f} ms, slowest {slowest:.0f} ms")
        stop.set()
    assert took
