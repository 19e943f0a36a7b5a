"""Reports of real sweeps, read as a stranger would: every section says what the file holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.core.cli.running import hpi, hpi_process
from tests.shared_data import DATA, needs_shared

DEMO = Path(__file__).parents[3] / "hpi_core" / "demo" / "sweep.csv"
DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"
MANIFOLDS = DATA / "01_sweep_csv" / "sdbuch__thinky-manifolds" / "wandb_results.csv"


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def deepobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    done = hpi_process("report", DEEPOBS, "-o", "hparam_report.md", home=home)
    assert done.returncode == 0, done.stderr
    return _sections((home / "hparam_report.md").read_text(encoding="utf-8"))


@needs_shared
def test_the_overview_has_health_severities_and_what_could_not_run(deepobs: dict[str, str]) -> None:
    overview = deepobs["Overview"]
    assert "**310 of 1,080 trials sick** (29 %)." in overview
    assert "Status: 860 completed, 220 unknown." in overview
    assert re.search(
        r"^\| error \| 297 \| 28 % \| `nonfinite_metric`, `stuck_at_chance`, `exploded_metric` \|$", overview, re.M
    )
    assert re.search(r"^\| no error or warning \| 770 \| 71 % \|  \|$", overview, re.M)
    assert "Of the sweep as a whole: `infeasible_share` (warn)" in overview
    assert "- `lr > 0.2`: 178 of 345 `nonfinite_metric` (52 %), elsewhere 5.7 %; strong" in overview
    # One line per reason, not one per detector.
    reasons = re.findall(r"^- (no [^:]*|[^:`]*): `", overview, re.M)
    assert len(reasons) == len(set(reasons))
    assert re.search(r"^- no status column: .*`failed_run`.*`zombie`", overview, re.M)


@needs_shared
def test_the_best_configuration_says_who_was_left_out(deepobs: dict[str, str]) -> None:
    best = deepobs["Best Configuration"]
    assert best.startswith("\n\nThe best of every `testproblem` first; results of different ones do not compare.")
    assert re.search(r"^\|  \| `12` \| `165` \| `300` \| `427` \| `547` \|$", best, re.M)
    assert re.search(r"^\| `testproblem` \| `cifar100_allcnnc` \| `cifar10_3c3d` \| `fmnist_2c2d` \| ", best, re.M)
    assert re.search(r"^\| mean of runs \| 10 \| 10 \| 1 \| 1 \| 10 \|$", best, re.M)
    assert re.search(r"^\| `test_losses_final` \| 2.1345 \| 0.742306 \| 0.256443 \| ", best, re.M)
    assert re.search(r"^\| `lr` \| `0.001` \| ", best, re.M)
    ranked, total, sick = re.search(r"Ranked: ([\d,]+) of ([\d,]+) trials\. Left out: ([\d,]+) sick\.", best).groups()  # type: ignore[union-attr]
    assert int(ranked.replace(",", "")) + int(sick.replace(",", "")) == int(total.replace(",", "")) == 1080


@needs_shared
def test_issues_pathologies_and_recommendations_have_their_evidence(deepobs: dict[str, str]) -> None:
    issues = deepobs["Issue Breakdown"]
    assert (
        "| `nonfinite_metric` | A metric is NaN or infinite | error | 220 of 1,080 | 20 % | 18 % to 23 % | "
        "`0`, `1`, `8`, `9`, `24`, … |"
    ) in issues
    assert (
        "- `exploded_metric`, trial `158`: test\\_losses\\_final" in issues
        or "trial `158`: test_losses_final 21350000" in issues
    )
    cause = deepobs["Hyperparameter Pathologies"].split("### ")[1]
    assert cause.startswith("1. lr > 0.2: nonfinite_metric (strong)\n\n52 % of the judged trials with `lr > 0.2` have")
    for row in (
        "range",
        "threshold",
        "sick inside",
        "rate inside",
        "rate elsewhere",
        "ratio",
        "adjusted for",
        "trials",
    ):
        assert f"\n| {row} | " in cause
    first = deepobs["Recommendations"].split("\n- **")[1]
    assert first.startswith("R1. Keep lr ≤ 2, not lower: 11 of the 13 best results")
    assert "\n  - Change: `lr` from `1e-05 to 100` to `≤ 2`" in first
    assert "tolstoi_char_rnn lie above 0.2.**" in first
    assert "The cut takes out lr > 2: 123 of 216 nonfinite_metric (57 %)" in first
    assert re.search(r"\n  - Why: .*lr > 0.2: 178 of 345 trials nonfinite_metric", first)
    assert re.search(r"\n  - Confidence: strong; rests on pathologies \d", first)
    assert "Made by hpi " in deepobs["Caveats"]
    assert "The sweep mixes 8 groups (testproblem)" in deepobs["Caveats"]


@needs_shared
def test_what_is_better_but_sick_is_named(tmp_path: Path) -> None:
    # Six trials share their results to the digit; the bound on the learning of the others is lifted to see the rest.
    text = hpi("report", MANIFOLDS, "-o", "-", "--maximize", "--objective", "train_accuracy", home=tmp_path).stdout
    best = _sections(text.decode())["Best Configuration"]
    assert re.search(r"Ranked: 25 of 31 trials\. Left out: 6 sick\.", best)


def test_where_the_issue_is_nowhere_else_a_difference_stands_for_the_ratio(tmp_path: Path) -> None:
    text = _sections(hpi("report", DEMO, "-o", "-", home=tmp_path).stdout.decode())["Hyperparameter Pathologies"]
    orthogonal = next(part for part in text.split("### ") if part.startswith("1. init = orthogonal"))
    assert "| rate elsewhere | 0 % (0 of 174) |" in orthogonal
    assert re.search(r"\| difference of the rates \| 6\d points \(\d\d to \d\d\) \|", orthogonal)
    assert "| ratio |" not in orthogonal


@needs_shared
def test_the_gate_on_a_real_sweep(tmp_path: Path) -> None:
    cases = [
        (("--max-sick-rate", "0.3"), 0, "passed: 297 of 1,080 judged trials sick (28 %) at error or worse"),
        (("--fail-on", "warn", "--max-sick-rate", "0.28"), 1, "failed: 310 of 1,080 judged trials sick (29 %) at warn"),
        (("--where", "lr <= 0.001", "--max-sick-rate", "0.05"), 0, "passed: "),
    ]
    for options, code, said in cases:
        done = hpi("check", DEEPOBS, *options, home=tmp_path)
        assert done.returncode == code, (options, done.stdout)
        assert done.stdout.decode().startswith(said)
