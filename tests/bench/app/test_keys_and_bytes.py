"""Prints what the app costs: time to the first moved cursor beside an empty app, key times, bytes on the wire.

Run with `pytest tests/bench/app -s`. Every figure is of a picture that has arrived: a key is timed until the number of
its row stands on the screen. Processor time is told beside the clock's, since a machine is seldom alone; bytes do not
depend on the machine and are held to their limits.
"""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from tests.tui.conftest import APP
from tests.tui.terminal import Terminal

ROUNDS, STEPS = 9, 15
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
EMPTY = """
from textual.app import App
from textual.widget import Widget
class Mark(Widget):
    can_focus = True
    said = "waiting"
    def render(self): return self.said
class Empty(App):
    def compose(self): yield Mark()
    def on_key(self, event): self.query_one(Mark).said = "moved!"; self.query_one(Mark).refresh()
Empty().run()
"""


def _write(path: Path, rows: int, columns: int) -> Path:
    index = pl.int_range(rows, eager=True)
    frame = pl.DataFrame({"trial_id": index, "val_loss": (index * 7919 % 10007) / 10007})
    frame.with_columns(((index * (at + 3) % 1009) / 1009).alias(f"param_{at}") for at in range(columns - 2)).write_csv(
        path
    )
    return path


def _processor_seconds(pid: int) -> float:
    """User and system time of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _until_moved(argv: list[str], mark: str) -> tuple[float, float]:
    """Return seconds of the clock and of the processor until a `j` typed at launch has moved the cursor."""
    with Terminal(argv, env=COMPILED, typed=b"j") as app:
        return app.until(mark), _processor_seconds(app.pid)


def test_first_key_beside_an_empty_app(tmp_path: Path) -> None:
    source = _write(tmp_path / "sweep.csv", 1000, 12)
    script = tmp_path / "empty.py"
    script.write_text(EMPTY)
    clock, processor = [], []
    _until_moved([APP, str(source)], "2/")  # which compiles what an installation has compiled
    for _ in range(ROUNDS):
        empty = _until_moved([sys.executable, str(script)], "moved!")
        app = _until_moved([APP, str(source)], "2/")
        clock.append(app[0] / empty[0])
        processor.append(app[1] / empty[1])
    for name, ratios in (("clock", clock), ("processor", processor)):
        print(
            f"\nfirst key / empty app, {name}: median {statistics.median(ratios):.2f}, worst {max(ratios):.2f}", end=""
        )


class Step(NamedTuple):
    """Milliseconds and bytes until the number of the next row stands on the screen; bytes that follow at rest."""

    ms: float
    moved: int
    rested: int


def _step(app: Terminal, row: int, rows: int) -> Step:
    """Move one row down, and wait until the detail has followed."""
    before, start = len(app.raw), app.elapsed()
    app.send("j")
    arrived = app.until(f" {row:,}/{rows:,}") - start
    moved = len(app.raw)
    app.until_quiet(0.15)
    return Step(arrived * 1e3, moved - before, len(app.raw) - moved)


def _steps(app: Terminal, start: int, rows: int) -> list[Step]:
    return [_step(app, start + step + 1, rows) for step in range(min(STEPS, rows - start))]


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[max(0, round(share * len(times)) - 1)]


@pytest.mark.parametrize(("rows", "columns"), [(1000, 12), (1_000_000, 30), (20, 10_000)])
def test_bytes_and_key_times(tmp_path: Path, rows: int, columns: int) -> None:
    source = _write(tmp_path / "sweep.csv", rows, columns)
    page = 20  # rows in sight, less one
    with Terminal([APP, str(source)], typed=b"j") as app:
        first = app.until("2/")
        first_processor = _processor_seconds(app.pid)
        app.until_quiet(0.03)
        paint = len(app.raw)
        loaded = app.until(f"{rows:,} trials", 120)
        app.send("g")
        app.until(f" 1/{rows:,}")
        busy = [step.ms for step in _steps(app, 1, rows)]  # while it is being inspected
        inspected = app.until(lambda text: "looking for" not in text.split("\n")[0], 300)
        app.until_quiet(1.0)
        app.send("g")
        app.until(f" 1/{rows:,}")
        app.until_quiet(0.5)
        spent = _processor_seconds(app.pid)
        steps = [_step(app, row, rows) for row in range(2, min(page, rows) + 1)]
        spent = (_processor_seconds(app.pid) - spent) / len(steps)
        app.send("j" * 40)
        scrolls: list[Step] = []
        if rows > 100:
            app.until(f" {min(page, rows) + 40:,}/{rows:,}")
            app.until_quiet(0.5)
            scrolls = _steps(app, min(page, rows) + 40, rows)
        before = len(app.raw)
        app.pump(2)
        app.pump(2)
        idle = len(app.raw) - before
    times = [step.ms for step in (*steps, *scrolls)]
    down, scroll = (statistics.median([step.moved for step in part] or [0]) for part in (steps, scrolls))
    rest = statistics.median(step.rested for step in (*steps, *scrolls))
    print(
        f"\n{rows:,} x {columns:,}: first key {first:.2f} s ({first_processor:.2f} s of processor), "
        f"{paint:,} B until then; loaded {loaded:.2f} s, inspected {inspected:.2f} s\n"
        f"  key: median {statistics.median(times):.1f} ms, p95 {_percentile(times, 0.95):.1f} ms; "
        f"with the detail {spent * 1e3:.1f} ms of processor; "
        f"while inspecting p95 {_percentile(busy, 0.95):.1f} ms\n"
        f"  cursor down {down:.0f} B, with scroll {scroll:.0f} B, the detail at rest {rest:.0f} B, idle {idle} B"
    )
    assert paint <= 25_000
    assert down <= 500
    assert scroll <= 7_000
    assert idle == 0
