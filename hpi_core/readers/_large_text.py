"""CSV and JSON Lines too large to hold: read piece by piece, every piece as a small file is, typed over all of them.

What comes of it are the same rows and the same ledger as of a small file, on disk. What is compressed, or UTF-16, is
brought to a plain UTF-8 file first. Markdown, and archives of several files, are not read so: those are held whole.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers._large_delimited import rows_of_cells
from hpi_core.readers._large_jsonl import rows_of_lines
from hpi_core.readers._pieces import Reading
from hpi_core.readers.contract import Reader
from hpi_core.readers.delimited import prepare
from hpi_core.tables.compression import compression, inflate_to, inner_name
from hpi_core.tables.content import Content
from hpi_core.tables.large_curves import LargeRows, unchanged
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.scratch import Scratch
from hpi_core.tables.table import Cancelled, Progress, ReadOptions
from hpi_core.text import safe

# Bytes from which on a file is read in pieces: JSON takes ten times its size in memory.
LARGE = {"delimited": 256 << 20, "jsonl": 96 << 20}
# A table of numbers seldom shrinks to less than this share of its size; one that does is held whole.
_SHRINKS = 20
_WIDE = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE,
         "utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE}  # fmt: skip
_HEAD, _CHUNK = 64 << 10, 4 << 20
Choose = Callable[[str, bytes], Reader]


@dataclass(frozen=True)
class Plain:
    """A large text file as it lies on disk, neither compressed nor of another encoding than those of eight bits.

    Attributes:
        content: the file.
        reader: who reads such files.
        damage: why it is cut short, where it was compressed; else empty.
        still: raises SourceError where the file it was made of has changed.
    """

    content: Content
    reader: Reader
    damage: str
    still: Callable[[], None]


@contextmanager
def plain_text(content: Content, choose: Choose, cancelled: Cancelled) -> Iterator[Plain | None]:
    """Give a large text file as plain text, in a temporary file where it is not; None for any other content.

    Raises:
        SourceError: it is damaged from the start, or the disk has no room.
        Cancelled: the person asked to stop.
    """
    path = content.path
    kind = compression(content.head(8)) if path is not None else None
    if path is None or kind == "zip" or content.size() * (_SHRINKS if kind else 1) < min(LARGE.values()):
        yield None
        return
    scratches: list[Scratch] = []
    try:
        still = unchanged(path)
        plain, damage = _unpacked(content, scratches, cancelled) if kind else (content, "")
        reader = _reader_of(plain, choose)
        large = reader is not None and reader.name in LARGE and plain.size() >= LARGE[reader.name]
        if large and reader is not None and reader.name == "delimited":
            plain = _in_utf8(plain, scratches, cancelled)
        still()
        yield Plain(plain, reader, damage, still) if large and reader is not None else None
    finally:
        for scratch in scratches:
            scratch.remove()


def large_text(
    content: Content, choose: Choose, options: ReadOptions, progress: Progress, cancelled: Cancelled
) -> LargeRows | None:
    """Return the rows of a large text file, typed, on disk; None where it is small, or of a kind that is held whole.

    Raises:
        SourceError: it holds no table, was replaced meanwhile, or the disk has no room.
        Cancelled: the person asked to stop.
    """
    with plain_text(content, choose, cancelled) as plain:
        return None if plain is None else rows_of(plain, options, progress, cancelled)


def rows_of(plain: Plain, options: ReadOptions, progress: Progress, cancelled: Cancelled) -> LargeRows | None:
    """Return the rows of a plain large text file, typed, on disk; None where it is of a kind that is held whole.

    Raises:
        SourceError, Cancelled: as `large_text`.
    """
    content = plain.content
    reading = Reading(content, options, progress, cancelled)
    if plain.reader.name == "jsonl":
        with Scratch(content.size(), f"Reading {safe(content.name)}") as scratch:
            rows = rows_of_lines(reading, scratch)
    else:
        prepared = prepare(content, options)
        if prepared.layout.dialect.bars or options.encoding is not None:
            return None
        with Scratch(2 * content.size(), f"Reading {safe(content.name)}") as scratch:
            rows = rows_of_cells(reading, prepared, scratch)
    if not plain.damage:
        return rows
    message = f"the compressed file is damaged or cut short ({plain.damage}): what came before it was read"
    return replace(rows, ledger=ledger_frame([Entry("truncated", message)], [rows.ledger]))


def _reader_of(content: Content, choose: Choose) -> Reader | None:
    try:
        return choose(content.name, content.head(_HEAD))
    except SourceError:
        return None


def _unpacked(content: Content, scratches: list[Scratch], cancelled: Cancelled) -> tuple[Content, str]:
    """Return a file inflated on disk, and why it is cut short (empty where it is whole)."""
    scratches.append(Scratch(4 * content.size(), f"Unpacking {safe(content.name)}"))
    path = scratches[-1].path / "plain"
    with _disk(content):
        damage = inflate_to(content, path, cancelled)
    return Content(inner_name(content.name), path=path), damage


def _in_utf8(content: Content, scratches: list[Scratch], cancelled: Cancelled) -> Content:
    """Return a file of wide characters as one of UTF-8, any other as it is."""
    encoding = prepare(content, ReadOptions()).head.decoded.encoding
    if encoding not in _WIDE or content.path is None:
        return content
    scratches.append(Scratch(content.size(), f"Reading {safe(content.name)}"))
    path = scratches[-1].path / "utf-8"
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    with _disk(content), content.path.open("rb") as file, path.open("wb") as out:
        data = file.read(_CHUNK).removeprefix(_WIDE[encoding])
        while data:
            if cancelled():
                raise ReadingCancelled(f"Reading {content.name} was stopped.")
            out.write(decoder.decode(data).encode("utf-8", "replace"))
            data = file.read(_CHUNK)
        out.write(decoder.decode(b"", final=True).encode("utf-8", "replace"))
    return Content(content.name, path=path)


@contextmanager
def _disk(content: Content) -> Iterator[None]:
    """Say in a sentence that a temporary file could not be written."""
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"{safe(content.name)} could not be unpacked ({error.strerror or error}).",
            "Set TMPDIR to a folder on a disk with more room.",
        ) from error
