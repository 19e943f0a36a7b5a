"""The Curves pane in an app of its own: what stands on the screen, and that nothing in a curve can end the app."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from textual.app import App, ComposeResult

import hpi_core
from hpi_core import frames
from hpi_core.sweep import Source, Sweep
from hpi_tui.panes.curve_settings import CurveSettings
from hpi_tui.panes.curves import Curves, Room, compute, with_settings
from hpi_tui.theme import Look
from hpi_tui.widgets.plot import Polyline, rasterise

DEMO = Path(hpi_core.__file__).parent / "demo"


class CurvesApp(App[None]):
    """Only the pane."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, look: Look | None = None) -> None:
        self.look = look or Look()
        super().__init__(ansi_color=True)
        self.curves = Curves(self.look)

    def get_css_variables(self) -> dict[str, str]:
        return {**super().get_css_variables(), **self.look.variables()}

    def compose(self) -> ComposeResult:
        yield self.curves

    def text(self) -> str:
        width, height = self.curves.size
        return "\n".join(self.curves.line(y, width).text for y in range(height))

    def is_whole(self) -> bool:
        width, height = self.curves.size
        return all(self.curves.line(y, width).cell_length == width for y in range(height))


def sweep_with(losses: dict[int, list[float]], final: list[float]) -> Sweep:
    rows = [(n, "val_loss", step, value) for n, values in losses.items() for step, value in enumerate(values)]
    curves = pl.DataFrame(rows, schema=frames.CURVES, orient="row").lazy()
    table = pl.DataFrame(
        {"trial_id": [f"t{n}" for n in range(len(final))], "lr": [0.1] * len(final), "val_loss": final}
    )
    return Sweep.from_table(table, Source("frame", "test", "test"), curves=curves)


def falling(scale: float, n: int = 400) -> list[float]:
    return [scale * (1 + 3 * math.exp(-step / 40)) for step in range(n)]


async def test_the_trial_the_best_and_the_median_are_labelled_at_their_ends() -> None:
    sick = falling(3.0)
    sick[300:] = [math.nan] * 100
    sweep = sweep_with({0: sick, 1: falling(1.0), 2: falling(1.5)}, [math.nan, 1.0, 1.5])
    app = CurvesApp()
    async with app.run_test(size=(100, 24)) as pilot:
        app.curves.show(compute(sweep, None, 0, CurveSettings()))
        await pilot.pause()
        text = app.text()
        assert "✗ nan 300" in text
        assert "★ t1 1.00" in text
        assert "median 1.25" in text
        assert "┄" in text
        assert any(0x2800 < ord(character) < 0x2900 for character in text)
        line = next(line for line in text.splitlines() if "✗ nan 300" in line)
        plot = app.curves.plot_columns
        assert abs(line.index("✗") - (7 + 299 / 399 * (plot - 1))) <= 2
        assert app.is_whole()


async def test_the_readout_tells_the_difference_to_the_best() -> None:
    sweep = sweep_with({0: falling(3.0), 1: falling(1.0)}, [3.0, 1.0])
    app = CurvesApp()
    async with app.run_test(size=(120, 24)) as pilot:
        view = compute(sweep, None, 0, CurveSettings())
        app.curves.show(view)
        app.curves.show(with_settings(view, CurveSettings(cursor=399.0)))
        await pilot.pause()
        last = app.text().splitlines()[-1]
        assert last.startswith(" step 399  t0 3  ★ t1 1")
        assert "trial – ★ +2" in last
        assert "│" in app.text()


async def test_the_pair_stands_below_where_there_is_room() -> None:
    sweep = hpi_core.read([str(DEMO / "sweep.csv"), str(DEMO / "sweep.curves.parquet")])
    app = CurvesApp()
    async with app.run_test(size=(120, 40)) as pilot:
        app.curves.show(compute(sweep, None, 3, CurveSettings(), room=Room(*app.curves.size)))
        await pilot.pause()
        rows = app.text().splitlines()
        assert rows[0].startswith(" 4 Curves  val_loss")
        assert sum(row.strip() == "train_loss" for row in rows) == 1
        app.curves.show(compute(sweep, None, 3, CurveSettings(metric="train_accuracy"), room=Room(80, 10)))
        assert app.text().startswith(" 4 Curves  train_accuracy")


async def test_ascii_and_no_colour_lose_nothing() -> None:
    sweep = sweep_with({0: falling(3.0), 1: falling(1.0), 2: falling(1.6)}, [math.nan, 1.0, 1.6])
    app = CurvesApp(Look("none", ascii=True))
    async with app.run_test(size=(80, 24)) as pilot:
        app.curves.show(compute(sweep, None, 0, CurveSettings(cursor=200.0)))
        await pilot.pause()
        text = app.text()
        assert text.isascii()
        assert "?" not in text
        assert all(mark in text for mark in ("xxx", "***", "===", "* t1", "x t0", "= median"))


