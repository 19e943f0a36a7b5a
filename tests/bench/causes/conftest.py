"""Prints the table of gates when the studies of this folder are done."""

from __future__ import annotations

import pytest

from tests.bench.causes.gates import print_gates


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was recorded, after the studies."""
    print_gates()
