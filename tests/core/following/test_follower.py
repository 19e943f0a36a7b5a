"""The turns of following, with a clock and a processor clock of the test's own; the difference of two readings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import hpi_core
from hpi_core.errors import SourceError
from hpi_core.following.difference import difference
from hpi_core.following.follower import Back, Follower, Grew, Judged, Lost, Unreadable
from hpi_core.following.growing import GrowingTables
from hpi_core.following.pace import Pace, Rhythm
from hpi_core.following.watch import Watch
from hpi_core.inspection.provisional import provisional
from hpi_core.sweep import Sweep
from hpi_core.tables.table import ReadOptions

_HEADER = "trial_id,status,lr,val_loss\n"


def _rows(first: int, count: int, status: str = "completed") -> str:
    return "".join(
        f"t{n},{status},0.{n % 9 + 1},{'nan' if n % 5 == 4 else 0.5 + n / 100}\n" for n in range(first, first + count)
    )


class _Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = self.cpu = 0.0


class _Followed:
    """A file in a folder of its own, followed by hand."""

    def __init__(self, path: Path, rhythm: Rhythm | None = None) -> None:
        path.write_text(_HEADER + _rows(0, 10))
        self.path, self.clock, self.reads, self.judged = path, _Clock(), 0, 0
        self.refused: SourceError | None = None
        self.read_cost = self.judge_cost = 0.0
        tables, watch = GrowingTables(), Watch([str(path)])
        self.follower: Follower[int] = Follower(
            watch, tables, lambda: self._read(tables), self._judge, hpi_core.read(path), rhythm or Rhythm(1, 30, 0.1),
            seen=watch.look(), clock=lambda: self.clock.now, cpu=lambda: self.clock.cpu,
        )  # fmt: skip

    def _read(self, tables: GrowingTables) -> Sweep:
        self.reads += 1
        self.clock.cpu += self.read_cost
        if self.refused is not None:
            raise self.refused
        return hpi_core.read(self.path, options=ReadOptions(through=tables))

    def _judge(self, sweep: Sweep) -> int:
        self.judged += 1
        self.clock.cpu += self.judge_cost
        return sweep.trials.height

    def append(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)

    def turn(self) -> list[Any]:
        """Let the time until the next turn pass, and take it."""
        self.clock.now += self.follower.wait()
        return list(self.follower.turn())

    def turns(self, count: int) -> list[Any]:
        return [news for _ in range(count) for news in self.turn()]


@pytest.fixture
def followed(tmp_path: Path) -> _Followed:
    return _Followed(tmp_path / "sweep.csv")


def _kinds(news: Sequence[object]) -> list[type]:
    return [type(one) for one in news]


def test_looks_come_further_apart_while_nothing_moves_and_closer_again(followed: _Followed) -> None:
    waits = []
    for _ in range(7):
        waits.append(followed.follower.wait())
        assert followed.turn() == []
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert followed.reads == 0
    followed.append(_rows(10, 1))
    assert _kinds(followed.turn()) == [Grew, Judged]
    assert followed.follower.wait() == 1


def test_work_that_costs_more_is_done_less_often_and_nothing_is_missed(followed: _Followed) -> None:
    followed.read_cost, followed.judge_cost = 0.5, 2.0
    heights = []
    start = followed.clock.now
    for number in range(200):
        followed.append(_rows(10 + number, 1))
        heights += [news.sweep.trials.height for news in followed.turn() if isinstance(news, Grew)]
    passed = followed.clock.now - start
    assert followed.clock.cpu / passed < 0.11
    assert 2 < followed.judged < followed.reads < 100
    assert heights == sorted(heights)
    followed.turns(60)
    assert followed.follower.sweep.trials.height == 210


def test_what_happened_to_the_file_is_told(followed: _Followed, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(_HEADER + _rows(0, 12))
    other.replace(followed.path)
    news = followed.turns(2)
    assert news[0].moved.kind == "replaced"
    assert news[0].moved.name == "sweep.csv"
    followed.path.write_text(_HEADER + _rows(0, 5))
    news = followed.turns(3)
    assert news[0].moved.kind == "shorter"
    assert news[0].difference.gone == 7
    followed.path.unlink()
    news = followed.turns(4)
    assert _kinds(news) == [Lost]
    assert news[0].name == "sweep.csv"
    assert followed.follower.sweep.trials.height == 5
    followed.path.write_text(_HEADER + _rows(0, 5))
    assert _kinds(followed.turns(3)) == [Back]
    followed.append(_rows(5, 2))
    assert _kinds(followed.turns(2)) == [Grew, Judged]


def test_what_cannot_be_read_is_told_once_and_tried_again(followed: _Followed) -> None:
    followed.refused = SourceError("It is no table any more.")
    followed.append(_rows(10, 1))
    assert _kinds(followed.turns(5)) == [Unreadable]
    assert 2 <= followed.reads <= 5
    followed.refused = None
    assert _kinds(followed.turns(2)) == [Grew, Judged]


def test_a_rewrite_that_keeps_the_length_is_seen(followed: _Followed) -> None:
    text = followed.path.read_text()
    followed.path.write_text(text.replace("t3,completed", "t3,failed   "))
    os.utime(followed.path, ns=(1, 1))
    [grew, _] = followed.turn()
    assert grew.difference.changed.tolist() == [3]
    assert grew.difference.in_place


def test_a_large_file_changed_in_its_middle_is_found_once_it_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpi_core.following.growing._COMPARED", 2000)
    monkeypatch.setattr("hpi_core.following.growing._WINDOW", 16)
    monkeypatch.setattr("hpi_core.tables.layout.HEAD", 800)
    followed = _Followed(tmp_path / "sweep.csv")
    followed.append(_rows(10, 600))
    followed.turn()
    followed.append(_rows(610, 2))
    followed.turn()
    with followed.path.open("r+b") as file:
        data = file.read()
        at = data.index(b"t301,completed")
        file.seek(at)
        file.write(b"t301,pruned   ")
    followed.append(_rows(612, 2))
    followed.turns(6)
    cold = hpi_core.read(followed.path)
    assert followed.follower.sweep.trials.equals(cold.trials)


def test_difference_knows_trials_by_id_wherever_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "sweep.csv"
    path.write_text(_HEADER + _rows(0, 6))
    before = hpi_core.read(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "t9,running,0.1,", *lines[:2:-1], "t0,failed,0.1,0.5"]) + "\n")
    found = difference(before, hpi_core.read(path))
    assert found.places.tolist() == [5, -1, 4, 3, 2, 1]
    assert (found.new.tolist(), found.changed.tolist(), found.gone) == ([0], [5], 1)
    assert not found.in_place
    assert not found.nothing


def test_difference_without_ids_goes_by_configuration_and_order(tmp_path: Path) -> None:
    path = tmp_path / "sweep.csv"
    rows = [f"0.{n % 3 + 1},{n},0.{n + 1}" for n in range(6)]
    path.write_text("\n".join(["lr,width,val_loss", *rows]) + "\n")
    before = hpi_core.read(path)
    path.write_text("\n".join(["lr,width,val_loss", *rows[:3], "0.9,77,0.5", *rows[3:]]) + "\n")
    found = difference(before, hpi_core.read(path))
    assert found.places.tolist() == [0, 1, 2, 4, 5, 6]
    assert found.new.tolist() == [3]
    assert not len(found.changed)


def test_provisional_agrees_with_an_inspection_on_what_the_quick_detectors_say(tmp_path: Path) -> None:
    path = tmp_path / "sweep.csv"
    path.write_text(_HEADER + _rows(0, 40))
    known = hpi_core.inspect(hpi_core.read(path))
    path.write_text(_HEADER + _rows(0, 39) + "t39,failed,0.4,0.5\n" + _rows(40, 20) + "t60,failed,0.1,nan")
    sweep = hpi_core.read(path)
    found, whole = provisional(known, sweep, [39, *range(40, 61)]), hpi_core.inspect(sweep)
    for issue in ("nonfinite_metric", "failed_run"):
        rows = {one.issue: list(one.rows) for one in found.issues}
        assert rows.get(issue) == {one.issue: list(one.rows) for one in whole.issues}.get(issue)
        if issue in known.verdicts:
            assert found.verdicts[issue].to_list() == whole.verdicts[issue].to_list()
    assert found.sick.fill_null(False).to_list() == whole.sick.fill_null(False).to_list()
    assert not found.sick.fill_null(False)[60]
    assert found.sweep is sweep
    assert found.causes == known.causes


def test_what_cannot_be_watched_is_refused_in_a_sentence() -> None:
    assert "network" in Watch.refusal(["https://example.org/mlflow"])
    assert "standard input" in Watch.refusal(["-"])
    assert Watch.refusal(["sweep.csv", "runs/*.csv"]) == ""


def test_patterns_folders_and_companions_are_watched(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n")
    pattern, folder = Watch([str(tmp_path / "*.csv")]), Watch([str(tmp_path)])
    before = pattern.look(), folder.look()
    (tmp_path / "b.csv").write_text("x\n")
    moved = pattern.look()
    assert (kind := before[0].moved_to(moved)) is not None
    assert kind.name == "b.csv"
    assert before[1].moved_to(folder.look()) is not None
    single = Watch([str(tmp_path / "a.csv")])
    known = single.look()
    (tmp_path / "a.curves.csv").write_text("x\n")
    assert (kind := known.moved_to(single.look())) is not None
    assert kind.name == "a.curves.csv"


def test_pace_divides_the_share() -> None:
    pace = Pace(Rhythm(1, 30, 0.1))
    pace.spent("read", 0.1, now=10)
    assert not pace.may("read", 11.9)
    assert pace.may("read", 12.0)
    assert pace.may("inspect", 10)
    pace.spent("look", 0.05, now=10)
    assert pace.wait(10) == pytest.approx(5)
