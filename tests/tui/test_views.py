"""The views in place 3 of the installed app: buckets of issues and results, importance, two parameters together."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.core.cli.running import hpi, planted_pair
from tests.shared_data import DATA, ROOT, needs_shared
from tests.tui.conftest import Open
from tests.tui.terminal import Terminal

DEMO = ROOT / "hpi_core" / "demo" / "sweep.csv"
DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"
DEEPCAVE = DATA / "01_sweep_csv" / "automl__DeepCAVE" / "logs" / "DataFrame" / "run_2" / "trials.csv"
LCDB = DATA / "02_hpo_bench" / "pypi__lcdb" / "database-accuracy.first6000rows.csv"
FEW = DATA / "01_sweep_csv" / "automl__DeepCAVE" / "logs" / "DataFrame" / "run_1" / "trials.csv"


def _copy(source: Path, folder: Path) -> str:
    """Return a copy of the sweep alone: decisions are written beside it, and curves would be found there."""
    return str(shutil.copyfile(source, folder / source.name))


def _inspected(app: Terminal) -> None:
    app.until(lambda text: re.search(r"sick 1/[\d,]+|none sick", text) is not None, 30)


def _shows(*wanted: str) -> Callable[[str], bool]:
    return lambda text: all(word in text for word in wanted)


def test_importance_says_how_much_which_way_and_what_to_trust(open_app: Open, tmp_path: Path) -> None:
    with open_app(_copy(DEMO, tmp_path), columns=120, rows=40) as app:
        _inspected(app)
        app.send("3+")
        app.until(_shows("I importance", "P two together", "V views"))
        app.send("I")
        app.until(_shows("3 Importance  decides val_loss: share of the variance of its ranks, 90 % intervals"))
        app.until("With 195 ranked trials the variance share is the one to trust; the question about the best looks")
        row = re.search(r"▌ init +━+├─+●─+┤ +\.21 +\.13–\.30 +\(\.02\) +\.07 ", app.text)
        assert row is not None
        assert re.search(r"  weight_decay +●─+┤┄*┊ +0 +0–\.06 +\(\.01\) +\(0\) ", app.text)
        assert "within noise, which reaches .03" in app.text  # init for being among the best
        app.send("j")
        app.until(lambda text: re.search(r"^ lr +$", text, re.M) is not None)
        assert re.search(r"which way +val_loss (neither )?(rises|falls) .*, ρ -?0\.\d+ \[", app.text)
        assert re.search(r"issues +.*EXPLODE more often when high ρ 0\.\d+", app.text)
        app.send("l")
        app.until("3 Importance  decides who is among the best 10 %")
        app.send("\r")
        app.until(_shows("3 Buckets", " lr × "))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_importance_in_a_small_pane_shows_every_parameter_whole(
    open_app: Open, tmp_path: Path, size: tuple[int, int]
) -> None:
    with open_app(_copy(DEMO, tmp_path), columns=size[0], rows=size[1]) as app:
        _inspected(app)
        app.send("3I")
        app.until(lambda text: re.search(r"^.*variance +\.21 \[", text, re.M) is not None)
        text = app.text
        rows = re.findall(r"^.*?  ?(init|lr|width|optimizer|batch_size|dropout|weight_decay) +[━├●]", text, re.M)
        assert len(rows) >= 5
        assert "inte…" not in text  # the title is whole, or shorter
        assert not re.search(r"[;,(] *$", text.split("\n")[-4])  # what has no room ends with a sign that says so


@needs_shared
def test_importance_asked_for_too_early_fills_when_the_sweep_is_inspected(open_app: Open, tmp_path: Path) -> None:
    with open_app(_copy(DEEPOBS, tmp_path), columns=120, rows=40) as app:
        app.send("I")
        app.until(lambda text: "3 Importance" in text and re.search(r"▌ lr +━", text) is not None, 40)


@needs_shared
def test_values_of_one_module_are_told_apart_and_whole_numbers_are_whole(open_app: Open, tmp_path: Path) -> None:
    with open_app(_copy(LCDB, tmp_path), columns=120, rows=40) as app:
        _inspected(app)
        app.send("3")
        app.until(_shows("size_train × ", "16–32 ", "1448–3726"))
        app.send("j")
        app.until(_shows("learner = sklearn.linear_model.SGDClassifier"))
        bars = re.findall(r"(\S+) +\d+/\d+  [━├●]", app.text)
        assert len(bars) >= 4
        assert len(set(bars)) == len(bars)


def test_a_bar_that_is_the_claim_has_the_interval_of_the_claim(open_app: Open, tmp_path: Path) -> None:
    alone = _copy(DEMO, tmp_path)
    claimed = next(
        cause for cause in json.loads(hpi("causes", alone, "--json", home=tmp_path).stdout)["causes"]
        if (cause["parameter"], cause["issue"]) == ("init", "failed_run")
    )  # fmt: skip
    with open_app(alone, columns=80, rows=24) as app:
        _inspected(app)
        app.send("3")
        app.until("init × FAILED")
        low, high = (round(100 * claimed[end]) for end in ("rate_low", "rate_high"))
        app.until(lambda text: re.search(rf"orthogonal +37/58 .* 64 % +{low}–{high} %", text) is not None)


def test_too_few_trials_get_correlations_and_how_many_are_needed(open_app: Open, tmp_path: Path) -> None:
    lines = DEMO.read_text(encoding="utf-8").splitlines(keepends=True)[:22]
    short = tmp_path / "short.csv"
    short.write_text("".join(lines), encoding="utf-8")
    with open_app(str(short), columns=100, rows=30) as app:
        _inspected(app)
        app.send("I")
        app.until(lambda text: re.search(r"importance needs at least 30, about \d+ more", text) is not None)
        app.until("rank correlation with val_loss, 95 % interval")
        assert re.search(r" lr +ρ -?0\.\d+ \[-?0\.\d+ to -?0\.\d+\], n \d+", app.text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_a_pair_the_finder_found_is_shown_side_by_side(open_app: Open, tmp_path: Path, size: tuple[int, int]) -> None:
    source = planted_pair(tmp_path / "pair.csv")
    with open_app(str(source), columns=size[0], rows=size[1]) as app:
        _inspected(app)
        app.send("3")
        app.until("3 Buckets")
        app.until(lambda text: re.search(r"(lr|dropout) × FAILED", text) is not None)
        app.send("P")
        app.until(lambda text: re.search(r"3 Together  (lr × dropout|dropout × lr)  FAILED", text) is not None)
        app.until(_shows("the worst square"))
        if size != (120, 40):  # where the pane has the room for all words
            said = " ".join(re.sub(r"[^\S\n]{2,}|\n", " ", app.text).split())
            assert re.search(r"only together: (lr|dropout) > [\d.]+ and (lr|dropout) > [\d.]+", said)
            assert re.search(r"filled: surely above the 1\d % of all", said)
        match = re.search(r"(\d+) of (\d+) FAILED", app.text[app.text.index("3 Together") :])
        assert match is not None
        app.send("\r")
        app.until(lambda text: re.search(rf" \d+/{match.group(2)} ", text) is not None)
        app.until(
            lambda text: re.search(r"filter .*lr .* and .*dropout|filter .*dropout .* and .*lr", text) is not None
        )


def test_any_two_are_chosen_from_the_menu_of_views(open_app: Open, tmp_path: Path) -> None:
    with open_app(_copy(DEMO, tmp_path), columns=120, rows=40) as app:
        _inspected(app)
        app.send("V")
        app.until(_shows(" Views  Enter shows it", "importance", "two of your choice", "buckets"))
        app.send("/of your\r")
        app.until("the first of two")
        app.send("/weight\r")
        app.until("beside weight_decay")
        app.send("/dropo\r")
        app.until(lambda text: re.search(r"3 Together  weight_d\w*… × dropout  FAILED", text) is not None)
        app.send("+")
        app.until("3 Together  weight_decay × dropout  FAILED")
        app.until("none: no two conditions on these were found")
        app.send("m")
        app.until("3 Together  weight_decay × dropout  EXPLODE")
        app.send("p")
        app.until(lambda text: re.search(r"3 Together  weight_decay × (?!dropout)\w+  EXPLODE", text) is not None)
        app.send("\x1b")
        app.until("3 Buckets")


def test_the_table_is_legible_without_colour_and_glyphs(open_app: Open, tmp_path: Path) -> None:
    with open_app(_copy(DEMO, tmp_path), "--ascii", columns=80, rows=24, NO_COLOR="1") as app:
        _inspected(app)
        app.send("3P")
        app.until("3 Together  init x width  FAILED")
        app.until("shaded: surely above the 16 % of all")
        assert re.search(r"> orthogonal +0/9 +0/12 +#8/8 +#14/14 +\[#15/15\]", app.text)
        assert re.search(r"  xavier +0/14 +0/12 +0/17 +0/12 +0/11", app.text)
        app.send("I")
        app.until(lambda text: re.search(r"> init +=+\[-+\+-+\] +\.21 +\.13-\.30 +\(\.02\)", text) is not None)
        app.until(lambda text: re.search(r"which way +val_loss .*eps2 0\.", text) is not None)
        assert app.text.isascii()


@needs_shared
def test_a_sweep_without_sick_trials_gets_an_answer(open_app: Open, tmp_path: Path) -> None:
    with open_app(_copy(DEEPCAVE, tmp_path), columns=80, rows=24) as app:
        _inspected(app)
        app.send("3")
        app.until("No sick trials: 16 detectors ran on 88 trials")
        app.until(lambda text: re.search(r"WORST +BEST *\n▌ max_samples +\[\.36\]", text) is not None)
        claim = r"max_samples × WORST.*\n +max_samples ≤ 0\.39\d+ \[0\.\d+–0\.\d+\]: 50 % of 22 in the worst tenth"
        app.until(lambda text: re.search(claim, text) is not None)
        assert re.search(r"worst/n  0 %", app.text)
        app.send("\r")
        app.until(lambda text: re.search(r" \d+/22 ", text) is not None)


@needs_shared
def test_the_pane_says_all_of_a_claim_of_deepobs(open_app: Open, tmp_path: Path) -> None:
    with open_app(_copy(DEEPOBS, tmp_path), columns=120, rows=40) as app:
        _inspected(app)
        app.send("3+")
        claim = r"lr × NONFIN  lr > 0\.2 \[0\.\d+–0\.\d+\]: 52 % of 345 NONFIN, elsewhere 5\.7 % of 735"
        app.until(lambda text: re.search(claim, text) is not None)
        text = app.text
        assert re.search(r"lr 0\.2 ┄+ +\[0\.\d+–0\.\d+\]", text)
        assert "accounts for about 72 % of all sick (220)" in text
        assert "go with it" not in text
        assert re.search(
            r"steps +0\.01–0\.2: 17 % of 207, 0\.003–0\.01: 7\.1 % of 99, ≤ 0\.003: 0 % of 429; not one threshold",
            text,
        )
        assert "<=" not in text
        app.send("llll")
        app.until(_shows("lr × WORST  lr > 8", "62 % of 32 in the worst tenth", "of the worst tenth"))
        app.until(lambda text: re.search(r"WORST +lr > 8 +20/32 +elsewhere 61/738", text) is not None)
        app.send("l")  # the best lie in the middle: no cut tells them apart
        app.until("lr × BEST  no claim: no difference beyond chance that is large enough to matter")


@needs_shared
def test_few_results_are_told_as_such(open_app: Open, tmp_path: Path) -> None:
    with open_app(_copy(FEW, tmp_path), columns=100, rows=30) as app:
        _inspected(app)
        app.send("3")
        app.until(_shows("No sick trials: 10 detectors ran on 20 trials", "results are equal"))


def _distributed(text: str) -> str | None:
    """Return the parameter whose distribution stands there in full."""
    found = re.search(r"4 Distribution  (\w+)  p another", text)
    return found.group(1) if found else None


def test_place_4_shows_distribution_and_best_so_far(open_app: Open, tmp_path: Path) -> None:
    with open_app(_copy(DEMO, tmp_path), columns=120, rows=40) as app:
        _inspected(app)
        app.send("V")
        app.until(_shows("in place 4", "distribution", "best so far", "scatter"))
        app.send("/which values\r")
        app.until("4 Distribution")
        app.send("+")
        app.until(_shows("p hyperparameter", "Esc curves", "sick █  others ━"))
        names = ["optimizer", "lr", "batch_size", "width", "init", "dropout", "weight_decay"]
        for _ in 4 * names:  # it comes round again, should a press be seen late
            if "4 Distribution  lr " in app.text:
                break
            before = _distributed(app.text)
            app.send("p")
            app.until(lambda text, before=before: _distributed(text) not in (None, before))  # type: ignore[misc]
        app.until(_shows("4 Distribution  lr  p another", "log bins"))
        counted = [tuple(map(int, pair)) for pair in re.findall(r" (\d+)/(\d+)  [█━]", app.text)]
        assert (sum(sick for sick, _ in counted), sum(n for _, n in counted)) == (123, 240)
        assert re.search(r"▌ +\d\.\d\de-2 – \d\.\d\de-2 +\d+/\d+  █+━+", app.text)  # where the trial stands
        assert "L log" not in app.text
        app.send("L")
        app.until(
            lambda text: re.search(r"The bins follow the scale of \w+; L is for curves and scatter", text) is not None
        )
        app.send("V/after each\r")
        app.until(_shows("4 Best so far  val_loss", "best after 149 of 240 trials, 3 improvements", "★"))
        app.until("L log")
        assert "p hyperparameter" not in app.text
        app.send("p")
        app.until("This view runs over trial order: there is no hyperparameter to choose.")
        app.send("V/over a hyper\r")
        app.until(_shows("4 Scatter  val_loss", "val_loss over trial", "p another hyperparameter"))
        app.send("\x1b")
        app.until("4 Curves  val_loss")


def test_the_best_so_far_needs_an_objective_and_says_so(open_app: Open, tmp_path: Path) -> None:
    source = tmp_path / "bare.csv"
    source.write_text("trial_id,param_a,param_b\n" + "".join(f"{at},{at * 7 % 11},{at % 3}\n" for at in range(30)))
    with open_app(str(source), columns=100, rows=30) as app:
        _inspected(app)
        app.send("V/after each\r")
        app.until(_shows("4 Best so far", "O names what this needs."))


def test_the_footer_of_a_source_without_curves_names_no_keys_of_curves(open_app: Open, tmp_path: Path) -> None:
    with open_app(_copy(DEMO, tmp_path), columns=120, rows=40) as app:
        _inspected(app)
        app.send("4")
        app.until(_shows("no curves in this source", "p hyperparameter  L log  j k trial", "V views"))
        assert "M grid" not in app.text


def test_columns_out_of_sight_are_counted_the_same_after_another_pane(open_app: Open, tmp_path: Path) -> None:
    out = re.compile(r"1/240 +\+(\d+) columns")
    with open_app(_copy(DEMO, tmp_path), columns=80, rows=24) as app:
        _inspected(app)
        app.until(lambda text: out.search(text) is not None)
        found = out.search(app.text)
        assert found is not None
        app.send("4")
        app.until("4 Curves  val_loss")
        app.send("1")
        app.until(lambda text: (again := out.search(text)) is not None and again.group(1) == found.group(1))


@needs_shared
def test_the_detail_names_the_best_of_the_same_problem(open_app: Open, tmp_path: Path) -> None:
    trials = pl.read_csv(DEEPOBS, infer_schema=False)
    problem = dict(zip(trials["trial_id"], trials["testproblem"], strict=True))
    with open_app(_copy(DEEPOBS, tmp_path), columns=120, rows=40) as app:
        _inspected(app)
        app.until(lambda text: re.search(r"configuration +0 +★ \d+ +median", text) is not None)
        beside = re.search(r"configuration +0 +★ (\d+) +median", app.text)
        assert beside is not None
        assert problem[beside.group(1)] == problem["0"]
