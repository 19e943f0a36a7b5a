"""What `hpi causes`, `hpi importance` and `hpi best` print of real sweeps never contradicts the claim beside it."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.core.cli.running import hpi, hpi_process
from tests.shared_data import DATA, ROOT, needs_shared

DEMO = ROOT / "hpi_core" / "demo" / "sweep.csv"
SWEEPS = DATA / "01_sweep_csv"
DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"
ALGOPERF = DATA / "12_curves" / "algoperf_trials.csv"
FOREST = SWEEPS / "automl__DeepCAVE" / "logs" / "DataFrame" / "run_2" / "trials.csv"
NETWORK = SWEEPS / "automl__DeepCAVE" / "logs" / "DataFrame" / "run_1" / "trials.csv"
SKETCH = SWEEPS / "huggingface__pytorch-image-models" / "results" / "results-sketch.csv"
IMAGENET = SWEEPS / "huggingface__pytorch-image-models" / "results" / "results-imagenet.csv"
LCDB = DATA / "02_hpo_bench" / "pypi__lcdb" / "database-accuracy.first6000rows.csv"
CONDITIONAL = DATA / "04_optuna" / "pfnet-research__optuna-book" / "chapter2" / "optuna-prepared.db"
ENSEMBLE = DATA / "04_optuna" / "lyhue1991__eat_pytorch_in_20_days" / "optuna.db"
BOHB = DATA / "11_other" / "automl__DeepCAVE" / "logs" / "BOHB" / "run_2"
OUTLIERS = DATA / "11_other" / "automl__DeepCAVE" / "logs" / "SMAC3v1" / "outlier-detection"
MANIFOLDS = SWEEPS / "sdbuch__thinky-manifolds" / "wandb_results.csv"
HIPLOT = SWEEPS / "facebookresearch__hiplot" / "assets" / "data" / "ml1.csv"


def _json(command: str, path: Path, home: Path, *options: str) -> dict[str, Any]:
    done = hpi(command, path, "--json", *options, home=home)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout, parse_constant=pytest.fail)
    return found


def _page(command: str, path: Path, home: Path, *options: str) -> str:
    """Return what the installed script prints, its lines joined."""
    done = hpi_process(command, path, *options, home=home)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.decode().split())


@needs_shared
@pytest.mark.parametrize(
    "path", [DEMO, DEEPOBS, FOREST, SKETCH, IMAGENET, LCDB, ENSEMBLE, OUTLIERS, HIPLOT],
    ids=["demo", "deepobs", "forest", "sketch", "imagenet", "lcdb", "ensemble", "outliers", "hiplot"],
)  # fmt: skip
def test_intervals_in_print_hold_their_estimate_and_leave_no_effect_out(path: Path, tmp_path: Path) -> None:
    found = _json("causes", path, tmp_path, "--all")
    causes = [cause for part in ("causes", "objective_causes", "info_causes") for cause in found[part]]
    assert causes
    for cause in causes:
        told = (path.name, cause["text"])
        assert cause["rate_low"] < cause["rate"] <= cause["rate_high"], told
        assert cause["elsewhere_low"] <= cause["rate_elsewhere"] < cause["elsewhere_high"], told
        assert cause["ratio_low"] <= cause["ratio"] < cause["ratio_high"], told
        assert cause["ratio_low"] > 1 or cause["difference_low"] > 0, told
        if cause["strength"] == "strong":
            assert cause["ratio_low"] >= 3, told
            assert cause["share"] >= 0.5, told
        ends = [one["end"] for one in cause["thresholds"]]
        assert ends == {"above": ["low"], "below": ["high"], "between": ["low", "high"]}.get(cause["kind"], []), told
        for one in cause["thresholds"]:
            assert one["low"] <= one["at"] <= one["high"], told
            assert one["at"] == cause[one["end"]], told


@needs_shared
def test_a_ratio_whose_interval_holds_1_is_not_printed(tmp_path: Path) -> None:
    cause = next(c for c in _json("causes", SKETCH, tmp_path)["objective_causes"] if c["parameter"] == "crop_pct")
    assert cause["ratio_low"] < 1
    page = _page("causes", SKETCH, tmp_path)
    low, high = (f"{100 * cause[f'difference_{end}']:.0f}" for end in ("low", "high"))
    assert f"{100 * cause['difference']:.0f} points more often among the best than elsewhere ({low} to {high})" in page
    assert f"({cause['ratio_low']:.3g} to" not in page


@needs_shared
def test_a_tenth_that_is_more_for_ties_says_so_and_one_that_cannot_be_told_too(tmp_path: Path) -> None:
    with FOREST.open(encoding="utf-8") as file:
        results = sorted(float(row["metric:accuracy [0.0; 1.0] (maximize)"]) for row in csv.DictReader(file))
    edge = results[8]  # the ninth of 88
    members, tied = sum(value <= edge for value in results), results.count(edge)
    assert members > 9
    page = _page("causes", FOREST, tmp_path)
    assert f"worst tenth ({members} of 88 trials, as {tied} tie at {edge:.6g}):" in page
    page = _page("causes", NETWORK, tmp_path)
    assert "20 trials · nothing could be tested" in page
    assert "worst tenth cannot be told: 5 of 20 trials tie at its edge, 0.201794" in page
    assert "stands out" not in page
    sizes = {one["outcome"]: one for one in _json("causes", NETWORK, tmp_path)["outcomes"]}
    assert not sizes["worst_results"]["told"]


@needs_shared
def test_nothing_is_said_of_what_is_not_set_in_other_branches(tmp_path: Path) -> None:
    page = _page("causes", CONDITIONAL, tmp_path)
    assert "clf = RF strong" in page
    for name in ("told apart", "separated", "gb_min_samples_split"):
        assert name not in page
    outliers = _json("causes", OUTLIERS, tmp_path)
    (cause,) = outliers["causes"]
    assert cause["text"] == "optimizer:__choice__ = SGDOptimizer"
    assert cause["inseparable"] == outliers["explained"] == []
    leads = {lead["issue"]: lead["text"] for lead in _json("causes", BOHB, tmp_path)["objective_leads"]}
    assert leads["best_results"] == "optimizer = Adam"


@needs_shared
def test_of_many_correlations_only_those_beyond_chance_are_told(tmp_path: Path) -> None:
    found = _json("importance", ALGOPERF, tmp_path)["correlations"]
    uncorrected = [item for item in found if item["low"] * item["high"] > 0]
    told = [item for item in found if item["clear"]]
    assert len(uncorrected) > 5 * len(told) > 0
    for item in told:
        assert item["q"] <= 0.05
        assert item["low"] > 0 if item["statistic"] == "epsilon2" else item["low"] * item["high"] > 0
    page = _page("importance", ALGOPERF, tmp_path)
    assert f"{len(told)} of {len(found)} correlations pass a false discovery rate of 5 %." in page
    assert page.count("falls with it") + page.count("rises with it") == len(told)


@needs_shared
def test_what_matters_for_another_question_is_not_denied(tmp_path: Path) -> None:
    page = _page("importance", MANIFOLDS, tmp_path)
    assert (
        "None of the 2 hyperparameters matters for the objective beyond noise; manifold_steps does for who is sick."
        in page
    )
    assert "None of 2 correlations is beyond chance." in _page("importance", FOREST, tmp_path)


@needs_shared
def test_of_eight_failures_among_500_trials_only_what_is_blamed_for_them_matters(tmp_path: Path) -> None:
    told = [item for item in _json("importance", OUTLIERS, tmp_path)["importance"] if item["question"] == "failing"]
    assert [item["parameter"] for item in told if item["matters"]] == ["optimizer:__choice__"]
    assert [cause["parameter"] for cause in _json("causes", OUTLIERS, tmp_path)["causes"]] == ["optimizer:__choice__"]


@needs_shared
def test_a_configuration_repeated_without_a_seed_is_ranked_once(tmp_path: Path) -> None:
    found = _json("best", ENSEMBLE, tmp_path)
    settings = Counter(tuple(sorted(entry["configuration"].items())) for entry in found["best"])
    assert max(settings.values()) == 1
    assert max(entry["runs"] for entry in found["best"]) > 1
    page = _page("best", ENSEMBLE, tmp_path)
    assert "No configuration was repeated" not in page
    # Other models with the same settings are no repetitions.
    imagenet = _json("best", IMAGENET, tmp_path)
    assert {entry["runs"] for entry in imagenet["best"]} == {1}
    page = _page("best", IMAGENET, tmp_path)
    assert "No column tells repetitions apart" in page
    assert "=" not in page[: page.index("No column")]


@needs_shared
def test_several_problems_are_ranked_apart_and_the_page_says_how_to_see_two_of_each(tmp_path: Path) -> None:
    found = _json("best", DEEPOBS, tmp_path, "-k", "16")
    assert Counter(entry["group"] for entry in found["best"]) == dict.fromkeys(
        {entry["group"] for entry in found["best"]}, 2
    )
    assert "-k 16 for two of each" in _page("best", DEEPOBS, tmp_path)
    one = _json("best", LCDB, tmp_path)
    assert one["group"] is None
    assert "openmlid" not in _page("best", LCDB, tmp_path)


def test_columns_of_many_texts_and_functions_of_others_are_named(tmp_path: Path) -> None:
    draw, path = random.Random(1), tmp_path / "sweep.csv"
    lines = ["trial,tag,augmentation,lr,neg,cat,val_loss,status"]
    for row in range(20_000):
        lr = 10 ** draw.uniform(-5, 0)
        words = f"note{draw.randrange(10_000)},aug{draw.randrange(10_000)}"
        ending = "hi,,failed" if lr > 0.05 else f"lo,{draw.gauss(1, 0.1):.6f},completed"
        lines.append(f"{row},{words},{lr!r},{-lr!r},{ending}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    page = _page("causes", path, tmp_path)
    assert "tag holds many different texts: read as notes, not searched for causes." in page
    assert "augmentation: " in page
    assert "rare values were pooled; a cause among them cannot be seen." in page
    assert "neg goes up and down with lr exactly: read as a metric, it measures nothing else." in page
    assert "cat is a function of lr: they cannot be separated." in page
    assert "lr > 0.05 strong" in page
    for name in ("tag", "augmentation", "neg"):
        assert f"{name} =" not in page


@needs_shared
def test_long_names_of_hyperparameters_are_told_apart_on_a_narrow_page(tmp_path: Path) -> None:
    done = hpi_process("importance", OUTLIERS, home=tmp_path, COLUMNS="80")
    section = done.stdout.decode().split("What decides the objective")[1].split("… and")[0]
    names = [line.split()[0] for line in section.splitlines() if " n " in line]
    assert len(names) == len(set(names)) == 12
    assert sum("…" in name for name in names) > 3


@needs_shared
def test_nothing_is_read_as_notes_that_is_an_id(tmp_path: Path) -> None:
    assert "from_uid" not in _page("causes", HIPLOT, tmp_path)


def test_each_end_of_a_range_has_its_own_interval_and_one_not_located_says_so(tmp_path: Path) -> None:
    draw, path = random.Random(3), tmp_path / "sweep.csv"
    lines = ["trial,lr,width,val_loss,status"]
    for row in range(600):
        lr, width = 10 ** draw.uniform(-5, 0), draw.choice([8, 16, 32, 64, 128])
        failed = draw.random() < (0.8 if 0.001 < lr <= 0.01 else 0.05)
        lines.append(f"{row},{lr!r},{width}," + (",failed" if failed else f"{draw.gauss(1, 0.1):.6f},completed"))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (cause,) = _json("causes", path, tmp_path)["causes"]
    assert cause["kind"] == "between"
    low, high = cause["thresholds"]
    assert low["low"] <= 0.001 <= low["high"] <= high["low"] <= 0.01 <= high["high"]
    told = "; ".join(
        f"{name} end between {end['low']:.4g} and {end['high']:.4g}" for name, end in (("Lower", low), ("upper", high))
    )
    assert f"{told}." in _page("causes", path, tmp_path)
    assert told.lower() in _page("inspect", path, tmp_path)


@needs_shared
def test_a_threshold_that_half_of_the_trials_could_be_is_not_located(tmp_path: Path) -> None:
    cause = next(c for c in _json("causes", HIPLOT, tmp_path)["causes"] if c["parameter"] == "embedding_size")
    assert not cause["thresholds"][0]["located"]
    assert "Threshold not located by these data: anywhere between 8 and 100." in _page("causes", HIPLOT, tmp_path)
