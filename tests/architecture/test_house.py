"""The house rules that no other tool checks: rooms with names, borders of the checkout, no lock file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {
    ".ci", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "hpi_core", "hpi_tui",
    "pyproject.toml", "tests",
}  # fmt: skip
NOT_A_ROOM = re.compile(r"^(utils?|helpers?|managers?|common|misc|base)\.py$")
LARGEST = 450  # lines; a file above it is asked to become two rooms


def tracked() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_the_top_level_holds_only_what_it_should() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP_LEVEL


def test_every_room_has_a_name_of_its_own() -> None:
    assert [path for path in tracked() if NOT_A_ROOM.match(path.name)] == []


def test_no_module_shadows_the_standard_library() -> None:
    import sys

    shadows = {path.stem for path in tracked() if path.suffix == ".py"} & set(sys.stdlib_module_names)
    assert shadows <= {"__init__", "__main__"}


def test_no_file_outgrows_its_room() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked()
        if path.suffix in {".py", ".tcss"} and (count := len(path.read_text(encoding="utf-8").splitlines())) > LARGEST
    }
    assert long == {}


def test_the_text_names_no_registry_and_no_lock_file() -> None:
    registry = re.compile(r"https?://[^\s\"')]*(pypi\.org/simple|files\.pythonhosted|registry\.npmjs)")
    assert [path for path in tracked() if path.name in {"uv.lock", "poetry.lock", "requirements.lock"}] == []
    texts = [path for path in tracked() if path.suffix in {".py", ".md", ".toml", ".json", ".tcss", ""}]
    assert [path for path in texts if registry.search(path.read_text(encoding="utf-8"))] == []
