from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest

from hpi_core.statistics.binning import code_trials
from hpi_core.statistics.columns import parameter_of


def test_words_become_codes_of_sorted_levels_and_null_is_missing() -> None:
    parameter = parameter_of(pl.Series("opt", ["sgd", None, "adam", "sgd"]), "categorical")
    assert parameter.levels == ("adam", "sgd")
    assert parameter.values.tolist() == [1, -1, 0, 1]
    assert parameter.missing.tolist() == [False, True, False, False]


def test_numbers_keep_infinity_and_lose_nothing() -> None:
    parameter = parameter_of(pl.Series("clip", [1.5, None, float("nan"), float("inf")]), "ordered")
    assert parameter.missing.tolist() == [False, True, True, False]
    assert parameter.values[[0, 3]].tolist() == [1.5, np.inf]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pl.Series("flag", [True, False, None] * 10), "categorical"),
        (pl.Series("layers", [[1, 2], [3], None] * 10), "categorical"),
        (pl.Series("n", [1, 2, 3] * 10), "discrete"),
        (pl.Series("n as words", [1, 2, 3] * 10), "categorical"),
        (pl.Series("words as n", ["a", "b", "c"] * 10), "ordered"),
        (pl.Series("day", [datetime.date(2026, 1, d) for d in (1, 2, 3)] * 10), "ordered"),
        (pl.Series("nothing", [None] * 30, dtype=pl.String), "categorical"),
        (pl.Series("null", [None] * 30), "categorical"),
        (pl.Series("cat", ["x", "y", "x"] * 10, dtype=pl.Categorical), "categorical"),
    ],
    ids=lambda value: value.name if isinstance(value, pl.Series) else None,
)
def test_every_dtype_can_be_coded(column: pl.Series, kind: str) -> None:
    coding = code_trials(parameter_of(column, kind))  # type: ignore[arg-type]
    assert len(coding.codes) == 30
    assert int(coding.codes.max()) < coding.size
