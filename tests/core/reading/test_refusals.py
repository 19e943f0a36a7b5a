"""Files that hold no table are refused in one sentence that names what they are and what to do."""

from __future__ import annotations

import pickle
import random
import sqlite3
from pathlib import Path

import pytest

import hpi_core
from hpi_core.errors import Cancelled, SourceError, UsageError
from hpi_core.readers.delimited import READER, claims
from hpi_core.tables.content import Content
from hpi_core.tables.table import ReadOptions, never, silent
from tests.core.reading.delimited import read

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
PROSE = (
    b"Dear colleagues,\n\nthe sweep is over, and it went well.\nWe shall look at it on Monday.\n"
    b"Please bring coffee, tea and patience.\n\nYours, the cluster\n"
)


@pytest.mark.parametrize(
    ("data", "says", "hint"),
    [
        (b"", "is empty", "interrupted"),
        (b"\n  \n\n", "nothing but blank", "interrupted"),
        (b"\x00" * 4096, "is empty", ""),
        (b"lr,loss\n", "header but no rows", "first trial"),
        (b"lr,loss", "header but no rows", "first trial"),
        (LFS, "Git LFS pointer", "git lfs pull"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "HTML page", "log-in"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "PNG image", "Export"),
        (pickle.dumps({"loss": [1, 2, 3]}), "Python pickle", "Export"),
        (b"\x89HDF\r\n\x1a\n\x00\x00", "HDF5", "Export"),
        (b"%PDF-1.7\n%\xe2\xe3\n", "PDF", "Export"),
        (b"PK\x03\x04\x14\x00\x00\x00", "ZIP archive", "Export"),
        (b"\x93NUMPY\x01\x00v\x00", "NumPy array", "Export"),
        (random.Random(0).randbytes(5000), "binary data", "Export"),
        (PROSE, "not a table", "--separator"),
    ],
)
def test_what_is_no_table_is_refused_by_name(data: bytes, says: str, hint: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(data)
    assert says in caught.value.message
    assert "sweep.csv" in caught.value.message
    assert "\n" not in caught.value.message
    assert hint in caught.value.hint


def test_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.csv"
    with sqlite3.connect(path) as database:
        database.execute("create table trials (id integer)")
    database.close()
    with pytest.raises(SourceError, match="SQLite"):
        read(path)


def test_the_separator_and_encoding_that_were_asked_for_are_used() -> None:
    content = Content("x", data="a;b,c\n1;2,5\n2;3,5\n3;4,5\n".encode("utf-16-be"))
    options = ReadOptions(encoding="utf-16-be", separator=";")
    table = READER.read_table(content, options, silent, never)
    assert table.frame.columns == ["a", "b,c"]
    with pytest.raises(UsageError, match="klingon"):
        READER.read_table(content, ReadOptions(encoding="klingon"), silent, never)
    with pytest.raises(SourceError, match="ascii"):
        READER.read_table(Content("x", data="a,b\n1,ü\n".encode()), ReadOptions(encoding="ascii"), silent, never)


def test_claims_go_by_content_first() -> None:
    assert claims("trials", b"lr,loss\n0.1,0.5\n0.2,0.4\n") > 50
    assert claims("trials.csv", b"lr,loss\n0.1,0.5\n0.2,0.4\n") > claims("trials", b"lr,loss\n0.1,0.5\n0.2,0.4\n")
    assert claims("trials.csv", b"PAR1\x15\x04") < 10
    assert claims("trials.csv", b'{"lr": 0.1, "loss": 2}\n{"lr": 0.1, "loss": 2}\n') < 10
    assert claims("mail.txt", PROSE) < 50


@pytest.mark.parametrize("stray", [b"", b'"'], ids=["strict", "tolerant"])
def test_reading_tells_how_far_it_is_and_stops_when_asked(stray: bytes) -> None:
    data = b"lr,note,loss\n" + b"0.1,%sfine,0.5\n" % stray + b"0.1,good,0.25\n" * 200_000
    heard: list[float | None] = []
    table = READER.read_table(
        Content("x", data=data), ReadOptions(), lambda _what, fraction: heard.append(fraction), never
    )
    assert table.frame.height == 200_001
    fractions = [fraction for fraction in heard if fraction is not None]
    assert len(fractions) > 5
    assert all(0 <= fraction <= 1 for fraction in fractions)
    asked = 0

    def after_three() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    with pytest.raises(Cancelled):
        READER.read_table(Content("x", data=data), ReadOptions(), silent, after_three)


@pytest.mark.parametrize("size", [40, 200, 1_000, 5_000, 70_000])
@pytest.mark.parametrize("seed", range(8))
def test_random_bytes_are_called_binary(tmp_path: Path, size: int, seed: int) -> None:
    path = tmp_path / "noise.csv"
    path.write_bytes(random.Random(1000 * size + seed).randbytes(size))
    with pytest.raises(SourceError, match="binary data"):
        hpi_core.read(path)


@pytest.mark.parametrize("header", [bytes(range(128, 256)), b"lr,lo\x01ss", b"\xc3(\xa0\xa1,\xe2(", b"$?!,;;~^"])
def test_a_garbled_header_alone_is_called_binary(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "trials.csv"
    path.write_bytes(header + b"\n")
    with pytest.raises(SourceError, match="binary data"):
        hpi_core.read(path)


@pytest.mark.parametrize("header", ["lr,loss", "größe,Verlust in %", "学習率,損失", "λ,β₁"])
def test_a_readable_header_alone_is_called_a_header(tmp_path: Path, header: str) -> None:
    path = tmp_path / "trials.csv"
    path.write_text(header + "\n", encoding="utf-8")
    with pytest.raises(SourceError, match="has a header but no rows"):
        hpi_core.read(path)
