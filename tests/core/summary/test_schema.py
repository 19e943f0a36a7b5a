"""The summary keeps its contract on every sweep: valid, strict, sorted, six digits, no path, the same bytes twice."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import hpi_core
from hpi_core.cli.check import gate
from hpi_core.cli.ink import Ink
from hpi_core.cli.page import inspection_page
from hpi_core.report import Making, render
from hpi_core.summary import schema_text, summarize
from tests.core.cli.running import SIX, hpi, planted
from tests.shared_data import DATA, needs_shared

VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema_text()))
# Lists of statistics that were computed here; what stands elsewhere are the source's own numbers.
DERIVED = {
    "issues", "buckets", "leads", "causes", "objective_causes", "pairs", "explained", "objective_explained",
    "objective_leads",
    "info_causes", "info_explained", "importance", "interactions",
}  # fmt: skip

MADE = {
    "six": SIX,
    "no hyperparameters": "trial_id,val_loss\n1,0.5\n2,nan\n3,0.7\n",
    "no metrics": "trial_id,lr,optimizer\n1,0.1,adam\n2,0.2,sgd\n3,0.3,adam\n",
    "one trial": "lr,val_loss\n0.1,0.5\n",
    "one column": "a\n1\n2\n",
    "all sick": "lr,val_loss\n" + "".join(f"{i / 10},nan\n" for i in range(1, 41)),
    "all pruned": "lr,status,val_loss\n" + "".join(f"{i / 10},pruned,0.{i}\n" for i in range(1, 41)),
    "all running": "trial_id,status,lr\n1,running,0.1\n2,running,0.2\n",
    "constants": "lr,seed,val_loss\n" + "0.1,1,0.5\n" * 30,
    "infinite parameter": "lr,val_loss\n" + "".join(f"{'inf' if i % 9 == 0 else i},{i / 7:.3f}\n" for i in range(60)),
    "names that collide": "lr,LR,val_loss,val_loss \n1,2,3,4\n2,3,4,5\n3,5,nan,7\n",
    "unicode": "lernrate λ,val_loss\n" + "".join(f"{i},{'nan' if i > 25 else i}\n" for i in range(30)),
}


def _files() -> list[Path]:
    folders = [DATA / name for name in ("01_sweep_csv", "10_fairness", "12_curves")]
    found = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in (".csv", ".parquet")]
    # These describe a search space, hold no trials, and are refused.
    return [path for path in found if path.name != "configspace.csv"]


def _check(path: Path, home: Path) -> None:
    first, again = (hpi("inspect", path, "--json", home=home) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    assert first.stdout.isascii()
    text = first.stdout.decode()
    summary = json.loads(text, parse_constant=pytest.fail)
    VALIDATOR.validate(summary)
    assert json.dumps(summary, sort_keys=True, indent=2) == text.rstrip("\n").replace("\\u007f", "\x7f")
    for name in DERIVED:
        for number in _floats(summary[name]):
            assert number == float(f"{number:.6g}"), (name, number)
    assert str(path.parent) not in text
    assert not re.search(r'"/(home|tmp|work|root)/', text)


def _floats(value: Any) -> list[float]:
    if isinstance(value, float):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [number for item in inner for number in _floats(item)]


def test_the_schema_itself_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("name", MADE)
def test_made_sweeps_have_a_valid_summary(name: str, tmp_path: Path) -> None:
    path = tmp_path / "made.csv"
    path.write_text(MADE[name], encoding="utf-8")
    _check(path, tmp_path)


def test_a_sweep_with_a_cause_has_a_valid_summary(tmp_path: Path) -> None:
    _check(planted(tmp_path / "planted.csv"), tmp_path)


@needs_shared
@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(DATA))[-60:])
def test_real_tables_have_a_valid_summary(path: Path, tmp_path: Path) -> None:
    _check(path, tmp_path)


@needs_shared
@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(DATA))[-60:])
def test_real_tables_have_a_page_and_a_report(path: Path) -> None:
    inspection = hpi_core.inspect(hpi_core.read(path))
    summary = summarize(inspection)
    assert inspection_page(summary, Ink(100, False, True)).count("\n") > 10
    passed, why = gate(inspection, "error", None)
    assert isinstance(passed, bool)
    assert why
    report = render(summary, "-", Making("0", "none"))
    for table in _tables(report):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1, table


def _tables(text: str) -> list[list[str]]:
    """Return the runs of lines that are tables."""
    runs = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [run.splitlines() for run in runs]
