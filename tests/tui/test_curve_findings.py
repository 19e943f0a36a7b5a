"""What went wrong over time stands in the queue of sick trials of the installed app."""

from __future__ import annotations

from pathlib import Path

from hpi_core import demo
from tests.core.cli.test_curves import written
from tests.tui.conftest import Open


def test_the_demo_opens_with_findings_over_time(open_app: Open) -> None:
    with open_app(str(demo.path()), columns=160, rows=50) as terminal:
        terminal.until("131 sick", timeout=60)


def test_named_curves_reach_the_queue(open_app: Open, tmp_path: Path) -> None:
    source, curves = written(tmp_path, "csv")
    with open_app(str(source), "--curves", str(curves), columns=160, rows=50) as terminal:
        terminal.until("SPIKE", timeout=60)
