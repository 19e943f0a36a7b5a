"""Runs of plain lines are split at once, and nothing else comes of it than of looking at every record."""

from __future__ import annotations

import random
import time

import pytest
from polars.testing import assert_frame_equal

from hpi_core.readers.delimited import READER
from hpi_core.tables import plain_runs, tolerant
from hpi_core.tables.content import Content
from hpi_core.tables.table import ReadOptions, Table, never, silent

ODD = [
    "",
    '{n},"adam, tuned",0.5,0.1',
    "{n},adam,0.5",
    "{n},adam,0.5,0.1,extra",
    "# a comment",
    "",
    "   ",
    "id,opt,lr,loss",
    '{n},"two',
    'lines",0.5,0.1',
    '{n},a "quote" inside,0.5,0.1',
    "{n}, adam ,\t0.5,0.1",
    "{n},\u2003adam\u2003,0.5,0.1",
    ",,,",
    "a note without columns",
    "{n},adam,nan,inf",
    "{n},adam,diverged,0.1",
    "-----",
    "007,adam,0.5,0.1",
    "{n},'x,0.5,0.1",
    "mean,,0.5,0.1",
    "",
][1:-1]


def _read(text: str) -> Table:
    return READER.read_table(Content("sweep.csv", data=text.encode()), ReadOptions(), silent, never)


def _sweep(seed: int) -> str:
    chance = random.Random(seed)
    lines = ["id,opt,lr,loss"]
    for number in range(chance.randrange(30, 300)):
        odd = chance.random() < chance.choice([0.0, 0.02, 0.3])
        line = chance.choice(ODD) if odd else "{n},adam,0." + str(chance.randrange(1000)) + ",0.25"
        lines.append(line.replace("{n}", str(number)))
    return "\n".join(lines) + chance.choice(["\n", "", "\n\n"])


@pytest.mark.parametrize("seed", range(60))
def test_the_same_table_comes_of_both_ways(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = _sweep(seed)
    with monkeypatch.context() as careful:
        careful.setattr(tolerant, "plain_runs", lambda lines, layout: [])
        expected = _read(text)
    monkeypatch.setattr(plain_runs, "_LEAST", 3)
    monkeypatch.setattr(plain_runs, "_MOST", 17)
    found = _read(text)
    assert_frame_equal(found.frame, expected.frame)
    assert_frame_equal(found.ledger, expected.ledger)
    assert found.lines == expected.lines
    assert found.incomplete == expected.incomplete


def test_runs_are_really_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_runs, "_LEAST", 3)
    taken: list[int] = []

    def split(lines: list[str], *arguments: object) -> object:
        taken.append(len(lines))
        return plain_runs.split_run(lines, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(tolerant, "split_run", split)
    _read("id,opt,lr\n" + "1,adam,0.1\n" * 50 + "2,sgd\n" + "3,adam,0.3\n" * 50)
    assert taken == [50, 34]


def test_one_ragged_line_costs_little() -> None:
    plain = "".join(f"{n},adam,{n % 97 / 97:.6f},{n % 89 / 89:.6f},0.5,0.25\n" for n in range(200_000))
    text = "id,opt,lr,loss,p,q\n" + plain + "x,adam,0.1,0.2\n" + plain
    took = []
    for source in (text, text.replace("x,adam,0.1,0.2\n", "x,adam,0.1,0.2,0.5,0.25\n")):
        start = time.process_time()
        table = _read(source)
        took.append(time.process_time() - start)
        assert table.frame.height == 400_001
    assert took[0] < 8 * took[1] + 0.5
