"""Clearing the queue of the demo in a real pty: by group, by trial, back and forth; what is kept is what was meant."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import hpi_core
from hpi_core import demo
from hpi_core.charts.sick import Standing
from hpi_core.triage import Decisions, decisions_folder, decisions_frame, trial_keys
from tests.tui.conftest import Open
from tests.tui.terminal import Terminal


@pytest.fixture(scope="module")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> Standing:
    """What stands against the trials of the demo, read without its curves."""
    path = shutil.copy(demo.path(), tmp_path_factory.mktemp("demo") / "sweep.csv")
    return Standing(hpi_core.inspect(hpi_core.read(str(path))))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the demo whose folder can be written."""
    return Path(shutil.copy(demo.path(), tmp_path / "sweep.csv"))


def _kept(source: Path) -> dict[int, tuple[str | None, str | None]]:
    sweep = hpi_core.read(str(source))
    frame = decisions_frame(Decisions.open(decisions_folder(sweep)), trial_keys(sweep))
    return {row: (verdict, note) for row, verdict, note in frame.iter_rows()}


def _ready(app: Terminal, standing: Standing) -> None:
    app.until(f"{len(standing.sick_rows)} sick")
    app.until(lambda text: re.search(r" sick 1/\d+", text) is not None)


def test_the_first_sick_trial_is_explained_without_a_key(open_app: Open, source: Path, inspected: Standing) -> None:
    first = int(inspected.sick_rows[0])
    with open_app(str(source)) as app:
        _ready(app, inspected)
        app.until(f"trial {inspected.inspection.sweep.trial_ids()[first]}")
        app.until(inspected.findings(first)[0].evidence[:30])
        app.until(" next ")


def test_groups_are_decided_with_a_key_each(open_app: Open, source: Path, inspected: Standing) -> None:
    groups = inspected.queue
    verdicts = ["rerun" if at % 2 else "acknowledged" for at in range(len(groups))]
    keys = "2g" + "".join("r" if verdict == "rerun" else "a" for verdict in verdicts)
    assert len(keys) <= 40
    with open_app(str(source)) as app:
        _ready(app, inspected)
        app.send(keys)  # in one burst
        app.until(f"All {len(inspected.sick_rows)} sick trials are decided")
    expected = {row: (verdict, None) for group, verdict in zip(groups, verdicts, strict=True) for row in group.rows}
    assert _kept(source) == expected


def test_a_burst_in_runs_decides_every_sick_trial_once_in_order(
    open_app: Open, source: Path, inspected: Standing
) -> None:
    words = ["acknowledged", "rerun", "ignored"] * 4
    with open_app(str(source)) as app:
        _ready(app, inspected)
        app.send("ari" * 4)
        app.until("4 acked  4 rerun  4 ignored")
    rows = [int(row) for row in inspected.sick_rows[:12]]
    assert _kept(source) == {row: (word, None) for row, word in zip(rows, words, strict=True)}


def test_a_group_is_unfolded_and_one_of_its_trials_decided(open_app: Open, source: Path, inspected: Standing) -> None:
    group = inspected.queue[0]
    with open_app(str(source)) as app:
        _ready(app, inspected)
        app.send("2g\rjjr")
        app.until("1 rerun")
        assert _kept(source) == {group.rows[1]: ("rerun", None)}
        app.send("u")
        app.until("Taken back")
        assert _kept(source) == {}
        app.send("\x12")
        app.until("Done again")
    assert _kept(source) == {group.rows[1]: ("rerun", None)}


def test_notes_filters_and_a_second_session(open_app: Open, source: Path, inspected: Standing) -> None:
    first, second = (int(row) for row in inspected.sick_rows[:2])
    with open_app(str(source)) as app:
        _ready(app, inspected)
        app.send("nlooks odd, qrar\r")  # letters that are keys elsewhere
        app.until("Note kept.")
        app.send("r")
        app.until("1 rerun")
        app.send("/decision:rerun\r")
        app.until("1 of 240 trials")
        app.until("rerun n")
        app.send("q")
        assert app.wait() == 0
    assert _kept(source) == {first: ("rerun", "looks odd, qrar")}
    with open_app(str(source)) as app:
        app.until("1 rerun")
        app.until(f"trial {inspected.inspection.sweep.trial_ids()[second]}")


def test_a_selection_is_decided_at_once_and_let_go(open_app: Open, source: Path) -> None:
    with open_app(str(source)) as app:
        app.until("sick 1/")
        app.send("/issue:timeout\r")
        app.until(lambda text: " of 240 trials" in text and " 240 of 240 " not in text)
        app.send("*i")
        app.until(lambda text: " ignored.  u takes" in text)
    standing = Standing(hpi_core.inspect(hpi_core.read(str(source))))
    timeouts = {row for row in standing.sick_rows.tolist() if "TIMEOUT" in standing.tags[row]}
    assert _kept(source) == dict.fromkeys(timeouts, ("ignored", None))


def test_what_cannot_be_saved_is_told_and_nothing_changes(open_app: Open, source: Path, inspected: Standing) -> None:
    source.with_name(source.name + ".hpi").write_text("a file where the folder should be")
    with open_app(str(source)) as app:
        _ready(app, inspected)
        app.send("r")
        app.until("cannot be saved")
        app.until_quiet()
        assert " 1 rerun" not in app.text
        app.send("q")
        assert app.wait() == 0
