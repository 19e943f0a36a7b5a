"""Heavy packages wait for their first use: each door is opened in a fresh interpreter and its imports are counted."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"anthropic", "pandas", "plotext", "polars", "scipy", "textual", "charset_normalizer"}

# door -> heavy packages it may import
DOORS = [
    ("import hpi_core", set[str]()),
    ("import hpi_core.cli", set[str]()),
    ("import hpi_core.readers.preview", set[str]()),
    ("import hpi_core.settings", set[str]()),
    ("import hpi_tui.cli", set[str]()),
    ("import hpi_tui.state", set[str]()),
    ("import hpi_tui.app", {"textual"}),
    ("import hpi_core; hpi_core.read", {"polars"}),
    ("import hpi_core; hpi_core.read; hpi_core.inspect; hpi_core.summarize", {"polars"}),
    ("import hpi_core; hpi_core.best_runs; hpi_core.param_importance; hpi_core.param_correlations", {"polars"}),
    ("import hpi_core.next_experiment", {"polars"}),
]


@pytest.mark.parametrize(("statement", "allowed"), DOORS, ids=[door[0] for door in DOORS])
def test_a_door_imports_nothing_heavy_it_does_not_need(statement: str, allowed: set[str]) -> None:
    program = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY <= allowed
