"""Mutated sweep files: whatever happens to a file, it is read with every line accounted for, or refused in words."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from hpi_core.errors import HpiError
from tests.core.reading.delimited import check_every_line_counts, read
from tests.shared_data import DATA

SWEEPS = DATA / "01_sweep_csv"
MUTANTS = 2_000
SLICE = 3_000
OWN = (
    b"trial,lr,optimizer,val_loss\n" + b"".join(b"%d,%.4g,adam,%.6f\n" % (k, 0.1 / k, 1 / k) for k in range(1, 60)),
    b"id;lr;note;loss\r\n" + b"".join(b'r%d;0,%d;"fine; so far";1,%d\r\n' % (k, k + 1, k) for k in range(40)),
    b'"Step","run - loss"\n' + b"".join(b'"%d","0.%d"\n' % (k, k) for k in range(80)),
    b"# made by hand\nlr\tacc\n" + b"".join(b"1e-%d\t0.%d\n" % (k % 9, k) for k in range(50)),
    b"| lr | loss |\n|---|---|\n" + b"".join(b"| 0.%d | nan |\n" % k for k in range(30)),
)
INSERTS = (
    *(b'"', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\x00", b"#", b"\\", b"\xff", b"\xe4", b"\xc3"),
    *(b"\xf0\x9f\x98", b"nan", b"-inf", b"1e999", b"-", b".", b"=1+1", b"\x1b[2J", b"[/]", b'"""', b",,,,"),
    *(b"\n\n\n", b"total", b"\xef\xbb\xbf", b"99999999999999999999", b"0x1f", b"True", b"2026-13-45"),
    *(b"2026-02-30 25:61:61", b"{", b"<html>"),
)


def _sources() -> list[bytes]:
    """Return files to mutate: our own, and the first lines of the real ones where they are to be had."""
    paths = sorted(SWEEPS.rglob("*.csv")) if SWEEPS.is_dir() else []
    return [*OWN, *(_slice(path) for path in paths)]


def _slice(path: Path) -> bytes:
    data = path.read_bytes()
    return data if len(data) <= SLICE else data[: data.index(b"\n", SLICE) + 1]


def _insert(data: bytearray, chance: random.Random) -> None:
    position = chance.randrange(len(data) + 1)
    data[position:position] = chance.choice(INSERTS)


def _overwrite(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] = chance.randrange(256)


def _delete(data: bytearray, chance: random.Random) -> None:
    position = chance.randrange(len(data))
    del data[position : position + chance.choice((1, 1, 2, 5, 40, 400))]


def _repeat(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    position = chance.randrange(len(data))
    data[position:position] = data[start : start + chance.choice((1, 10, 100))]


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def _swap_lines(data: bytearray, chance: random.Random) -> None:
    lines = bytes(data).split(b"\n")
    first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    data[:] = b"\n".join(lines)


def _exchange(data: bytearray, chance: random.Random) -> None:
    old, new = chance.choice(INSERTS[:8]), chance.choice(INSERTS[:8])
    data[:] = bytes(data).replace(old, new, chance.choice((1, 3, -1)))


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _insert, _insert, _overwrite, _delete, _repeat, _cut, _swap_lines, _exchange,
)  # fmt: skip


def _mutant(source: bytes, chance: random.Random) -> bytes:
    data = bytearray(source)
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        if data:
            chance.choice(MUTATIONS)(data, chance)
    return bytes(data)


@pytest.mark.parametrize("part", range(4))
def test_no_mutant_escapes_and_no_line_is_lost(part: int) -> None:
    sources = _sources()
    read_as_table = 0
    for number in range(part, MUTANTS, 4):
        chance = random.Random(number)
        mutant = _mutant(sources[number % len(sources)], chance)
        try:
            table = read(mutant, complete=bool(number & 64))
        except HpiError:
            continue
        except BaseException as error:
            raise AssertionError(f"mutant {number} escaped as {type(error).__name__}: {error}") from error
        read_as_table += 1
        if not mutant.startswith((b"\xff\xfe", b"\xfe\xff")):
            check_every_line_counts(table, mutant)
    assert read_as_table > 0.8 * MUTANTS / 4


def test_the_strict_and_the_tolerant_path_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(150):
        mutant = _mutant(OWN[number % len(OWN)], random.Random(-number))
        try:
            strict = read(mutant, complete=True)
        except HpiError:
            continue
        with monkeypatch.context() as patch:
            patch.setattr("hpi_core.readers.delimited.read_strict", lambda *_: None)
            tolerant = read(mutant, complete=True)
        assert strict.frame.equals(tolerant.frame), number
        assert strict.lines == tolerant.lines
        assert strict.ledger.drop("row").equals(tolerant.ledger.drop("row"))
