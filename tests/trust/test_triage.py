"""Decisions survive kills, damage, two writers and full disks: at most the act in flight is lost, never an old one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpi_core.errors import WriteError
from hpi_core.triage import (
    NOTHING,
    Decision,
    Decisions,
    TrialKey,
    Verdict,
    configuration_hash,
    decisions_frame,
)

KEYS = [TrialKey(str(number), f"{number:016x}") for number in range(40)]
KILLS = 500


def test_what_was_decided_is_there_after_reopening(tmp_path: Path) -> None:
    decisions = Decisions.open(tmp_path)
    decisions.decide(KEYS[:3], "rerun")
    decisions.note(KEYS[1:2], "looks like the disk")
    decisions.decide(KEYS[:1], None)
    again = Decisions.open(tmp_path)
    assert again.of(KEYS[0]) == NOTHING
    assert again.of(KEYS[1]) == Decision("rerun", "looks like the disk")
    assert decisions_frame(again, KEYS).to_dict(as_series=False) == {
        "_row": [1, 2],
        "decision": ["rerun", "rerun"],
        "note": ["looks like the disk", None],
    }


@given(
    acts=st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["acknowledged", "rerun", "ignored", None]), st.integers(0, 5)),
            st.sampled_from(["undo", "redo"]),
        ),
        max_size=25,
    )
)
def test_undo_and_redo_walk_the_same_road_on_disk_and_in_memory(
    acts: list[str | tuple[Verdict | None, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("decisions")
    decisions = Decisions.open(folder)
    states: list[dict[TrialKey, Decision]] = [{}]
    here = 0
    for act in acts:
        if act == "undo":
            assert (decisions.undo() is None) == (here == 0)
            here = max(0, here - 1)
        elif act == "redo":
            assert (decisions.redo() is None) == (here == len(states) - 1)
            here = min(len(states) - 1, here + 1)
        else:
            assert isinstance(act, tuple)
            decisions.decide([KEYS[act[1]]], act[0])
            states = [*states[: here + 1], dict(decisions.standing)]
            here += 1
        assert decisions.standing == states[here] == Decisions.open(folder).standing


def test_a_writer_killed_at_any_moment_tears_nothing_and_loses_at_most_its_last_act(tmp_path: Path) -> None:
    chance = random.Random(4)
    total = 0
    for kill in range(KILLS):
        receiver, sender = os.pipe()
        child = os.fork()
        if child == 0:
            # Tell the parent after each act: what it has heard of must be on disk.
            writer = Decisions(tmp_path / f"{kill % 8}")
            while True:
                writer.decide(KEYS, "rerun")
                os.write(sender, b".")
        os.close(sender)
        assert os.read(receiver, 1)
        time.sleep(chance.random() * 0.003)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        heard = 1
        while chunk := os.read(receiver, 4096):
            heard += len(chunk)
        os.close(receiver)
        lines = (tmp_path / f"{kill % 8}" / f"{_host()}-{child}.jsonl").read_bytes()
        assert heard <= lines.count(b"\n") <= heard + 1
        total += heard
    for folder in tmp_path.iterdir():
        merged = Decisions.open(folder)
        assert merged.standing == {key: Decision("rerun") for key in KEYS}
    assert total >= KILLS


def _host() -> str:
    from hpi_core.triage import _writer

    return _writer().rsplit("-", 1)[0]


def test_two_writers_of_a_thousand_acts_each_keep_all_two_thousand(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from hpi_core.triage import Decisions, TrialKey\n"
        "d = Decisions.open(Path(sys.argv[1]))\n"
        "for n in range(1000): d.decide([TrialKey(f'{sys.argv[2]}{n}', 'c')], 'rerun')\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    merged = Decisions.open(tmp_path)
    assert len(merged.standing) == 2000
    assert merged.damaged == 0


def test_any_flipped_byte_costs_one_act_at_most_and_is_counted(tmp_path: Path) -> None:
    decisions = Decisions.open(tmp_path)
    for key in KEYS[:5]:
        decisions.decide([key], "ignored")
    path = next(tmp_path.glob("*.jsonl"))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        damaged = Decisions.open(tmp_path)
        lost = 5 - len(damaged.standing)
        # A flipped line end joins two lines into one that cannot be read.
        assert lost <= 2
        assert (damaged.damaged > 0) == (lost > 0)
        assert set(damaged.standing.values()) == {Decision("ignored")}


def test_a_torn_line_of_an_earlier_process_does_not_swallow_the_next_act(tmp_path: Path) -> None:
    decisions = Decisions.open(tmp_path)
    decisions.decide(KEYS[:1], "rerun")
    path = next(tmp_path.glob("*.jsonl"))
    with path.open("ab") as file:
        file.write(b'{"clock": 2, "tri')
    decisions.decide(KEYS[1:2], "rerun")
    again = Decisions.open(tmp_path)
    assert set(again.standing) == set(KEYS[:2])
    assert again.damaged == 1


def test_a_full_disk_is_said_and_changes_nothing(tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from hpi_core.triage import Decisions, TrialKey; from hpi_core.errors import WriteError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))\n"
        "d = Decisions.open(Path(sys.argv[1])); saved = 0\n"
        "try:\n"
        "    for n in range(99): d.decide([TrialKey(str(n), 'c')], 'rerun'); saved += 1\n"
        "except WriteError as error: print(saved, len(d.standing), error.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout.split(maxsplit=2)
    assert done[0] == done[1]
    assert str(tmp_path) in done[2]
    again = Decisions.open(tmp_path)
    assert len(again.standing) == int(done[0]) > 0
    assert again.damaged == 0


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    decisions = Decisions.open(blocked / "sweep.csv.hpi")
    with pytest.raises(WriteError, match="cannot be saved"):
        decisions.decide(KEYS[:1], "rerun")
    assert decisions.standing == {}


def test_the_hash_of_a_configuration_knows_names_values_and_types() -> None:
    configurations: list[dict[str, object]] = [{"lr": 0.1}, {"lr": 0.2}, {"wd": 0.1}, {"lr": "0.1"}, {"lr": None}, {}]
    hashes = {configuration_hash(c) for c in configurations}
    assert len(hashes) == 6
    assert configuration_hash({"a": 1, "b": 2}) == configuration_hash({"b": 2, "a": 1})


def test_nothing_decided_gives_an_empty_frame_of_the_same_shape(tmp_path: Path) -> None:
    frame = decisions_frame(Decisions.open(tmp_path), KEYS)
    assert frame.schema == pl.Schema({"_row": pl.UInt32, "decision": pl.String, "note": pl.String})
    assert frame.is_empty()
