"""The preview: the head of a file without polars, agreeing with the full read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hpi_core.readers.preview import preview
from hpi_core.tables.content import Content
from tests.core.reading.delimited import read
from tests.shared_data import DATA, needs_shared

SCRIPT = """
import sys
from pathlib import Path
from hpi_core.readers.preview import preview
from hpi_core.tables.content import Content
shown = preview(Content("sweep.csv", path=Path(sys.argv[1])), 60)
assert shown.names == ("trial", "loss") and shown.rows[1] == ("1", "0.5"), shown
heavy = {"polars", "numpy", "pandas", "charset_normalizer"} & set(sys.modules)
assert not heavy, heavy
"""


def test_the_preview_imports_nothing_heavy(tmp_path: Path) -> None:
    path = tmp_path / "sweep.csv"
    path.write_text("trial,loss\n0,0.25\n1,0.5\n")
    done = subprocess.run([sys.executable, "-c", SCRIPT, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_long_file_is_estimated_from_its_head(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("trial,loss\n" + "".join(f"{k:08},0.25\n" for k in range(200_000)))
    shown = preview(Content(path.name, path=path), 60)
    assert shown is not None
    assert len(shown.rows) == 60
    assert not shown.exact
    assert 190_000 < shown.total < 210_000


@pytest.mark.parametrize("data", [b"", b"PAR1\x15", b'{"a": 1}\n', b"Hello,\nthis is prose.\nNo table\n"])
def test_what_is_no_table_has_no_preview(data: bytes) -> None:
    assert preview(Content("x", data=data), 60) is None


@needs_shared
def test_preview_and_full_read_agree_on_real_files() -> None:
    paths = [*(DATA / "01_sweep_csv").rglob("*.csv"), *(DATA / "10_fairness").rglob("*.csv")]
    assert len(paths) > 20
    for path in paths:
        shown = preview(Content(path.name, path=path), 60)
        table = read(path)
        assert shown is not None
        assert list(shown.names) == table.frame.columns, path
        if shown.exact:
            assert shown.total == table.frame.height
        text = table.frame.head(60).rows()
        assert len(shown.rows) == len(text)
        for cells, values in zip(shown.rows, text, strict=True):
            for cell, value in zip(cells, values, strict=True):
                if isinstance(value, str):
                    assert cell == value
                elif isinstance(value, float) and value == value:
                    assert float(cell.replace(",", "")) == value
