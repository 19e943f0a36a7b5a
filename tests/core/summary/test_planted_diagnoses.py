"""Diagnoses hold where their cause was planted in real curves, and are silent where labels were shuffled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.core.cli.running import hpi
from tests.shared_data import DATA, needs_shared

TRIALS, EPOCHS = 240, 80
PARAMETERS = ("lr", "weight_decay", "batch_size", "width")
Curves = np.ndarray[Any, np.dtype[np.float64]]


def _clean() -> list[tuple[Curves, Curves]]:
    """Real test and training losses of DeepOBS that fall to the end and are finite."""
    trials = pl.read_csv(DATA / "12_curves" / "deepobs_trials.csv", infer_schema_length=None)
    chosen = trials.filter(
        (pl.col("testproblem") == "fmnist_2c2d") & (pl.col("optimizer") == "GradientDescentOptimizer")
    )
    points = pl.read_parquet(DATA / "12_curves" / "deepobs_curves.parquet").filter(
        pl.col("trial_id").is_in(chosen["trial_id"].cast(pl.UInt32).implode())
    )
    found = []
    for _, part in points.sort("epoch").group_by("trial_id", maintain_order=True):
        test, train = (
            part.filter(pl.col("metric") == name)["value"].cast(pl.Float64).to_numpy()
            for name in ("test_losses", "train_losses")
        )
        late = test[-20:].mean()
        if np.isfinite(test).all() and late < 0.4 and late <= test.min() * 1.08:
            found.append((test[: EPOCHS + 1], train[: EPOCHS + 1]))
    assert len(found) >= 5
    return found


def planted(folder: Path, *, shuffle: int | None = None) -> Path:
    """Write a sweep whose ends of three hyperparameters bring about what they are known for; or shuffle these."""
    random = np.random.default_rng(17)
    clean = _clean()
    table: dict[str, Any] = {
        "trial_id": [f"t{n}" for n in range(TRIALS)],
        "lr": 10 ** random.uniform(-5, 0, TRIALS),
        "weight_decay": 10 ** random.uniform(-7, -1, TRIALS),
        "batch_size": random.choice([8, 16, 32, 64, 128, 256], TRIALS),
        "width": random.choice([16, 32, 64, 128, 256, 512], TRIALS),
    }
    rows, finals = [], []
    for n in range(TRIALS):
        test, train = (curve.copy() for curve in clean[int(random.integers(len(clean)))])
        steps = np.arange(test.size, dtype=float)
        if table["lr"][n] < 10**-3.7:
            test, train = (np.interp(steps * 0.12, steps, curve) for curve in (test, train))
        if table["weight_decay"][n] < 1e-6:
            test = np.where(steps > 30, test[30] + 0.02 * (steps - 30) * (test[0] - test[30]), test)
        if table["weight_decay"][n] > 10**-2.0:
            test, train = (curve[0] + random.normal(0, 0.002, curve.size) for curve in (test, train))
        if table["batch_size"][n] == 8:
            test = test + random.normal(0, 0.25, test.size)
        if table["lr"][n] > 0.1:
            test[40:], train[40:] = np.nan, np.nan
        for name, curve in (("val_loss", test), ("train_loss", train)):
            rows.append(
                pl.DataFrame({"trial_id": f"t{n}", "metric": name, "step": np.arange(curve.size), "value": curve})
            )
        finals.append((test[-1], train[-1]))
    if shuffle is not None:
        order = np.random.default_rng(shuffle).permutation(TRIALS)
        table |= {name: np.asarray(table[name])[order] for name in PARAMETERS}
    final = np.array(finals)
    frame = pl.DataFrame(table | {"val_loss": final[:, 0], "train_loss": final[:, 1]})
    frame.write_csv(folder / "sweep.csv")
    pl.concat(rows).write_parquet(folder / "sweep.curves.parquet")
    return folder / "sweep.csv"


def diagnoses(source: Path) -> list[dict[str, Any]]:
    done = hpi("inspect", source, "--json", home=source.parent)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["diagnoses"]
    return found


@needs_shared
def test_what_was_planted_is_put_into_words(tmp_path: Path) -> None:
    source = planted(tmp_path)
    found = {(one["parameter"], one["text"]): one for one in diagnoses(source)}
    for expected in (
        ("lr", "learning rate too high"),
        ("lr", "learning rate too low"),
        ("weight_decay", "regularization too weak"),
        ("weight_decay", "regularization too strong"),
        ("batch_size", "batches too small: their noise shows in the curves"),
    ):
        assert expected in found, sorted(found)
    low = found["lr", "learning rate too low"]
    assert {"slow_start", "still_improving"} & set(low["issues"])
    assert any(reference.startswith("info_cause:") for reference in low["because"])
    assert not [one for one in found.values() if one["parameter"] == "width"]
    page = " ".join(hpi("inspect", source, home=tmp_path).stdout.decode().split())
    assert "Learning rate too low" in page
    assert "Regularization too weak" in page
    written = hpi("report", source, "-o", tmp_path / "report.md", home=tmp_path)
    assert written.returncode == 0, written.stderr
    report = (tmp_path / "report.md").read_text()
    assert "- Learning rate too low. " in report


@needs_shared
def test_shuffled_labels_have_no_diagnosis(tmp_path: Path) -> None:
    found = diagnoses(planted(tmp_path, shuffle=1))
    assert [one for one in found if one["parameter"] is not None] == []


@needs_shared
@pytest.mark.parametrize(
    ("keep", "expected"), [("rebound", "stop earlier, near step"), ("short", "underfit: train for longer"), ("", "")]
)
def test_what_most_curves_have_in_common(tmp_path: Path, keep: str, expected: str) -> None:
    clean, rows = _clean(), []
    random = np.random.default_rng(3)
    for n in range(40):
        test, train = (curve.copy() for curve in clean[n % len(clean)])
        steps = np.arange(test.size, dtype=float)
        if keep == "rebound" and n % 2:
            test = np.where(steps > 30, test[30] + 0.02 * (steps - 30) * (test[0] - test[30]), test)
        if keep == "short":
            test, train = (curve[0] - 0.02 * steps + random.normal(0, 0.001, steps.size) for curve in (test, train))
        for name, curve in (("val_loss", test), ("train_loss", train)):
            rows.append(pl.DataFrame({"trial_id": f"t{n}", "metric": name, "step": steps.astype(int), "value": curve}))
    lr = 10 ** random.uniform(-4, -1, 40)
    pl.DataFrame({"trial_id": [f"t{n}" for n in range(40)], "lr": lr, "val_loss": [0.3 + n / 1e3 for n in range(40)]}
                 ).write_csv(tmp_path / "sweep.csv")  # fmt: skip
    pl.concat(rows).write_parquet(tmp_path / "sweep.curves.parquet")
    found = [one["text"] for one in diagnoses(tmp_path / "sweep.csv") if one["parameter"] is None]
    if expected:
        assert any(text.startswith(expected) for text in found), found
    else:
        assert found == []
    if keep == "rebound":
        step = int(found[0].rsplit(" ", 1)[-1])
        assert abs(step - 30) <= 3
