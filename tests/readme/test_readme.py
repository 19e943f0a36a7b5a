"""README says what the program does: its blocks are printed again, its keys are those of the app, its links exist."""

from __future__ import annotations

import re

import pytest

from tests.readme.outputs import README, Block, as_shown, blocks, key_table

TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize("block", list(blocks(TEXT)), ids=lambda block: block.command)
def test_a_console_block_shows_what_the_command_prints(block: Block) -> None:
    assert block.said == as_shown(block)


def test_the_key_table_is_the_table_of_actions() -> None:
    assert key_table() in TEXT


def test_the_files_it_names_exist() -> None:
    named = re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT)
    assert named
    assert [name for name in named if not (README.parent / name).exists()] == []


def test_the_checks_run_the_command_that_it_names() -> None:
    script = (README.parent / ".ci" / "run").read_text(encoding="utf-8")
    tests = next(line.strip() for line in TEXT.splitlines() if line.strip().endswith("uv run pytest"))
    assert [part.split("/")[-1].split()[0] for part in tests.split(" && ")] == ["python3", "pip", "uv"]
    for part in ["python3 -m venv .uv", ".uv/bin/pip install", ".uv/bin/uv run pytest"]:
        assert part in tests
        assert part in script