NAN, INF = math.nan, math.inf
AWKWARD = {
    "huge": [10.0 ** min(n, 300) for n in range(400)],
    "one point": [1.0],
    "all nan": [NAN] * 50,
    "constant": [2.0] * 100,
    "constant huge": [1e269] * 100,
    "zero": [0.0] * 9,
    "alternating": [NAN, 1.0] * 60,
    "infinities": [INF, -INF, 1.0, NAN] * 30,
    "negative": [-(2.0**n) for n in range(400)],
    "largest": [1.7e308, -1.7e308] * 20,
    "tiny": [5e-324 * n for n in range(90)],
    "nothing": [],
}


@pytest.mark.parametrize("name", AWKWARD)
async def test_no_curve_ends_the_app(name: str) -> None:
    values = AWKWARD[name]
    last = values[-1] if values else NAN
    sweep = sweep_with({0: values, 1: falling(1.0, 100), 2: values}, [last, 1.0, 0.1])
    app = CurvesApp()
    async with app.run_test(size=(90, 30)) as pilot:
        for log in (False, True):
            for row in (0, 1, 2):
                app.curves.show(
                    compute(sweep, None, row, CurveSettings(log_y=log, cursor=7.0, overlay=(0, 1), over="selected"))
                )
                assert app.is_whole()
        for size in ((200, 60), (60, 14), (40, 8), (23, 5), (7, 3), (1, 1)):
            await pilot.resize_terminal(*size)
            assert app.is_whole()


async def test_a_million_points_are_drawn_with_their_spike() -> None:
    steps = np.arange(1_000_000)
    values = 1 + np.exp(-steps / 1e5)
    values[700_000] = 1.4
    curves = pl.DataFrame({"_row": 0, "metric": "val_loss", "step": steps, "value": values}).cast(frames.CURVES)
    table = pl.DataFrame({"trial_id": ["a"], "lr": [0.1], "val_loss": [1.0]})
    sweep = Sweep.from_table(table, Source("frame", "big", "big"), curves=curves.lazy())
    app = CurvesApp()
    async with app.run_test(size=(100, 30)) as pilot:
        app.curves.show(compute(sweep, None, 0, CurveSettings()))
        await pilot.pause()
        column = 7 + round(0.7 * (app.curves.plot_columns - 1))
        near = [row[column - 1 : column + 2] for row in app.text().splitlines()[1:-1]]
        drawn = [cells for cells in near if any(0x2800 < ord(cell) < 0x2900 for cell in cells)]
        assert len(drawn) > 8


async def test_without_curves_it_says_how_to_attach_them() -> None:
    table = pl.DataFrame({"trial_id": ["a", "b", "c"], "lr": [0.1, 0.2, 0.3], "val_loss": [0.5, NAN, 0.4]})
    sweep = Sweep.from_table(table, Source("frame", "x", "x"))
    app = CurvesApp()
    async with app.run_test(size=(120, 30)) as pilot:
        app.curves.show(compute(sweep, None, 1, CurveSettings()))
        await pilot.pause()
        text = app.text()
        assert "hpi-tui sweep.csv curves.parquet" in text
        assert "val_loss over trial order" in text
        assert "val_loss over lr" in text
        assert "1 not finite" in text
        for size in ((60, 14), (30, 6), (5, 2)):
            await pilot.resize_terminal(*size)
            assert app.is_whole()
        app.curves.show(compute(sweep, None, None, CurveSettings()))
        app.curves.show(
            compute(Sweep.from_polars(pl.DataFrame({"lr": [], "val_loss": []})), None, None, CurveSettings())
        )
        assert app.is_whole()


def test_a_raster_is_where_its_points_are() -> None:
    def one(x: float, y: float) -> list[str]:
        return rasterise([Polyline(np.array([x]), np.array([y]), np.array([False]))], 10, 3)

    assert one(0, 0)[2][0] == "⡀"
    assert one(1, 1)[0][9] == "⠈"
    assert one(0.5, 7)[0].strip() == ""
    line = Polyline(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1e300, np.nan]), np.array([False, True, False]))
    assert rasterise([line], 10, 3, "x") == ["x         "] * 3


def test_settings_are_pure_transitions() -> None:
    start = CurveSettings()
    full = (0.0, 1000.0)
    assert start.next_metric(("a", "b")).metric == "b"
    assert start.next_metric(("a", "b"), -1).metric == "b"
    assert start.next_metric(()).metric is None
    near = start.moved(10, 100, full)
    assert near.cursor == 100.0
    zoomed = near.zoomed(2, full)
    assert zoomed.zoom == (50.0, 550.0)
    assert zoomed.zoomed(0.5, full).zoom is None
    assert zoomed.moved(-20, 100, full).zoom == (0.0, 500.0)
    assert zoomed.toggled_axis().zoom is None
    assert [s.smoothing for s in (start.next_smoothing(), start.next_smoothing().next_smoothing())] == [5, 15]
    assert start == CurveSettings()
