"""Prints what the app costs: time to the first moved cursor beside an empty app, key times, bytes on the wire.

Run with `pytest tests/bench/app -s`; nothing here fails because a machine is slow, ratios are for reading.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.tui.conftest import APP
from tests.tui.terminal import Terminal

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


def test_first_key_beside_an_empty_app(tmp_path: Path) -> None:
    source = _write(tmp_path / "sweep.csv", 1000, 12)
    script = tmp_path / "empty.py"
    script.write_text(EMPTY)
    ratios = []
    for _ in range(5):
        with Terminal([sys.executable, str(script)], typed=b"j") as empty:
            base = empty.until("moved!")
        with Terminal([APP, str(source)], typed=b"j") as app:
            ratios.append(app.until("2/") / base)
    print(f"\nfirst key / empty app: median {statistics.median(ratios):.2f}, worst {max(ratios):.2f}")


@pytest.mark.parametrize(("rows", "columns"), [(1000, 12), (1_000_000, 30), (20, 10_000)])
def test_bytes_and_key_times(tmp_path: Path, rows: int, columns: int) -> None:
    source = _write(tmp_path / "sweep.csv", rows, columns)
    with Terminal([APP, str(source)], typed=b"j") as app:
        first = app.until("2/")
        app.until_quiet(0.03)
        paint = len(app.raw)
        loaded = app.until(f"{rows:,} trials", 120)
        app.until_quiet(0.5)
        app.send("g")
        app.until_quiet()
        steps = [app.key("j", 0.06) for _ in range(15)]
        app.send("g" + "j" * 60)
        app.until_quiet()
        scrolls = [app.key("j", 0.06) for _ in range(15)]
        app.until_quiet()
        before = len(app.raw)
        app.pump(1.5)
        app.pump(1.5)
        idle = len(app.raw) - before
    times = sorted(ms for ms, _ in (*steps, *scrolls))
    print(
        f"\n{rows:,} x {columns:,}: first key {first:.2f} s, loaded {loaded:.2f} s, "
        f"bytes until the first key {paint:,}, "
        f"key p95 {times[int(0.95 * len(times)) - 1]:.1f} ms, down {statistics.median(b for _, b in steps):.0f} B, "
        f"with scroll {statistics.median(b for _, b in scrolls):.0f} B, idle {idle} B"
    )
