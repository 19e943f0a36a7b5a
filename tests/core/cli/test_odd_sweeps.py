"""Sweeps from which little can be learned: the command says so in a caveat, claims nothing, and does not fail."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.cli.running import hpi, hpi_process

Row = list[object]


def _rate(draw: random.Random) -> float:
    return round(10 ** draw.uniform(-4, 0), 6)


def _loss(draw: random.Random) -> float:
    return round(draw.uniform(0.2, 0.9), 4)


def _function_of_lr(i: int, draw: random.Random) -> Row:
    lr = _rate(draw)
    return [i, lr, math.log10(lr), 2 * lr, "nan" if lr > 0.1 else _loss(draw)]


def _odd_rate(i: int, draw: random.Random) -> Row:
    lr: object = {3: "nan", 4: "inf"}.get(i % 10, _rate(draw))
    return [i, lr, _loss(draw)]


# What is odd: header, rows, how a row is made, what the caveats must say, whether a cause may be named.
ODD: dict[str, tuple[str, int, Callable[[int, random.Random], Row], tuple[str, ...], bool]] = {
    "constant columns": (
        "trial_id,lr,warmup,val_loss", 40, lambda i, d: [i, 0.01, 5, "nan" if i % 5 == 0 else _loss(d)],
        (
            "No hyperparameter varies: nothing can be blamed. Where one was not recognised, name it with --role.",
            "Each of lr, warmup has one value throughout: nothing can be said about it.",
        ),
        False,
    ),
    "one class": (
        "trial_id,lr,optimizer,val_loss", 40, lambda i, d: [i, _rate(d), "adam", _loss(d)],
        ("optimizer has one value throughout: nothing can be said about it.",), False,
    ),
    "two trials": (
        "trial_id,lr,val_loss", 2, lambda i, d: [i, 0.1 * (i + 1), "nan" if i else 0.5],
        (
            "2 trials only: too few to tell causes from chance, so none are named.",
            "nonfinite_metric: 1 sick of 2 judged trials is not enough data for a cause.",
        ),
        False,
    ),
    "all sick": (
        "trial_id,status,lr,val_loss", 60, lambda i, d: [i, "failed", _rate(d), "nan"],
        (
            "No healthy, finished trial has a finite val_loss: there is no best trial.",
            "failed_run: all 60 judged trials are sick, so there is nothing to compare them with.",
        ),
        False,
    ),
    "none sick": (
        "trial_id,status,lr,val_loss", 60, lambda i, d: [i, "completed", _rate(d), _loss(d)],
        ("No judged trial is sick: there is nothing to look for causes of.",), False,
    ),
    "ten thousand categories": (
        "trial_id,architecture,val_loss", 12_000,
        lambda i, d: [i, f"arch_{i % 10_000:05}", "nan" if d.random() < 0.2 else _loss(d)],
        ("architecture: 10,000 rare values were pooled; a cause among them cannot be seen.",), False,
    ),
    "functions of another column": (
        "trial_id,lr,log_lr,twice_lr,val_loss", 300, _function_of_lr,
        ("Each of log_lr, twice_lr is a function of lr: they cannot be separated.",), True,
    ),
    "parameters that are not finite": (
        "trial_id,lr,val_loss", 100, _odd_rate,
        (
            "lr is NaN in 10 trials: there it counts as not set.",
            "lr is infinite in 10 trials: set apart, outside every range and every claim.",
        ), False,
    ),
    "no value at all": (
        "trial_id,lr,momentum,val_loss", 60, lambda i, d: [i, _rate(d), "", "nan" if i % 7 == 0 else _loss(d)],
        ("momentum has no value in any trial: nothing can be said about it.",), False,
    ),
    "names that look like parameters": (
        "trial_id,run,checkpoint_number,lr,val_loss", 60,
        lambda i, d: [i, f"run_{i * 7919 % 61}", 1000 + 5 * i, _rate(d), "nan" if i % 7 == 0 else _loss(d)],
        (
            "run differs in every trial: read as a name of it, not searched for causes.",
            "checkpoint_number only counts the trials: not searched for causes.",
        ),
        False,
    ),
    "dates": (
        "trial_id,lr,started_at,data_date,val_loss", 60,
        lambda i, d: [i, _rate(d), f"2026-01-{1 + i // 24:02} {i % 24:02}:00:00", f"2025-{1 + i % 12:02}-15",
                      "nan" if i % 7 == 0 else _loss(d)],
        ("Each of started_at, data_date holds dates: read as times, not searched for causes.",), False,
    ),
    "control characters in names": (
        "trial_id,l\x1b[31mr,drop\x07out,val_loss", 60,
        lambda i, d: [i, _rate(d), i % 3, "nan" if i % 7 == 0 else _loss(d)],
        (r"Each of l\x1b[31mr, drop\x07out has control characters in its name: they are shown as codes.",), False,
    ),
    "pruned only": (
        "trial_id,status,lr,val_loss", 60, lambda i, d: [i, "pruned", _rate(d), _loss(d)],
        ("Every trial was pruned: there is no finished result to judge.",), False,
    ),
    "objective unknown": (
        "trial_id,lr,alpha_metric,beta_metric", 60, lambda i, d: [i, _rate(d), d.gauss(0, 1), d.gauss(5, 1)],
        (
            "The objective is unknown, so no trial is ranked. Name it with --objective (alpha_metric, beta_metric …).",
        ),
        False,
    ),
}  # fmt: skip


def _write(name: str, folder: Path) -> Path:
    header, rows, make, _caveats, _claims = ODD[name]
    draw = random.Random(name)
    table = folder / "sweep.csv"
    lines = [header, *(",".join(str(cell) for cell in make(i, draw)) for i in range(rows))]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


@pytest.mark.parametrize("name", ODD)
def test_the_caveats_name_it_and_nothing_is_claimed(name: str, tmp_path: Path) -> None:
    _header, rows, _make, caveats, claims = ODD[name]
    table = _write(name, tmp_path)
    done = hpi("inspect", table, "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["trials"]["total"] == rows
    assert set(caveats) <= set(summary["caveats"])
    assert bool(summary["causes"]) == claims
    for cause in summary["causes"]:
        assert {"log_lr", "twice_lr"} == set(cause["inseparable"])
    if not claims:
        assert not any(basis.startswith("cause") for item in summary["recommendations"] for basis in item["because"])
    assert not [row for row in summary["coverage"] if row["state"] == "crashed"]
    page, report = (hpi(*words, home=tmp_path) for words in (("inspect", table), ("report", table, "-o", "-")))
    assert page.returncode == report.returncode == 0
    words = " ".join(page.stdout.decode().split())
    for caveat in caveats:
        assert caveat in words


@pytest.mark.parametrize(
    ("name", "passes", "said"),
    [
        ("none sick", True, "passed: 0 of 60 judged trials sick"),
        ("all sick", False, "failed: infeasible_share: 60 of 60 trials failed or broke down numerically"),
        ("two trials", False, "failed: 1 of 2 judged trials sick (50 %) at error or worse, none allowed"),
        ("pruned only", False, "failed: every trial was pruned, so nothing is known about the health of this sweep"),
    ],
)
def test_the_gate_never_passes_what_could_not_be_judged(name: str, passes: bool, said: str, tmp_path: Path) -> None:
    done = hpi_process("check", _write(name, tmp_path), home=tmp_path)
    assert done.stdout.decode().startswith(said)
    assert done.returncode == (0 if passes else 1)


@pytest.mark.parametrize("name", ODD)
def test_every_command_that_looks_for_reasons_says_it_and_claims_nothing(name: str, tmp_path: Path) -> None:
    _header, _rows, _make, caveats, claims = ODD[name]
    table = _write(name, tmp_path)
    for command in ("causes", "importance", "best", "next"):
        done = hpi(command, table, home=tmp_path)
        assert done.returncode == 0, done.stderr
        assert not {b"\x1b", b"\x07"} & {bytes([byte]) for byte in done.stdout}
        words = " ".join(done.stdout.decode().split())
        for caveat in caveats:
            about_an_issue = caveat.startswith(("nonfinite_metric: ", "failed_run: "))
            assert caveat in words or (about_an_issue and command != "causes"), (command, caveat)
    if claims:
        return
    found, plan = (json.loads(hpi(word, table, "--json", home=tmp_path).stdout) for word in ("causes", "next"))
    assert not [*found["causes"], *found["pairs"], *found["objective_causes"], *found["info_causes"]]
    assert not [row for row in plan["changes"] if row["changed"]]
