"""Ten thousand columns cost little more than ten: no question to the frame is asked once per column."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hpi_core

WIDTH = 2_000
WORDS = ["adam", "sgd", "relu", "None", "high", "low"]


def numbers(chance: random.Random, _column: int) -> str:
    return f"{chance.random():.6f}"


def words(chance: random.Random, column: int) -> str:
    return chance.choice(WORDS) if column % 2 else f"{chance.random():.6f}"


def quoted(chance: random.Random, _column: int) -> str:
    return f'"{chance.random():.6f}"'


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often frames are asked for what costs as much as they are wide, and how many queries run."""
    counts: Counter[str] = Counter()

    def counting(owner: type, name: str) -> None:
        original: Any = getattr(owner, name)
        get: Any = original.fget if isinstance(original, property) else original

        def count(self: object, *args: object, **kwargs: object) -> object:
            counts[name] += 1
            return get(self, *args, **kwargs)

        monkeypatch.setattr(owner, name, property(count) if isinstance(original, property) else count)

    for owner, name in ((pl.DataFrame, "schema"), (pl.DataFrame, "columns"), (pl.LazyFrame, "collect")):
        counting(owner, name)
    return counts


@pytest.mark.parametrize(("cell", "ragged"), [(numbers, False), (words, False), (words, True), (quoted, True)])
def test_a_wide_file_asks_few_questions(tmp_path: Path, asked: Counter[str], cell: Any, ragged: bool) -> None:
    chance = random.Random(0)
    rows = [[cell(chance, column) for column in range(WIDTH)] for _ in range(20)]
    if ragged:
        rows[7].pop()
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{k}" for k in range(WIDTH)) + "\n" + "".join(",".join(row) + "\n" for row in rows))
    sweep = hpi_core.read(path)
    assert sweep.trials.shape == (20, WIDTH + 2)
    assert sweep.ledger["kind"].to_list() == (["ragged"] if ragged else [])
    assert sweep.trials["c0"].to_list() == [float(row[0].strip('"')) for row in rows]
    if cell is words:
        assert sweep.trials["c1"].to_list() == [row[1] for row in rows]
    assert asked["schema"] < 60
    assert asked["columns"] < 120
    assert asked["collect"] < 120


def test_a_wide_log_of_many_metrics_asks_few_questions(tmp_path: Path, asked: Counter[str]) -> None:
    path = tmp_path / "log.csv"
    header = ",".join(["trial", "step", *(f"loss_of_{k}x" for k in range(600))])
    rows = [",".join([t, str(s), *(f"{s + k / 7:.3f}" for k in range(600))]) for t in "ab" for s in range(6)]
    path.write_text("\n".join([header, *rows]) + "\n")
    sweep = hpi_core.read(path)
    assert sweep.trials.height == 2
    assert sweep.curves is not None
    assert sweep.curves.collect().height == 600 * 12
    assert asked["schema"] < 120
