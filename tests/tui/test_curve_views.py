"""The views of the Curves pane on real curves: crowd, small multiples, table, clipped axis, readout after the end."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hpi_core import frames
from hpi_core.sweep import Source, Sweep
from hpi_tui.panes.curve_drawing import draw
from hpi_tui.panes.curve_settings import CurveSettings
from hpi_tui.panes.curves import Room, compute
from hpi_tui.theme import Look
from tests.shared_data import DATA, needs_shared
from tests.tui.conftest import Open
from tests.tui.terminal import Terminal

_READY = re.compile(r" sick 1/\d+")


def _text(sweep: Sweep, settings: CurveSettings, *, row: int = 0, size: tuple[int, int] = (120, 40),
          look: Look | None = None) -> str:  # fmt: skip
    look = look or Look()
    view = compute(sweep, None, row, settings, room=Room(*size))
    strips = draw(look, view, *size)
    assert all(strip.cell_length == size[0] for strip in strips)
    return "\n".join(strip.text for strip in strips)


def _many(trials: int, points: int = 60) -> Sweep:
    """Trials whose losses fall to 1, 2, 3 … by groups; every fifth ends in nan and stops half-way."""
    rows = []
    for n in range(trials):
        own = points // 2 if n % 5 == 4 else points
        rows += [(n, "val_loss", s, 1 + n % 4 + 3 * 0.9**s) for s in range(own)]
        rows += [(n, "train_loss", s, 0.5 + n % 4 + 3 * 0.9**s) for s in range(own)]
    table = pl.DataFrame(
        {"trial_id": [f"t{n}" for n in range(trials)], "lr": np.geomspace(1e-4, 1, trials),
         "val_loss": [float("nan") if n % 5 == 4 else 1.0 + n % 4 for n in range(trials)]}
    )  # fmt: skip
    curves = pl.DataFrame(rows, schema=frames.CURVES, orient="row").lazy()
    return Sweep.from_table(table, Source("frame", "x", "x"), curves=curves)


@pytest.mark.parametrize("look", [Look(), Look("none"), Look("none", ascii=True)])
def test_the_legend_of_a_crowd_counts_its_curves(look: Look) -> None:
    text = _text(_many(400), CurveSettings(over="shown"), look=look)
    legend = re.search(r"curves in a cell: (.*) and more", text)
    assert legend is not None
    counts = [int(number) for number in re.findall(r"\d+", legend.group(1))]
    assert counts == sorted(set(counts))
    assert 20 < counts[-1] <= 400
    densest = re.findall(r"\S", legend.group(1))[-3 if counts[-1] >= 10 else -2]
    assert text.count(densest) > 40
    assert text.isascii() == look.ascii


def test_a_handful_is_drawn_as_lines_each_with_its_name() -> None:
    text = _text(_many(6), CurveSettings(over="shown"), row=1, size=(120, 30))
    assert "curves in a cell" not in text
    assert all(f"t{n}" in text for n in range(4))


def test_in_ascii_a_line_is_drawn_with_the_sign_of_its_label() -> None:
    text = _text(_many(6), CurveSettings(), row=4, look=Look("none", ascii=True), size=(100, 24))
    labels = dict(re.findall(r" ([x*=!o+]) (t\d+|median)", text))
    assert labels == {"x": "t4", "*": "t0", "=": "median"}
    assert all(text.count(sign) > 10 for sign in labels)


def test_after_its_end_a_trial_has_no_difference_to_the_best() -> None:
    last = _text(_many(6), CurveSettings(cursor=50.0), row=4).splitlines()[-1]
    assert "ended at step 29" in last
    assert "trial – ★" not in last
    assert "nan" not in last
    running = _text(_many(6), CurveSettings(cursor=20.0), row=4).splitlines()[-1]
    assert "ended" not in running
    assert "trial – ★ 0" in running


def test_one_key_clips_the_axis_to_its_percentiles() -> None:
    sweep = _many(3)
    curves = pl.DataFrame(
        [(0, "val_loss", s, 1e6 if s in (70, 71) else 5.0 + s / 100) for s in range(400)], schema=frames.CURVES,
        orient="row",
    )  # fmt: skip
    spiked = Sweep(sweep.trials.head(1), sweep.roles, sweep.source, sweep.ledger, curves.lazy())
    text = _text(spiked, CurveSettings(clip=True), size=(100, 24))
    ticks = [float(tick) for tick in re.findall(r"^ *(\d\.\d+) ", text, re.MULTILINE)]
    assert ticks
    assert min(ticks) >= 5
    assert max(ticks) < 9.1


def test_a_table_holds_the_values_themselves() -> None:
    sweep = _many(6)
    rows = _text(sweep, CurveSettings(form="table", cursor=3.0), row=4, size=(120, 40)).splitlines()
    assert rows[0].split()[:3] == ["step", "✗", "t4"]
    assert rows[4].startswith("▌")
    assert rows[4].split()[:3] == ["▌", "3", "3.187"]
    assert len([row for row in rows if re.match(r"^[▌ ] +\d+ ", row)]) == 30
    short = _text(sweep, CurveSettings(form="table"), row=0, size=(80, 12)).splitlines()
    assert len(short) == 12
    assert short[-1].split()[0] == "59"


@pytest.mark.parametrize("size", [(200, 56), (120, 36), (60, 28), (30, 9), (9, 4)])
@pytest.mark.parametrize("form", ["metrics", "trials", "table", "lines"])
def test_every_view_fits_every_room(form: str, size: tuple[int, int]) -> None:
    for over in ("", "shown", "sick"):
        settings = CurveSettings(form=form, over=over, cursor=7.0, clip=True)  # type: ignore[arg-type]
        _text(_many(40), settings, row=9, size=size)


def test_small_multiples_name_what_they_show() -> None:
    text = _text(_many(40), CurveSettings(form="trials"), row=3, size=(200, 56))
    assert all(re.search(rf"\bt{n}\b", text) for n in range(25))
    assert "▌t3" in text
    metrics = _text(_many(40), CurveSettings(form="metrics"), row=3, size=(200, 56))
    assert "val_loss" in metrics
    assert "train_loss" in metrics


def _real(app: Terminal, keys: str) -> None:
    app.until(lambda text: _READY.search(text) is not None, 60)
    app.send("4+")
    app.until(lambda text: "test_losses  trial" in text and "median" in text, 30)
    app.send(keys)


@pytest.fixture
def fmnist(tmp_path: Path) -> Path:
    """One real sweep of DeepOBS with its curves beside it, found by its name."""
    curves = pl.read_parquet(DATA / "12_curves" / "deepobs_curves.parquet")
    trials = pl.read_csv(DATA / "12_curves" / "deepobs_trials.csv", infer_schema=False)
    own = trials.filter(pl.col("testproblem") == "fmnist_2c2d")
    own.write_csv(tmp_path / "fmnist.csv")
    chosen = own["trial_id"].cast(pl.UInt32).implode()
    curves.filter(pl.col("trial_id").is_in(chosen)).write_parquet(tmp_path / "fmnist.curves.parquet")
    return tmp_path / "fmnist.csv"


@needs_shared
def test_real_curves_as_crowd_multiples_and_table(open_app: Open, fmnist: Path) -> None:
    with open_app(str(fmnist), columns=200, rows=60) as app:
        means = re.compile(r"means +learning rate too high to learn at all +lr > 0\.03: stuck_at_chance")
        app.until(lambda text: means.search(text) is not None, 60)
        _real(app, "o")
        app.until("curves from fmnist.curves.parquet")
        app.until(lambda text: "trial 270 in 135 curves" in text and "curves in a cell" in text)
        app.send("o")
        app.until("111 sick against 24 healthy")
        app.send("o")
        app.until("trial 270 against the best")
        app.send("M")
        app.until(lambda text: "every metric" in text and "test_accuracies" in text and "train_accuracies" in text)
        app.send("M")
        app.until(lambda text: "25 trials side by side, 110 more" in text and "294 GAP REBOUND" in text)
        app.send("t")
        app.until(lambda text: "trial 270 as a table, 5" in text and "points, > shows more" in text)
        app.send("%")
        app.until("1st–99th percentile")
        app.send("t")
        app.until("trial 270 against the best")
        app.send("q")
        assert app.wait() == 0


@needs_shared
def test_real_findings_are_marked_at_their_steps(open_app: Open, fmnist: Path) -> None:
    with open_app(str(fmnist)) as app:
        _real(app, "jjj")
        app.until(lambda text: "trial 273 against" in text and "! GAP REBOUND 4" in text)
        app.send("h")
        readout = re.compile(r"step \d+ .*! 273 .*trial – ★ \+1\.\d+.*lowest 0\.349 at 2")
        app.until(lambda text: readout.search(text) is not None)


@needs_shared
def test_the_readout_of_a_real_trial_that_ended_early_says_so(open_app: Open) -> None:
    trials, curves = (DATA / "12_curves" / f"algoperf_{name}" for name in ("trials.csv", "curves.parquet"))
    with open_app(str(trials), str(curves)) as app:
        app.until(lambda text: "610 trials" in text and " sick" in text, 90)
        app.send("4+")
        app.until("validation/loss  trial 2", 30)
        app.send("h")
        app.until(lambda text: re.search(r"step \d+  2 .* ended at step 43", text) is not None)


def test_over_time_where_the_curves_hold_moments(open_app: Open, tmp_path: Path) -> None:
    moment = "2026-01-{day:02d} 0{hour}:00:00"
    rows = ["trial_id,step,timestamp,val_loss"]
    rows += [f"t{n},{s},{moment.format(day=1 + s // 4, hour=2 * (s % 4))},{2 * 0.9**s + n + 1}" for n in range(4)
             for s in range(40)]  # fmt: skip
    (tmp_path / "sweep.curves.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "sweep.csv").write_text(
        "trial_id,lr,val_loss\n" + "".join(f"t{n},0.{n + 1},{n + 1}\n" for n in range(4))
    )
    with open_app(str(tmp_path / "sweep.csv")) as app:
        app.until("none sick", 60)
        app.send("4+")
        app.until("over step")
        app.send("x")
        app.until("over time")
        app.send("h")
        app.until(lambda text: re.search(r"time 7\d\d,\d{3} s  ", text) is not None)


def test_without_moments_the_key_for_time_says_so(open_app: Open, tmp_path: Path) -> None:
    rows = [f"t{n},{s},{2 * 0.9**s + n + 1}" for n in range(4) for s in range(40)]
    (tmp_path / "sweep.curves.csv").write_text("\n".join(["trial_id,step,val_loss", *rows]) + "\n")
    (tmp_path / "sweep.csv").write_text(
        "trial_id,lr,val_loss\n" + "".join(f"t{n},0.{n + 1},{n + 1}\n" for n in range(4))
    )
    with open_app(str(tmp_path / "sweep.csv")) as app:
        app.until("none sick", 60)
        app.send("4")
        app.until("over step")
        app.send("x")
        app.until("There is no time in the curves: over step.")


@needs_shared
def test_the_times_mlflow_keeps_are_an_axis(open_app: Open) -> None:
    with open_app(str(DATA / "03_mlflow/nicktbrr__MM-Neural-Adjoint/examples/mlflow.db")) as app:
        app.until("none sick", 60)
        app.send("4+")
        app.until("over step")
        app.send("x")
        app.until("over time")
        app.send("h")
        app.until(lambda text: re.search(r"time [5-9]\.\d+ s  ", text) is not None)
