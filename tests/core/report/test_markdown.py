"""The Markdown report: its sections, its claims, and text from data that cannot break out of it."""

from __future__ import annotations

import re
from pathlib import Path

from hpi_core.report.markdown_text import code, prose
from tests.core.cli.running import SIX, hpi, planted

SECTIONS = [
    "Overview", "Best Configuration", "Issue Breakdown", "Hyperparameter Pathologies", "Recommendations", "Caveats",
]  # fmt: skip


def test_the_report_has_its_sections_and_the_cause_with_evidence(tmp_path: Path) -> None:
    done = hpi("report", planted(tmp_path / "planted.csv"), home=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "hparam_report.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert re.search(r"^### 1\. lr > 0\.\d+: nonfinite_metric \(strong\)$", text, re.MULTILINE)
    assert re.search(r"\*\*R1\. Keep lr ≤ 0\.\d+\.\*\*", text)
    assert re.search(r"\| `lr` \| being sick \| 0\.\d\d \| 0\.\d\d to 1?0?\.\d\d \|", text)
    assert "Made by hpi 0" in text
    assert not re.search(r"20\d\d-\d\d-\d\d", text)


def test_the_same_input_gives_the_same_bytes_and_a_date_only_when_asked(tmp_path: Path) -> None:
    source = tmp_path / "six.csv"
    source.write_text(SIX, encoding="utf-8")
    first, again = (hpi("report", source, "-o", "-", home=tmp_path).stdout for _ in range(2))
    assert first == again
    assert b"look here first" in first
    dated = hpi("report", source, "-o", "-", "--date", home=tmp_path).stdout.decode()
    assert re.search(r" on 20\d\d-\d\d-\d\d from", dated)


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "six.csv"
    source.write_text(SIX, encoding="utf-8")
    assert hpi("report", source, "-o", "report.docx", home=tmp_path).returncode == 2


def test_text_from_data_stays_text() -> None:
    assert prose("<script>alert(1)</script>").startswith("\\<script")
    assert prose("a | b") == "a \\| b"
    assert prose("[x](http://evil.test)").startswith("`")
    assert prose("# title") == "\\# title"
    assert prose("1. item") == "1\\. item"
    assert prose("val_loss > 0.5") == "val_loss > 0.5"
    assert code("a`b|c") == "``a`b\\|c``"
    assert code("\x1b[2J\n") == "`\\x1b[2J↵`"


def test_hostile_names_and_cells_break_no_table(tmp_path: Path) -> None:
    source = tmp_path / "hostile.csv"
    rows = "".join(f'"{i}|<b>",{0.1 * i:.1f},{"nan" if i % 2 else 0.5 + i},"[x](http://e.test)"\n' for i in range(12))
    source.write_text('trial_id,"l|r <img src=x>",val_loss,optimizer\n' + rows, encoding="utf-8")
    text = hpi("report", source, "-o", "-", home=tmp_path).stdout.decode()
    outside = re.sub(r"(`+).*?\1", "", text)
    assert not re.search(r"(?<!\\)<[a-z]", outside)
    assert "](" not in outside
    for line in text.splitlines():
        if line.startswith("| trial"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 3
