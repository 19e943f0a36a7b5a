"""Pages fit the width they are told: nothing sticks out at 80 columns, and no drawing is cut in half."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from hpi_core.cli.ink import Column, Ink
from hpi_core.detectors import listing
from tests.core.cli.running import hpi, hpi_process
from tests.shared_data import DATA, needs_shared

DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"
GAUSSIANS = (
    DATA / "10_fairness/algofairness__fairness-comparison/fairness/results"
    / "two-gaussians_sensitive-attr_numerical-binsensitive.csv"
)  # fmt: skip


def _page(home: Path, *arguments: str | Path, width: int = 80) -> str:
    done = hpi(*arguments, home=home, COLUMNS=str(width))
    assert done.returncode == 0, done.stderr
    page = done.stdout.decode()
    assert [line for line in page.splitlines() if len(line) > width] == []
    return page


@pytest.mark.parametrize("command", ["importance", "causes", "best", "inspect"])
def test_the_pages_of_the_demo_fit_80_columns(command: str, tmp_path: Path) -> None:
    page = _page(tmp_path, command, str(resources.files("hpi_core").joinpath("demo/sweep.csv")))
    assert ("n 195  within noise (" in page) == (command == "importance")


@pytest.mark.parametrize("width", [80, 100])
def test_the_manual_pages_fit(width: int, tmp_path: Path) -> None:
    pages = [_page(tmp_path, "detectors", entry["issue"], width=width) for entry in listing()]
    spike = next(page for page in pages if page.startswith("spike ["))
    assert "    spike.points = 20 (points)\n        the shortest curve that is judged" in spike


@needs_shared
def test_a_chart_that_does_not_fit_is_left_out_not_cut(tmp_path: Path) -> None:
    page = _page(tmp_path, "causes", DEEPOBS)
    assert not [line for line in page.splitlines() if line.endswith("…")]
    assert "├" in page
    tiers = page[page.index("nonfinite_metric") :].split("Threshold")[0]
    assert "0.003 < lr ≤ 0.01" in tiers
    assert "├" not in tiers


@needs_shared
def test_no_empty_line_follows_a_row_without_a_note(tmp_path: Path) -> None:
    page = _page(tmp_path, "inspect", GAUSSIANS)
    assert not [line for line in page.splitlines() if line and not line.strip()]
    assert page[page.index("F_FPR (sum)") :].splitlines()[1].startswith("  F_OAE")


def test_a_long_note_goes_below_its_heading() -> None:
    ink = Ink(40, colour=False, unicode=True)
    ink.heading("Which way", "a note of more words than the line has room for")
    ink.heading("Short", "beside")
    assert ink.page() == ("Which way\n  a note of more words than the line has\n  room for\n\nShort  beside\n")


def test_a_whole_column_is_dropped_rather_than_cut() -> None:
    columns = [Column("name"), Column("drawing", drop=1, whole=True)]
    for width, shown in ((60, True), (40, False)):
        ink = Ink(width, colour=False, unicode=True)
        ink.table(columns, [["a", "x" * 45]])
        assert ("x" * 45 in ink.page()) == shown
        assert "…" not in ink.page()


def test_one_point_is_one_point(tmp_path: Path) -> None:
    done = hpi("report", str(resources.files("hpi_core").joinpath("demo/sweep.csv")), "-o", "-", home=tmp_path)
    report = done.stdout.decode()
    assert "half-way down 1 point later" in report
    assert " 1 points later" not in report


def test_page_and_report_give_the_share_of_a_cause_in_the_same_words(tmp_path: Path) -> None:
    demo = str(resources.files("hpi_core").joinpath("demo/sweep.csv"))
    page = " ".join(_page(tmp_path, "causes", demo).split())
    report = hpi("report", demo, "-o", "-", home=tmp_path).stdout.decode()
    # 27 of the 51 ran on node05, but 14 % of these would be sick anywhere: less than 27 / 51 is owed to the node.
    assert "accounts for about 46 % of all sick" in page
    assert "accounts for about 46 % of the trials with this issue" in report


def test_no_title_in_the_list_of_detectors_is_cut(tmp_path: Path) -> None:
    listed = hpi_process("detectors", home=tmp_path, COLUMNS="80").stdout.decode()
    assert "…" not in listed
    assert "duplicate_configuration  DUP      info      trial  Configuration run more than once" in listed
