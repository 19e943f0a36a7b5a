"""What a person can name, what cannot be opened and the sentence that says so, and compressed bytes within caps."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard

import hpi_core
from hpi_core.errors import Cancelled, SourceError, UsageError
from hpi_core.tables.compression import Limits, inflate
from hpi_core.tables.content import Content
from hpi_core.tables.locations import fingerprint
from hpi_core.tables.table import never

CSV = b"trial_id,lr,val_loss\n" + b"".join(b"t%d,%g,%g\n" % (i, 0.1 / (i + 1), 1.0 / (i + 2)) for i in range(50))


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


PACKED = {
    "plain": CSV,
    "gzip": gzip.compress(CSV),
    "two gzip members": gzip.compress(CSV[:100]) + gzip.compress(CSV[100:]),
    "zstd": zstandard.ZstdCompressor().compress(CSV),
    "bzip2": bz2.compress(CSV),
    "xz": lzma.compress(CSV),
    "zip": zipped(("/abs/../../evil.csv.zip", CSV)),
    "zip of gzip": zipped(("a.csv.gz", gzip.compress(CSV))),
}


@pytest.mark.parametrize("kind", PACKED)
def test_compression_is_told_by_content_not_by_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "sweep.csv"
    path.write_bytes(PACKED[kind])
    sweep = hpi_core.read(path)
    assert sweep.trials["trial_id"].to_list() == [f"t{i}" for i in range(50)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sweep.csv"]


@pytest.mark.parametrize("kind", ["gzip", "zstd", "bzip2", "xz"])
def test_a_truncated_file_gives_what_came_before_the_cut_or_a_sentence(kind: str, tmp_path: Path) -> None:
    rows = b"lr,loss\n" + b"".join(os.urandom(4).hex().encode() + b",%d\n" % i for i in range(40_000))
    pack = {
        "gzip": gzip.compress,
        "zstd": zstandard.ZstdCompressor().compress,
        "bzip2": bz2.compress,
        "xz": lzma.compress,
    }
    packed = pack[kind](rows)
    (tmp_path / "sweep.csv").write_bytes(packed[: len(packed) * 3 // 4])
    try:
        sweep = hpi_core.read(tmp_path / "sweep.csv")
    except SourceError as error:
        assert kind == "zstd" or "damaged" in error.message  # noqa: PT017 - either answer is a good one
        return
    assert 100 < sweep.trials.height < 40_000
    assert "truncated" in sweep.ledger["kind"].to_list()
    assert sweep.incomplete == {sweep.trials.height - 1}


def test_a_bomb_is_refused_by_ratio_and_by_size() -> None:
    bomb = Content("bomb.gz", data=gzip.compress(bytes(80 << 20)))
    with pytest.raises(SourceError, match="zip bombs"):
        inflate(bomb, never, Limits(ratio=100))
    with pytest.raises(SourceError, match="inflates to more than"):
        inflate(bomb, never, Limits(size=1 << 20, free=1 << 30))


@pytest.mark.parametrize(
    ("name", "words"),
    [("[Content_Types].xml", "Excel"), ("archive/data.pkl", "checkpoint"), ("x.npy", "NumPy")],
)
def test_archives_of_something_else_are_named(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(zipped((name, b"\x00\x01")))
    with pytest.raises(SourceError, match=words):
        hpi_core.read(tmp_path / "x")


def test_standard_input_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    class Piped:
        buffer = io.BytesIO(CSV)

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stdin", Piped())
    sweep = hpi_core.read("-")
    assert (sweep.source.name, sweep.trials.height) == ("stdin", 50)


def test_what_cannot_be_opened_is_said_in_a_sentence_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "sweep.csv").write_bytes(CSV)
    (tmp_path / "folder").mkdir()
    (tmp_path / "lfs.csv").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "program").write_bytes(b"\x7fELF" + bytes(range(256)) * 9)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name, words in [
        ("swep.csv", "does not exist"), ("folder", "holds no sweep"), ("lfs.csv", "LFS"), ("empty.csv", ""),
        ("program", "a program"), ("no/*.csv", "No file matches"), ("dangling", "link"),
    ]:  # fmt: skip
        with pytest.raises(SourceError) as caught:
            hpi_core.read(tmp_path / name)
        assert words in caught.value.message
        assert caught.value.hint, name
    with pytest.raises(SourceError, match="network"):
        hpi_core.read("https://example.org/sweep.csv")
    with pytest.raises(UsageError):
        hpi_core.read([])
    with pytest.raises(Cancelled):
        hpi_core.read(tmp_path / "sweep.csv", cancelled=lambda: True)


def test_the_hint_names_a_near_miss(tmp_path: Path) -> None:
    (tmp_path / "sweep.csv").write_bytes(CSV)
    with pytest.raises(SourceError) as caught:
        hpi_core.read(tmp_path / "swep.csv")
    assert "sweep.csv" in caught.value.hint


def test_files_put_together_keep_their_origin_and_differ_in_type_without_loss(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lr,loss\n1,0.5\n2,0.25\n3,0.1\n")
    (tmp_path / "b.csv").write_text("lr,loss,opt\n0.5,0.5,adam\nauto,1,sgd\nauto,2,sgd\n")
    (tmp_path / "c.csv").write_bytes(b"\x7fELF\x00\x00\x01")
    sweep = hpi_core.read(str(tmp_path / "*.csv"))
    assert sweep.trials.get_column("file").to_list() == ["a"] * 3 + ["b"] * 3
    assert sweep.roles.group == "file"
    assert sweep.trials["lr"].to_list() == ["1", "2", "3", "0.5", "auto", "auto"]
    assert sweep.trials["loss"].to_list() == [0.5, 0.25, 0.1, 0.5, 1.0, 2.0]
    refused = sweep.ledger.filter(pl.col("kind") == "refused_file")["message"].to_list()
    assert len(refused) == 1
    assert refused[0].startswith("c: ")
    assert sweep.source.lines is not None
    assert sweep.source.lines.total == 8
    assert sweep.source.name.endswith("(3 files)")


def test_the_lines_of_a_refused_file_are_counted_as_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lr,loss\n1,0.5\n2,0.25\n")
    (tmp_path / "b.csv").write_text("lr,loss\n")
    lines = hpi_core.read(tmp_path).source.lines
    assert lines is not None
    assert (lines.header, lines.record, lines.refused) == (1, 2, 1)


def test_one_record_per_file_is_one_trial_per_file(tmp_path: Path) -> None:
    for index in (1, 2, 10):
        (tmp_path / f"run{index}.json").write_text(f'{{"config": {{"lr": 0.{index}}}, "val_loss": {index}}}')
    sweep = hpi_core.read(tmp_path)
    assert sweep.trial_ids().to_list() == ["run1", "run2", "run10"]
    assert sweep.trials["config.lr"].to_list() == [0.1, 0.2, 0.1]


def test_the_fingerprint_follows_content_not_name(tmp_path: Path) -> None:
    one, two, three = (Content(n, data=d) for n, d in (("a", CSV), ("b", CSV), ("a", CSV + b"\n")))
    assert fingerprint([one]) == fingerprint([two]) != fingerprint([three])
    large = bytearray(40 << 20)
    before = fingerprint([Content("l", data=bytes(large))])
    large[-1] = 1
    assert fingerprint([Content("l", data=bytes(large))]) != before


def test_two_named_files_are_called_by_their_names(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("trial_id,lr,val_loss\n1,0.1,0.5\n2,0.2,0.4\n")
    sweep = hpi_core.read([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])
    assert sweep.source.name == "a.csv and b.csv"


def test_a_missing_file_is_not_taken_for_its_own_decisions(tmp_path: Path) -> None:
    (tmp_path / "sweep.csv.hpi").mkdir()
    with pytest.raises(SourceError) as caught:
        hpi_core.read(tmp_path / "sweep.csv")
    assert caught.value.hint == "Check the path."
