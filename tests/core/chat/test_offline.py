"""The commands answer from the data alone; what they cannot find they answer with what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hpi_core.chat.commands import FORMS
from hpi_core.chat.offline import answer
from hpi_core.chat.payload import payload
from hpi_core.chat.suggestions import suggestions
from hpi_core.chat.tools import tools
from hpi_core.errors import SourceError, UsageError
from tests.core.chat.sweeps import demo_evidence, evidence_of
from tests.shared_data import DATA, needs_shared


def ask(command: str) -> str:
    return answer(demo_evidence(), command).text


def test_why_tells_evidence_cause_and_what_to_try() -> None:
    said = ask("/why T61")
    assert "Trial 61 (pruned) is sick: 1 finding [T61]" in said
    assert "exploded_metric" in said
    assert "lr > 0.42" in said
    assert "[C7]" in said
    assert ask("/why 61") == ask("/why [T61]") == said


def test_next_tells_what_to_change_in_the_space_and_on_what_grounds() -> None:
    said = ask("/next")
    assert "The search space of the next sweep:" in said
    lines = said.split("\n")
    assert "- init: he, orthogonal, xavier → not orthogonal where width > 20" in lines
    assert sum(line.startswith("- lr: ") for line in lines) == 1  # one row per parameter
    cut = lines[next(place for place, line in enumerate(lines) if line.startswith("- lr: ")) + 1]
    assert cut.startswith("  cut: lr > 0.42: 11 of 22 exploded_metric")
    assert re.search(r"\[C\d+\]$", cut)
    assert any(line.startswith("  avoid: width > 20 and init = orthogonal: 37 of 37 failed_run") for line in lines)
    assert "hpi next SOURCE --format csv" in said


def test_each_command_answers_and_every_citation_names_something() -> None:
    arguments = {"TRIAL": "T1", "PARAMETER": "lr", "ISSUE": "nonfinite_metric"}
    for form in FORMS:
        trials = iter(["T1", "T2"])
        line = " ".join([f"/{form.name}", *(next(trials) if a == "TRIAL" else arguments[a] for a in form.arguments)])
        verified = answer(demo_evidence(), line)
        assert len(verified.text) > 40, line
        assert all(reference.known for reference in verified.citations), line
        assert verified.unverified == 0, line


@pytest.mark.parametrize(
    ("command", "said", "hint"),
    [
        ("/why T999", "No trial is called T999.", "Close: T99"),
        (
            "/why nothing-like-it",
            "No trial is called nothing-like-it.",
            "There are 240 trials, for example T1, T2, T3.",
        ),
        ("/cause", "There is no command /cause.", "Did you mean /causes?"),
        ("/xyzzy", "There is no command /xyzzy.", "There are /why, /best"),
        ("/", "There is no command /.", "There are /why"),
        ("/why", "/why takes TRIAL.", "Type /why TRIAL."),
        ("/compare T1", "/compare takes TRIAL and TRIAL.", "Type /compare TRIAL TRIAL."),
        ("/best 3", "/best takes nothing more.", "Type /best."),
        ("/buckets lrr nonfinite_metric", "There are no buckets of lrr for nonfinite_metric.", "lr"),
        ('/why "open', "No trial is called", ""),
    ],
)
def test_what_is_unknown_is_answered_with_what_exists(command: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        ask(command)
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_the_payload_is_the_same_bytes_each_time_and_what_payload_shows() -> None:
    assert payload(demo_evidence()) == payload(demo_evidence())
    shown = json.loads(ask("/payload").split("\n", 1)[1])
    assert shown == json.loads(payload(demo_evidence()))


def test_suggestions_are_three_made_from_this_sweep() -> None:
    found = suggestions(demo_evidence())
    assert len(set(found)) == 3
    assert "init = orthogonal" in found[0]


def test_odd_ids_are_cited_by_place(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(
        "trial_id,lr,val_loss\na b],0.1,0.5\n[d],0.2,nan\nghp_0123456789abcdefghij0123,0.3,0.4\nx7,0.4,0.6\n"
    )
    evidence = evidence_of(path)
    assert [evidence.trial_label(row) for row in range(4)] == ["T#1", "T#2", "T#3", "Tx7"]
    said = answer(evidence, "/why T#2")
    assert "nonfinite_metric" in said.text
    assert all(reference.known for reference in said.citations)
    assert answer(evidence, "/why a b]").text.startswith("Trial a b]")


def test_a_sweep_of_nothing_sick_still_answers(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("trial,lr,val_loss\n1,0.1,0.5\n")
    evidence = evidence_of(path)
    for command in ("/causes", "/issues", "/best", "/next", "/why 1", "/payload"):
        assert answer(evidence, command).text
    assert len(suggestions(evidence)) == 3


REAL = [path for path in sorted(DATA.rglob("*.csv")) if path.is_file() and path.stat().st_size < 1_000_000][::5]


@needs_shared
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_real_sweeps_answer_with_numbers_that_are_found(path: Path) -> None:
    try:
        evidence = evidence_of(path)
    except SourceError:
        pytest.skip("no table")
    some = [evidence.trial_label(row) for row in range(0, len(evidence.ids), max(1, len(evidence.ids) // 4))]
    assert len(payload(evidence)) < 60_000
    assert len(suggestions(evidence)) == 3
    for command in ("/causes", "/issues", "/best", "/next", *(f"/why '{label}'" for label in some)):
        verified = answer(evidence, command)
        assert all(reference.known for reference in verified.citations), verified.marked()
        assert verified.unverified <= 0.05 * len(verified.numbers), (command, verified.marked())


def test_each_tool_declares_what_the_messages_api_wants() -> None:
    assert list(tools()) == ["bucket", "compare", "trial"]
    for tool in tools().values():
        schema = tool.schema()
        assert schema["input_schema"]["required"] == list(tool.parameters)
        assert len(tool.description) > 40
