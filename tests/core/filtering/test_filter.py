"""The filter language by example: names, status words, tags, free text, errors that point, completion."""

from __future__ import annotations

import polars as pl
import pytest

from hpi_core.errors import FilterError
from hpi_core.filter import complete, condition, parse
from hpi_core.sweep import Sweep


@pytest.fixture
def sweep() -> Sweep:
    return Sweep.from_polars(
        pl.DataFrame(
            {
                "trial_id": ["001", "1e5", "c", "d"],
                "params_lr": [0.1, 0.02, 0.001, None],
                "params_odd name": [1, 2, 3, 4],
                "params_optimizer": ["adam", "lion", "adam", None],
                "val_loss": [0.5, float("nan"), float("inf"), None],
                "state": ["COMPLETE", "FAIL", "PRUNED", None],
                "notes": ["fine", "CUDA error: oom (1)", None, "50% done"],
            }
        )
    )


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [0, 1, 2, 3]),
        ("   ", [0, 1, 2, 3]),
        ("lr > 0.01", [0, 1]),
        ("0.01 < lr < 0.1", [1]),
        ("0.05 > LR", [1, 2]),
        ("`params_odd name` >= 3", [2, 3]),
        ("`odd name` == 3", [2]),
        ("state == FAIL", [1]),
        ("status == failed", [1]),
        ("state == failed", [1]),
        ("state != failed", [0, 2]),
        ("_status == unknown", [3]),
        ("status in (failed, pruned)", [1, 2]),
        ("trial_id == 001", [0]),
        ("trial_id == 1e5", [1]),
        ("trial:1e5", [1]),
        ("optimizer == ADAM", []),
        ("optimizer != adam", [1]),
        ("not optimizer == adam", [1, 3]),
        ("val_loss != 0.5", [2]),
        ("val_loss is nan or val_loss is missing", [1, 3]),
        ("val_loss is not set", [1, 3]),
        ("val_loss is set", [0, 2]),
        ("notes ~ OOM", [1]),
        ("notes ~ '(1)'", [1]),
        ("notes =~ '^\\\\d+%'", [3]),
        ("notes !~ oom", [0, 3]),
        ("cuda error", [1]),
        ("lion", [1]),
        ("issue:any", [0, 2]),
        ("issue:nonfinite_metric", [2]),
        ("severity:error and not decision:rerun", [2]),
        ("decision:any", [0]),
    ],
)
def test_what_a_filter_selects(sweep: Sweep, text: str, rows: list[int]) -> None:
    context = pl.DataFrame(
        {
            "_row": [0, 2],
            "issues": [["overfit_gap"], ["nonfinite_metric", "spike"]],
            "severities": [["error"], ["error"]],
            "decision": ["rerun", None],
        },
        schema_overrides={"_row": pl.UInt32},
    )
    mask = parse(text).mask(sweep, context)
    assert mask.arg_true().to_list() == rows


def test_tags_without_findings_match_nothing(sweep: Sweep) -> None:
    assert parse("issue:any or decision:any").mask(sweep).sum() == 0


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("lr >", 4, "ends"),
        ("(lr > 1", 7, "closing )"),
        ("lr > 0.1 )", 9, "does not fit"),
        ("lrr > 0.1", 0, "no column lrr"),
        ("lr > adam", 5, "holds numbers"),
        ("optimizer > 3", 12, "holds text"),
        ("lr is foo", 6, "is foo"),
        ("notes =~ '('", 9, "regular expression"),
        ('notes ~ "abc', 8, "never closed"),
        ("lr > 1 and and", 11, "joins nothing"),
        ("issue:overfit", 6, "not an issue"),
        ("1 < 2", 0, "value with a value"),
        ("(" * 100 + "lr > 1" + ")" * 100, 60, "too deeply"),
    ],
)
def test_errors_point_at_the_character(sweep: Sweep, text: str, position: int, says: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text).mask(sweep, issues=["overfit_gap"])
    assert caught.value.position == position
    assert says in caught.value.message


def test_hints_name_the_closest(sweep: Sweep) -> None:
    with pytest.raises(FilterError) as caught:
        parse("optimiser == adam").mask(sweep)
    assert "optimizer" in caught.value.hint


def test_an_ambiguous_short_name_lists_the_columns() -> None:
    sweep = Sweep.from_polars(pl.DataFrame({"config/lr": [1.0], "hp.lr": [2.0]}))
    with pytest.raises(FilterError, match=r"config/lr.*hp\.lr"):
        parse("lr > 1").mask(sweep)


def test_an_empty_sweep_passes_nothing() -> None:
    sweep = Sweep.from_polars(pl.DataFrame({"lr": []}, schema={"lr": pl.Float64}))
    assert parse("").mask(sweep).len() == 0
    assert parse("lr > 1").mask(sweep).len() == 0


@pytest.mark.parametrize(
    ("text", "offers"),
    [("", "params_lr"), ("l", "params_lr"), ("lr ", "<="), ("optimizer == ", "adam"), ("optimizer in (adam, l", "lion"),
     ("val_loss is ", "nan"), ("state == ", "failed"), ("lr > 1 ", "and"), ("lr > 1 and `", "`params_odd name`")],
)  # fmt: skip
def test_completion_offers(sweep: Sweep, text: str, offers: str) -> None:
    found = {completion.text: completion for completion in complete(text, len(text), sweep)}
    assert offers in found
    assert found[offers].end == len(text)


def test_conditions_read_naturally() -> None:
    assert condition("lr", 0.01, 0.1) == "0.01 < lr <= 0.1"
    assert condition("odd name", low=1.0) == "`odd name` > 1.0"
    assert condition("and", high=2) == "`and` <= 2"
    assert condition("optimizer", values=["adam", 'a"b']) == 'optimizer in ("adam", "a\\"b")'
    assert condition("rho", missing=True) == "rho is not set"
