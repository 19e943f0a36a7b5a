"""Features that are kept equal features measured anew, after every way in which curves grow or change."""

from __future__ import annotations

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from hpi_core.curves.features import curve_features
from hpi_core.curves.kept import KeptFeatures, features_of, keeping
from hpi_core.frames import CURVES
from tests.shared_data import DATA, needs_shared


def _curves(lengths: list[int], *, seed: int = 1, spoil: int | None = None) -> pl.LazyFrame:
    rng = np.random.default_rng(seed)
    frames = []
    for row in range(len(lengths)):
        noise = rng.normal(0, 0.05, 400)
        for metric in ("train_loss", "val_accuracy"):
            values = (2.3 * 0.97 ** np.arange(400) + noise)[: lengths[row]]
            if row == spoil and metric == "train_loss":
                values = np.where(np.arange(len(values)) == 7, np.nan, values)
            frames.append(
                pl.DataFrame({"_row": row, "metric": metric, "step": np.arange(len(values)), "value": values}).cast(
                    dict(CURVES.items())
                )
            )
    return pl.concat(frames).lazy()


def test_growing_curves_are_measured_alone_and_exactly() -> None:
    kept, large = KeptFeatures(), {"val_accuracy": True, "train_loss": False}
    steps = [
        (_curves([100] * 30), 60),
        (_curves([100] * 30), 0),
        (_curves([100] * 28 + [140, 101]), 4),
        (_curves([100] * 28 + [140, 101, 60]), 2),
        (_curves([100] * 28 + [140, 101, 60], spoil=3), 1),
        (_curves([100] * 5), 1),
    ]
    for curves, measured in steps:
        before = kept.measured
        with keeping(kept):
            found = features_of(curves, large)
        assert kept.measured - before == measured
        assert_frame_equal(found, curve_features(curves, large), check_exact=True)
    with keeping(kept):
        found = features_of(steps[0][0], {"val_accuracy": False, "train_loss": False})
    assert_frame_equal(found, curve_features(steps[0][0], {}), check_exact=True)


def test_nothing_is_kept_outside() -> None:
    kept = KeptFeatures()
    with keeping(kept):
        pass
    features_of(_curves([20]), {})
    assert kept.features is None


@needs_shared
def test_real_curves_that_grow_point_by_point() -> None:
    points = pl.read_parquet(DATA / "12_curves" / "deepobs_curves.parquet").head(60_000)
    names = points.columns
    ids = points[names[0]].rank("dense").cast(pl.UInt32) - 1
    value = next(name for name in names[::-1] if points[name].dtype.is_float())
    step = next(name for name in names if name in ("step", "epoch"))
    metric = points["metric"].cast(pl.String) if "metric" in names else pl.Series(["loss"] * points.height)
    whole = pl.DataFrame(
        {"_row": ids, "metric": metric, "step": points[step].cast(pl.Int64), "value": points[value].cast(pl.Float64)}
    )
    whole = whole.unique(["_row", "metric", "step"], keep="first").sort("_row", "metric", "step").drop_nulls()
    kept = KeptFeatures()
    for last in (20, 35, 60):
        curves = whole.filter(pl.col("step") <= last).lazy()
        with keeping(kept):
            assert_frame_equal(features_of(curves, {}), curve_features(curves, {}), check_exact=True)
