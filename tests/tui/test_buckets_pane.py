"""The Buckets pane alone in an app: what it draws at every size, how a pair is chosen, and what it answers."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual import on
from textual.app import App, ComposeResult

import hpi_core
from hpi_core import demo
from hpi_core.charts.bucket_words import false_rate
from hpi_core.charts.buckets import BucketMap
from hpi_core.filter import parse
from hpi_core.inspection import Inspection
from hpi_core.text import safe
from hpi_tui.panes.buckets import Buckets, compute
from hpi_tui.theme import Look
from tests.builders import sweep_of
from tests.core.charts.sweeps import crowded

LOOKS = [Look(), Look("256", light=True), Look("16"), Look("none", ascii=True)]
SIZES = [(50, 6), (50, 14), (60, 20), (80, 24), (120, 40), (200, 55), (20, 5), (3, 1)]


class Alone(App[None]):
    """An app of nothing but the pane."""

    def __init__(self, view: BucketMap | None, look: Look | None = None) -> None:
        super().__init__()
        self.view = view
        self.pane = Buckets(look or Look())
        self.heard: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.show(self.view)

    @on(Buckets.Chosen)
    def _chosen(self, message: Buckets.Chosen) -> None:
        self.heard.append((message.parameter, message.issue))

    def text(self) -> list[str]:
        """Return the lines of the pane as text."""
        width, height = self.pane.size
        return [self.pane.line(y, width).text for y in range(height)]


@pytest.fixture(scope="module")
def inspection() -> Inspection:
    return hpi_core.inspect(replace(hpi_core.read(str(demo.path())), curves=None))


@pytest.fixture(scope="module")
def view(inspection: Inspection) -> BucketMap:
    return compute(inspection)


@pytest.fixture(scope="module")
def crowd() -> BucketMap:
    return compute(crowded(60, 20))


async def test_a_claim_is_told_with_where_rates_interval_and_q(view: BucketMap) -> None:
    app = Alone(view)
    async with app.run_test(size=(120, 40)):
        assert app.pane.choose("lr", "exploded_metric")
        cause = view.cell("lr", "exploded_metric").cause
        assert cause is not None
        lines = app.text()
        page = "\n".join(lines)
        assert "[.58 > 0.42]" in page
        assert (
            f"{cause.threshold_low:.4g}–{cause.threshold_high:.4g}]: 50 % of 22 EXPLODE, elsewhere 1.5 % of 137" in page
        )
        assert "strong" in page
        assert f" {false_rate(cause.q)}" in page
        cut = next(at for at, line in enumerate(lines) if line.startswith("  lr 0.42 ┄"))
        assert " 2/17 " in lines[cut - 1]
        assert " 11/22 " in lines[cut + 1]
        for mark in "━├●┤":
            assert mark in lines[cut + 1]
        assert lines[cut + 1].rstrip().endswith("22–70 %")


async def test_moving_chooses_and_says_so_and_stops_at_the_edges(view: BucketMap) -> None:
    app = Alone(view)
    async with app.run_test(size=(120, 40)) as pilot:
        assert app.pane.chosen == ("init", "failed_run")
        app.pane.move(1, 2)
        await pilot.pause()
        assert app.pane.chosen == (view.parameters[2], view.issues[2].issue)
        assert app.heard == [app.pane.chosen]
        app.pane.move(-99, -99)
        app.pane.move(-1, -1)
        await pilot.pause()
        assert app.pane.chosen == (view.parameters[0], view.issues[0].issue)
        assert len(app.heard) == 2
        app.pane.move(99, 99)
        assert app.pane.chosen == (view.parameters[-1], view.issues[-1].issue)
        assert not app.pane.choose("nothing", "failed_run")


async def test_the_filter_shows_the_claimed_trials_and_is_none_without_a_claim(
    view: BucketMap, inspection: Inspection
) -> None:
    app = Alone(view)
    async with app.run_test(size=(80, 24)):
        for parameter in view.parameters:
            for column in view.issues:
                app.pane.choose(parameter, column.issue)
                cause = view.cell(parameter, column.issue).cause
                text = app.pane.claimed_filter()
                assert (text is None) == (cause is None)
                if text is not None and cause is not None:
                    assert int(parse(text).mask(inspection.sweep).sum()) == cause.n


async def test_a_click_chooses_a_cell_or_a_claim(view: BucketMap) -> None:
    app = Alone(view)
    async with app.run_test(size=(120, 40)) as pilot:
        lines = app.text()
        row = next(y for y, line in enumerate(lines) if line.strip().startswith("lr "))
        await pilot.click(Buckets, offset=(lines[row].index(".58"), row))
        assert app.pane.chosen == ("lr", "exploded_metric")
        lines = app.text()
        claim = next(y for y, line in enumerate(lines) if line.strip().startswith("GAP ") and "dropout" in line)
        await pilot.click(Buckets, offset=(20, claim))
        assert app.pane.chosen == ("dropout", "overfit_gap")
        await pilot.click(Buckets, offset=(1, 0))
        assert app.pane.chosen == ("dropout", "overfit_gap")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.depth}-{look.light}-{look.ascii}")
async def test_every_line_fits_at_every_size(view: BucketMap, crowd: BucketMap, look: Look) -> None:
    for shown in (view, crowd):
        app = Alone(shown, look)
        async with app.run_test(size=(120, 40)) as pilot:
            for size in SIZES:
                await pilot.resize_terminal(*size)
                for step in ((0, 0), (1, 1), (-1, 5), (3, 50)):
                    app.pane.move(*step)
                    width = app.pane.size.width
                    for line in app.text():
                        assert cell_len(line) == width
                        assert line.isprintable()
                        assert not look.ascii or line.isascii()


async def test_the_chosen_cell_is_always_on_the_screen(crowd: BucketMap) -> None:
    app = Alone(crowd)
    async with app.run_test(size=(50, 12)):
        for _ in range(len(crowd.parameters)):
            app.pane.move(0, 1)
            name = safe((app.pane.chosen or ("", ""))[0])[:3]
            row = next(line for line in app.text()[1:] if "[" in line[10:])
            assert row.strip().startswith(name)


async def test_where_nothing_is_filled_a_shade_tells_the_strength(view: BucketMap) -> None:
    for look, shade in ((Look("none"), "█.75"), (Look("none", ascii=True), "#.75"), (Look(), "[ .75]")):
        app = Alone(view, look)
        async with app.run_test(size=(80, 24)):
            assert shade in "\n".join(app.text())


async def test_the_located_trial_marks_its_bar(view: BucketMap, inspection: Inspection) -> None:
    app = Alone(view)
    async with app.run_test(size=(120, 40)):
        before = [app.pane.line(y, 120) for y in range(40)]
        app.pane.locate(7)
        after = [app.pane.line(y, 120) for y in range(40)]
        changed = [new.text for old, new in zip(before, after, strict=True) if old != new]
        assert len(changed) == 1
        assert changed[0].split()[0] == inspection.sweep.trials["init"][7]


async def test_a_move_repaints_only_what_differs(view: BucketMap) -> None:
    app = Alone(view)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        painted: list[tuple[int, ...]] = []
        app.pane.redraw_lines = lambda *lines: painted.append(lines)  # type: ignore[method-assign]
        app.pane.move(0, 1)
        assert len(painted) == 1
        assert 0 < len(painted[0]) < 40
        assert 0 not in painted[0]


async def test_a_new_map_keeps_the_chosen_pair(view: BucketMap, inspection: Inspection) -> None:
    app = Alone(view)
    async with app.run_test(size=(120, 40)):
        app.pane.choose("lr", "exploded_metric")
        app.pane.show(compute(inspection))
        assert app.pane.chosen == ("lr", "exploded_metric")


async def test_empty_states_are_words() -> None:
    healthy = compute(hpi_core.inspect(sweep_of({"lr": [0.1, 0.2, 0.3], "val_loss": [0.5, 0.4, 0.6]})))
    for shown, words in ((None, "Nothing was inspected yet."), (healthy, "No sick trials: ")):
        app = Alone(shown)
        async with app.run_test(size=(60, 10)):
            assert words in "\n".join(app.text())
            assert app.pane.chosen is None
            assert app.pane.claimed_filter() is None
            app.pane.move(1, 1)


def test_the_pane_loads_nothing_heavy() -> None:
    code = "import sys, hpi_tui.panes.buckets; print([m for m in ('polars', 'numpy', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
