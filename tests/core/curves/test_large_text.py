"""CSV and JSON Lines too large to hold give the same curves and the same ledger as if they were read whole."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import hpi_core
from hpi_core.errors import SourceError
from hpi_core.readers import _large_text, _pieces
from hpi_core.sweep import Sweep
from hpi_core.tables.table import ReadOptions

TRIALS, STEPS = 30, 60
Rows = list[tuple[int, int, float]]
OnDisk = Callable[[], None]


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OnDisk]:
    """Return what makes every text file a large one, read in pieces of 2 kB; nothing temporary may be left over."""
    home = tmp_path / "temporary"
    home.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(home))

    def small() -> None:
        monkeypatch.setattr(_large_text, "LARGE", {"delimited": 1000, "jsonl": 1000})
        monkeypatch.setattr(_pieces, "PIECE", 2000)

    yield small
    assert len(list(home.iterdir())) <= 1, "the folder that the text was read into is still there"


def source(folder: Path) -> Path:
    path = folder / "sweep.csv"
    path.write_text("\n".join(["trial_id,lr", *(f"t{t},{0.01 * (t + 1):.2f}" for t in range(TRIALS))]) + "\n")
    return path


def rows(seed: int) -> Rows:
    draw = random.Random(seed)
    return [(t, s, draw.gauss(1, 0.2)) for t in range(TRIALS) for s in range(STEPS)]


def both(trials: Path, curves: Path, on_disk: OnDisk, complete: bool = False) -> tuple[Sweep, Sweep]:
    """Read the trials with the curves held whole, and with the curves on disk."""
    chosen = ReadOptions(curves=(str(curves),), complete=complete)
    whole = hpi_core.read(str(trials), options=chosen)
    on_disk()
    return whole, hpi_core.read(str(trials), options=chosen)


def assert_same(whole: Sweep, large: Sweep) -> None:
    assert whole.curves is not None
    assert large.curves is not None
    assert_frame_equal(large.curves.collect(), whole.curves.collect(), check_exact=True)
    assert large.ledger["message"].str.contains("too large to hold").sum() == 1
    told = large.ledger.filter(~pl.col("message").str.contains("too large to hold"))
    assert told["message"].to_list() == whole.ledger["message"].to_list()
    assert_frame_equal(told, whole.ledger)
    assert_frame_equal(large.trials, whole.trials)


def text(seed: int, kind: str) -> bytes:
    """Write curves as CSV with one kind of dirt at places that the seed tells."""
    draw = random.Random(seed)
    separator = ";" if kind in ("decimal commas", "thousands") else "," if kind != "tabs" else "\t"
    lines = [separator.join(["trial_id", "step", "train_loss", "val_loss", "note"])]
    for trial, step, value in rows(seed):
        cells = [f"t{trial}", str(step), f"{value:.6g}", "" if step % 5 else f"{value + 0.1:.5f}", "ok"]
        odd = draw.random() < 0.02
        if kind == "words" and odd:
            cells[2] = draw.choice(["diverged", "nan", "inf", "-", "None", "OOM", "1e400", "0x1"])
        if kind == "quotes" and odd:
            cells[4] = draw.choice(['"a, b"', '"two\nlines"', '"say ""no"""', 'stray " quote'])
        if kind == "ragged" and odd:
            cells = draw.choice([cells[:3], [*cells, "more"], [*cells, ""], cells[:1]])
        if kind == "decimal commas":
            cells[2], cells[3] = cells[2].replace(".", ","), cells[3].replace(".", ",")
        if kind == "thousands":
            cells[2], cells[3] = f"{1000 + int(abs(value) * 1000):,}".replace(",", "."), cells[2].replace(".", ",")
        if kind == "percent":
            cells[3] = f"{value * 100:.2f} %" if step % 5 == 0 else "-"
        if kind == "words late" and (trial, step) >= (TRIALS - 2, 0):
            cells[2] = "failed" if odd else cells[2]
        if kind == "whole then broken":
            cells[2] = str(step) if trial < TRIALS // 2 else cells[2]
        if kind == "text steps":
            cells[1] = f'" {step} "'
        if kind == "dates":
            cells[1] = f"2026-03-{1 + step % 28:02d}T{step // 28:02d}:00:00"
        if kind == "shuffled words":
            cells[2] = draw.choice(["good", "bad"])
        lines.append(separator.join(cells))
        if kind == "between" and odd:
            lines.append(draw.choice(["", "# a comment", lines[0], "-----", "Epoch done"]))
    if kind == "dates":
        lines = [line.replace("step", "time") if not n else line for n, line in enumerate(lines)]
    if kind == "footer":
        lines.append(separator.join(["mean", "", "1.0", "1.1", ""]))
    if kind == "preamble":
        lines = ["# run of March", "", *lines]
    if kind == "unsorted":
        lines = [lines[0], *draw.sample(lines[1:], len(lines) - 1)]
    if kind == "restarts":
        lines += [line for line in lines[1:] if line.startswith("t3,")][30:]
    out = "\n".join(lines) + "\n"
    if kind == "cut":
        out = out[:-9]
    if kind == "carriage returns":
        out = out.replace("\n", "\r\n")
    if kind == "zero bytes":
        out = out.replace("ok\n", "\0ok\n", 7)
    data = out.encode()
    if kind == "latin":
        data = out.replace("ok", "für").encode("latin-1")
    if kind == "broken characters":
        data = out.replace("ok", "für").encode().replace("für".encode(), b"f\xffr", 3)
    return b"\xef\xbb\xbf" + data if kind == "mark" else data


