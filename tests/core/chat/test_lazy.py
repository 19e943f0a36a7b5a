"""The chat's heavy parts wait for their use: no client of a model is imported to answer here."""

from __future__ import annotations

import subprocess
import sys

from hpi_core.demo import path as demo_path

PROGRAM = """
import sys
import hpi_core.chat.session, hpi_core.chat.consent, hpi_core.chat.server, hpi_core.chat.suggestions
assert "anthropic" not in sys.modules
from hpi_core.cli import main
assert main(["ask", sys.argv[1], "/causes"]) == 0
assert "anthropic" not in sys.modules and "httpx2" not in sys.modules, "imported"
"""


def test_commands_are_answered_without_the_client() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(demo_path())], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Associations beyond chance" in done.stdout


def test_the_light_parts_do_not_import_polars() -> None:
    program = (
        "import sys, hpi_core.chat.commands, hpi_core.chat.consent, hpi_core.chat.server, hpi_core.chat.redaction, "
        "hpi_core.cli.ask; assert 'polars' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
