"""Recommendations: few, each resting on what was found, machines taken out and not tuned."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import hpi_core
from hpi_core.inspection import Inspection
from hpi_core.inspection.caveats import merged
from hpi_core.next_experiment.planning import plan_next

DEMO = Path(hpi_core.__file__).parent / "demo" / "sweep.csv"


@pytest.fixture(scope="module")
def demo() -> Inspection:
    return hpi_core.inspect(hpi_core.read(DEMO))


def _inspect(tmp_path: Path, lines: list[str]) -> Inspection:
    path = tmp_path / "sweep.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return hpi_core.inspect(hpi_core.read(path))


def test_a_machine_is_taken_out_and_never_tuned(demo: Inspection) -> None:
    item = next(item for item in demo.recommendations if "node05" in item.text)
    assert item.text == "Take node05 out of the sweep and rerun its trials."
    assert (item.parameter, item.to) == (None, None)
    cause = demo.causes[int(item.because[0].removeprefix("cause:"))]
    assert cause.environment
    assert f"{cause.sick} of {cause.n} trials" in item.reason
    assert f"elsewhere {cause.elsewhere_sick} of {cause.elsewhere_n}" in item.reason


def test_advice_on_an_issue_is_left_out_where_its_cause_is_recommended(demo: Inspection) -> None:
    explained = {cause.issue for cause in demo.causes}
    general = {basis for item in demo.recommendations for basis in item.because if basis.startswith("issue:")}
    assert explained
    assert not general & {f"issue:{issue}" for issue in explained}
    assert "issue:infeasible_share" not in general
    assert len(demo.recommendations) <= 10


def test_what_is_sure_comes_before_what_is_worth_a_try(demo: Inspection) -> None:
    tentative = [item.text.startswith(("Try this", "Watch")) for item in demo.recommendations]
    assert tentative == sorted(tentative)
    sure = [item.confidence for item in demo.recommendations if not item.text.startswith(("Try this", "Watch"))]
    assert sure == sorted(sure, key=("strong", "moderate", "weak", "observed").index)
    assert [item.id for item in demo.recommendations] == [f"R{n}" for n in range(1, len(tentative) + 1)]


def test_between_values_that_were_tried_the_cut_itself_is_the_limit(tmp_path: Path) -> None:
    draw = random.Random(3)
    lines = ["trial_id,status,batch_size,lr,val_loss"]
    for row in range(200):
        size = draw.choice((16, 32, 64, 128))
        loss = "nan" if size == 16 and draw.random() < 0.9 else f"{draw.uniform(0.2, 0.9):.4f}"
        lines.append(f"{row},completed,{size},{draw.uniform(0.1, 1):.4f},{loss}")
    found = _inspect(tmp_path, lines)
    item = next(item for item in found.recommendations if item.parameter == "batch_size")
    assert item.to is not None
    assert 16 <= float(item.to.removeprefix("> ")) < 32


def test_a_mistake_of_bookkeeping_is_looked_into_and_not_avoided(tmp_path: Path) -> None:
    draw = random.Random(5)
    lines = ["trial_id,status,lr,optimizer,train_loss,val_loss"]
    for row in range(160):
        optimizer = draw.choice(("adam", "sgd"))
        losses = "," if optimizer == "sgd" and draw.random() < 0.7 else f"{draw.random():.5f},{draw.random():.5f}"
        lines.append(f"{row},completed,{draw.uniform(0.1, 1):.4f},{optimizer},{losses}")
    found = _inspect(tmp_path, lines)
    assert ("missing_metric", "optimizer") in {(cause.issue, cause.parameter) for cause in found.causes}
    item = next(item for item in found.recommendations if "optimizer = sgd" in item.text)
    assert "begin with the trials where optimizer = sgd" in item.text
    assert item.to is None
    assert not any(item.text.startswith("Leave out") for item in found.recommendations)


def test_caveats_that_say_the_same_of_several_columns_become_one() -> None:
    said = ["a is odd.", "b c is odd.", "Something else.", *(f"x{i} is odd." for i in range(4))]
    names = ["a", "b c", *(f"x{i}" for i in range(4))]
    assert merged(said, names) == ["Each of a, b c, x0, x1 and 2 more is odd.", "Something else."]
    assert merged(["a is odd."], names) == ["a is odd."]


def _overfitting(tmp_path: Path, best_without: bool) -> Inspection:
    """A sweep whose trials overfit without dropout; the best results lie there too, or elsewhere."""
    draw = random.Random(11)
    lines = ["trial_id,status,dropout,lr,train_loss,val_loss"]
    for row in range(240):
        dropout = draw.choice((0.0, 0.1, 0.2, 0.3, 0.4))
        ill = dropout == 0 and draw.random() < 0.6
        better = not ill and best_without == (dropout == 0)
        loss = draw.uniform(0.3, 0.6) - (0.2 if better else 0)
        lines.append(f"{row},completed,{dropout},{draw.uniform(0.1, 1):.4f},{0.001 if ill else loss - 0.01},{loss}")
    return _inspect(tmp_path, lines)


@pytest.mark.parametrize("best_without", [True, False])
def test_what_holds_the_best_results_is_watched_and_not_left_out(tmp_path: Path, best_without: bool) -> None:
    found = _overfitting(tmp_path, best_without)
    place = next(place for place, cause in enumerate(found.causes) if cause.parameter == "dropout")
    assert found.best_within[place].at_home == best_without
    item = next(item for item in found.recommendations if item.parameter == "dropout")
    assert item.text.startswith("Watch dropout") == best_without
    assert ("best results lie there" in item.text) == best_without
    if best_without:
        assert item.to is None
    change = next(change for change in plan_next(found).changes if change.parameter == "dropout")
    assert (change.action == "cut") == (not best_without)