KINDS = (
    "clean", "words", "words late", "quotes", "ragged", "between", "footer", "preamble", "decimal commas", "thousands",
    "percent", "whole then broken", "text steps", "dates", "shuffled words", "unsorted", "restarts", "cut", "tabs",
    "carriage returns", "zero bytes", "latin", "broken characters", "mark",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_dirty_file_in_pieces_is_what_one_reading_gives(
    tmp_path: Path, on_disk: OnDisk, kind: str, seed: int
) -> None:
    curves = tmp_path / "curves.csv"
    curves.write_bytes(text(seed, kind))
    assert_same(*both(source(tmp_path), curves, on_disk))


@pytest.mark.parametrize(
    "kind",
    ["clean", "long", "refused", "words", "whole then broken", "new keys", "nested", "cut", "cut within", "mixed"],
)
def test_dirty_lines_in_pieces_are_what_one_reading_gives(tmp_path: Path, on_disk: OnDisk, kind: str) -> None:
    draw = random.Random(4)
    lines = []
    for trial, step, value in rows(4):
        record: dict[str, object] = {"trial_id": f"t{trial}", "step": step, "train_loss": value}
        odd = draw.random() < 0.02
        if kind == "long":
            record = {"trial_id": f"t{trial}", "step": step, "metric": draw.choice(["loss", "acc"]), "value": value}
        if kind == "words" and odd:
            record["train_loss"] = draw.choice(["NaN", "-inf", float("nan"), None])
        if kind == "whole then broken":
            record["train_loss"] = step if trial < TRIALS // 2 else value
        if kind == "new keys" and trial >= TRIALS // 2:
            record["val_loss"] = value + 1
        if kind == "nested":
            record = {"trial_id": f"t{trial}", "step": step, "metrics": {"loss": value, "grad": {"norm": 2 * value}}}
        if kind == "mixed":
            record["tag"] = "warm" if trial else 7
        lines.append(json.dumps(record))
        if kind == "refused" and odd:
            lines.append(draw.choice(["", "[1, 2]", "{broken", "null"]))
    out = "\n".join(lines) + "\n"
    out = out[:-1] if kind == "cut" else out[:-12] if kind == "cut within" else out
    curves = tmp_path / "curves.jsonl"
    curves.write_text(out)
    assert_same(*both(source(tmp_path), curves, on_disk))


def test_a_complete_last_line_is_kept_where_it_is_said_to_be(tmp_path: Path, on_disk: OnDisk) -> None:
    curves = tmp_path / "curves.csv"
    curves.write_bytes(text(1, "clean")[:-1])
    assert_same(*both(source(tmp_path), curves, on_disk, complete=True))


def test_a_file_replaced_meanwhile_is_refused(tmp_path: Path, on_disk: OnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    curves, trials = tmp_path / "curves.csv", source(tmp_path)
    curves.write_bytes(text(1, "clean"))
    on_disk()

    def replaced(what: str, fraction: float | None) -> None:
        if "reading curves.csv" in what and (fraction or 0) > 0.5:
            (tmp_path / "other.csv").write_bytes(text(2, "clean"))
            (tmp_path / "other.csv").replace(curves)

    with pytest.raises(SourceError, match=r"curves.csv was replaced while it was being read"):
        hpi_core.read(str(trials), options=ReadOptions(curves=(str(curves),)), progress=replaced)
    assert not list((tmp_path / "temporary").iterdir())


def test_a_file_that_grows_meanwhile_is_read_as_it_was(tmp_path: Path, on_disk: OnDisk) -> None:
    curves, trials = tmp_path / "curves.csv", source(tmp_path)
    curves.write_bytes(text(1, "clean"))
    whole = hpi_core.read(str(trials), options=ReadOptions(curves=(str(curves),)))
    on_disk()

    def grown(what: str, fraction: float | None) -> None:
        if "reading curves.csv" in what:
            with curves.open("ab") as file:
                file.write(b"t0,999,1.0,1.0,ok\n")

    assert_same(whole, hpi_core.read(str(trials), options=ReadOptions(curves=(str(curves),)), progress=grown))
