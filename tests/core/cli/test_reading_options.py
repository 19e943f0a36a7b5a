"""`--separator` and `--encoding` reach the reader, and say so where they are no such thing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import hpi_core
from hpi_core.exit_codes import ExitCode
from tests.core.cli.running import hpi, hpi_process

TILDES = "lr~note~val_loss\n0.1~a,b~0.5\n0.2~c,d~0.25\n0.3~e,f~0.125\n"


def columns(out: bytes) -> list[str]:
    """Return the hyperparameters that a summary shows of the best trial."""
    return list(json.loads(out)["best"][0]["configuration"])


def test_the_hint_of_a_refusal_can_be_followed(tmp_path: Path) -> None:
    path = tmp_path / "prose.txt"
    path.write_text("lr~val_loss of it\n0.1~0.5 all\n0.2~0.25 was, well\n0.3~0.125 good\n")
    refused = hpi("inspect", path, home=tmp_path)
    assert refused.returncode == ExitCode.UNREADABLE
    assert b"--separator" in refused.stderr
    read = hpi_process("inspect", path, "--separator", "~", home=tmp_path)
    assert read.returncode == ExitCode.OK
    assert b"3 trials" in read.stdout


@pytest.mark.parametrize(
    ("option", "character"), [("~", "~"), ("tab", "\t"), ("\\t", "\t"), ("SEMICOLON", ";"), ("pipe", "|")]
)
def test_a_separator_is_a_character_or_its_name(tmp_path: Path, option: str, character: str) -> None:
    path = tmp_path / "trials.txt"
    path.write_text(TILDES.replace("~", character))
    done = hpi("inspect", path, "--json", "--separator", option, home=tmp_path)
    assert done.returncode == ExitCode.OK
    assert columns(done.stdout) == ["lr"]


@pytest.mark.parametrize("option", ["ab", "", '"', "\n"])
def test_what_cannot_separate_is_a_usage_error(tmp_path: Path, option: str) -> None:
    path = tmp_path / "trials.txt"
    path.write_text(TILDES)
    done = hpi("inspect", path, "--separator", option, home=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert b"is not one character" in done.stderr


def test_an_encoding_is_taken_at_its_word(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    path.write_bytes("lr,méthode,val_loss\n0.1,é,0.5\n0.2,à,0.25\n0.3,é,0.4\n0.4,à,0.3\n".encode("cp437"))
    done = hpi("inspect", path, "--json", "--encoding", "cp437", home=tmp_path)
    assert columns(done.stdout) == ["lr", "méthode"]
    unknown = hpi("inspect", path, "--encoding", "klingon", home=tmp_path)
    assert unknown.returncode == ExitCode.USAGE
    wrong = hpi("inspect", path, "--encoding", "utf-8", home=tmp_path)
    assert wrong.returncode == ExitCode.UNREADABLE
    assert b"utf-8" in wrong.stderr


def test_one_column_that_looks_like_several_is_told(tmp_path: Path) -> None:
    demo = Path(hpi_core.__file__).parent / "demo" / "sweep.csv"
    table = tmp_path / "sweep.csv"
    table.write_bytes(demo.read_bytes())
    done = hpi("inspect", table, "--separator", ";", home=tmp_path)
    assert done.returncode == 0
    assert "one column only, whose name holds commas: name another --separator." in " ".join(
        done.stdout.decode().split()
    )
