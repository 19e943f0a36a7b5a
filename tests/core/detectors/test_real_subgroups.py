"""Duplicated headers of a real fairness table: each pair of group columns belongs to the attribute that follows it."""

from __future__ import annotations

import polars as pl
import pytest

import hpi_core
from hpi_core.detectors import detect
from hpi_core.sweep import Sweep
from tests.shared_data import DATA, needs_shared

FILES = sorted((DATA / "10_fairness").rglob("german_age_numerical-binsensitive.csv"))[:1]


@pytest.fixture(scope="module")
def german() -> Sweep:
    return hpi_core.read(FILES[0])


@needs_shared
def test_the_reader_keeps_every_column_and_numbers_the_repeated_ones(german: Sweep) -> None:
    header = FILES[0].read_text(encoding="utf-8").split("\n", 1)[0].strip().split(",")
    names = german.trials.columns[2:]
    assert len(names) == len(header)
    assert names.index("0-accuracy") < names.index("sex-accuracy") < names.index("0-accuracy_2")
    assert names.index("0-accuracy_2") < names.index("age-accuracy") < names.index("0-accuracy_3")


@needs_shared
@pytest.mark.parametrize(("attribute", "suffix"), [("age", "_2"), ("sex", "")])
def test_a_gap_is_that_of_the_attributes_own_pair(attribute: str, suffix: str, german: Sweep) -> None:
    # Only this attribute's pair is given a gap of 40 points; all other pairs are made equal.
    table = german.trials.drop("_row", "_status")
    pairs = [(f"0-accuracy{s}", f"1-accuracy{s}") for s in ("", "_2", "_3")]
    changed = [
        pl.lit(0.9 if one.endswith("accuracy" + suffix) and place == 0 else 0.5).alias(one)
        for pair in pairs
        for place, one in enumerate(pair)
    ]
    found = detect(Sweep.from_polars(table.with_columns(changed))).findings.filter(
        (pl.col("issue") == "subgroup_disparity") & pl.col("evidence").str.contains("F_OAE")
    )
    assert found.height
    assert all(f"groups of {attribute} is 0.4" in evidence for evidence in found["evidence"])
