"""Compressed bytes, recognised by content and inflated within caps; a name never decides and never becomes a path.

Imports nothing heavy: the app inflates the head of a file through this before polars is loaded.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from hpi_core.errors import Cancelled, SourceError
from hpi_core.tables.content import Content
from hpi_core.text import safe

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
_CHUNK = 1 << 20
# Zstandard can turn four bytes into 128 KiB: so small a bite is at most 64 MiB of output.
_ZSTD_BITE = 2048
_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Limits:
    """Caps on inflation: `size` bytes in all; beyond `free` bytes, at most `ratio` times the compressed size."""

    size: int = 8 << 30
    free: int = 64 << 20
    ratio: int = 1000
    members: int = 1000


@dataclass(frozen=True)
class Inflated:
    """What a compressed content held: its members, each with the reason it was cut short (empty where it was whole)."""

    members: tuple[tuple[Content, str], ...]


def compression(head: bytes) -> str | None:
    """Return the name of the compression these first bytes show, or None for plain content."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return None


def inflate(content: Content, cancelled: Callable[[], bool], limits: Limits | None = None) -> Inflated:
    """Inflate `content` into memory; plain content comes back as its only member. Two layers at most are opened.

    Raises:
        SourceError: damaged from the start, over a cap, encrypted, or an archive of something else than tables.
        Cancelled: `cancelled` answered true.
    """
    limits = limits or Limits()
    members = _inflate_once(content, cancelled, limits)
    inner = [_inflate_once(member, cancelled, limits, why) for member, why in members]
    flat = [pair for pairs in inner for pair in pairs]
    for member, _ in flat:
        if compression(member.head(8)):
            raise SourceError(f"{content.name} is compressed more than twice over.", "Unpack it first.")
    return Inflated(tuple(flat))


def inflated_head(content: Content, size: int) -> bytes:
    """Return the first `size` bytes of what the content holds (of the first member of an archive), damaged or not."""
    kind = compression(content.head(8))
    if kind is None:
        return content.head(size)
    parts: list[bytes] = []
    left = size
    try:
        with _opened(content) as file:
            for chunk in _chunks(kind, file):
                parts.append(chunk[:left])
                left -= len(parts[-1])
                if left <= 0:
                    break
    except _DAMAGE:
        pass
    return b"".join(parts)


def inflate_to(content: Content, path: Path, cancelled: Callable[[], bool], limits: Limits | None = None) -> str:
    """Inflate a compressed file that holds one member (no archive) to `path`; return why it was cut short, or nothing.

    Raises:
        SourceError: it is damaged from the start, or over a cap; `path` holds what came before that.
        OSError: the disk is full.
        Cancelled: `cancelled` answered true.
    """
    kind = compression(content.head(8)) or ""
    with _opened(content) as file, path.open("wb") as out:
        chunks = _chunks(kind, file)
        damage = _pour(chunks, out, content, max(content.size(), 1), cancelled, limits or Limits(size=1 << 40))
    if damage and not path.stat().st_size:
        raise SourceError(f"{content.name} is a damaged {kind} file: nothing in it can be inflated.", "Fetch it again.")
    return damage


def _inflate_once(
    content: Content, cancelled: Callable[[], bool], limits: Limits, why: str = ""
) -> list[tuple[Content, str]]:
    kind = compression(content.head(8))
    if kind is None:
        return [(content, why)]
    if kind == "zip":
        return _unzip(content, cancelled, limits)
    with _opened(content) as file:
        data, damage = _gather(_chunks(kind, file), content, max(content.size(), 1), cancelled, limits)
    if damage and not data:
        raise SourceError(f"{content.name} is a damaged {kind} file: nothing in it can be inflated.", "Fetch it again.")
    return [(Content(inner_name(content.name), data=data), damage or why)]


def _unzip(content: Content, cancelled: Callable[[], bool], limits: Limits) -> list[tuple[Content, str]]:
    out: list[tuple[Content, str]] = []
    with _opened(content) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                infos = _table_members(content.name, archive, limits)
                used = 0
                for info in infos:
                    left = Limits(limits.size - used, limits.free, limits.ratio)
                    with archive.open(info) as member:
                        chunks = iter(lambda member=member: member.read1(_CHUNK), b"")  # type: ignore[misc]
                        data, damage = _gather(chunks, content, max(info.compress_size, 1), cancelled, left)
                    used += len(data)
                    if data or not damage:
                        out.append((Content(safe(PurePosixPath(info.filename).name), data=data), damage))
        except _DAMAGE as error:
            raise SourceError(
                f"{content.name} is a zip archive that cannot be read ({error}).", "Fetch it again."
            ) from error
    if not out:
        raise SourceError(f"{content.name} is a zip archive with no readable file in it.", "Fetch it again.")
    if len(out) == 1:
        return [(Content(inner_name(content.name), data=out[0][0].bytes()), out[0][1])]
    return out


def _table_members(name: str, archive: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    """Return the members that may be tables; archives that are known to be something else are refused by name."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    infos = [i for i in infos if "__MACOSX" not in i.filename and not PurePosixPath(i.filename).name.startswith(".")]
    names = [info.filename for info in infos]
    if "[Content_Types].xml" in names:
        raise SourceError(
            f"{name} is an Excel or Office file.",
            "Name the .xlsx file itself (it is not read from a pipe or an archive), or save it as CSV.",
        )
    if any(n.endswith("data.pkl") for n in names):
        raise SourceError(f"{name} is a PyTorch checkpoint, not a table of trials.", "Name the sweep's results file.")
    if names and all(n.endswith(".npy") for n in names):
        raise SourceError(f"{name} is a NumPy archive, not a table of trials.", "Save the results as CSV or Parquet.")
    if not infos:
        raise SourceError(f"{name} is an empty zip archive.", "Name the sweep's results file.")
    if len(infos) > limits.members:
        raise SourceError(
            f"{name} holds {len(infos):,} files; at most {limits.members:,} are opened.", "Unpack it first."
        )
    if any(info.flag_bits & 1 for info in infos):
        raise SourceError(f"{name} is encrypted.", "Unpack it with its password first.")
    return infos


def _gather(
    chunks: Iterator[bytes], content: Content, packed: int, cancelled: Callable[[], bool], limits: Limits
) -> tuple[bytes, str]:
    """Join the chunks up to the caps; damage on the way ends the data and is told, not raised."""
    data = io.BytesIO()
    damage = _pour(chunks, data, content, packed, cancelled, limits)
    return data.getvalue(), damage


def _pour(
    chunks: Iterator[bytes], data: IO[bytes], content: Content, packed: int, cancelled: Callable[[], bool],
    limits: Limits,
) -> str:  # fmt: skip
    damage = ""
    while True:
        if cancelled():
            raise Cancelled(f"Reading {content.name} was stopped.")
        try:
            chunk = next(chunks, b"")
        except _DAMAGE as error:
            damage = str(error) or type(error).__name__
            break
        if not chunk:
            break
        data.write(chunk)
        size = data.tell()
        if size > limits.size or (size > limits.free and size > limits.ratio * packed):
            raise SourceError(
                f"{content.name} inflates to more than {size >> 20:,} MiB from {packed >> 10:,} KiB, as zip bombs do."
                if size <= limits.size
                else f"{content.name} inflates to more than {limits.size >> 30} GiB.",
                "If it is really a sweep, unpack it yourself and open the plain file.",
            )
    return damage


def _chunks(kind: str, file: IO[bytes]) -> Iterator[bytes]:
    """Yield inflated chunks; raises one of `_DAMAGE` where the stream is broken or ends too soon."""
    if kind == "zstd":
        yield from _zstd_chunks(file)
        return
    if kind == "zip":
        with zipfile.ZipFile(file) as archive:
            for info in _table_members("The archive", archive, Limits())[:1]:
                with archive.open(info) as member:
                    yield from iter(lambda member=member: member.read(_CHUNK), b"")  # type: ignore[misc]
        return
    openers: dict[str, Callable[[IO[bytes]], gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]] = {
        "gzip": lambda f: gzip.GzipFile(fileobj=f),
        "bzip2": bz2.BZ2File,
        "xz": lzma.LZMAFile,
    }
    with openers[kind](file) as stream:
        yield from iter(lambda: stream.read1(_CHUNK), b"")


def _zstd_chunks(file: IO[bytes]) -> Iterator[bytes]:
    import zstandard

    machine = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
    try:
        while bite := file.read(_ZSTD_BITE):
            while bite:
                if out := machine.decompress(bite):
                    yield out
                bite = machine.unused_data if machine.eof else b""
                if machine.eof:
                    machine = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
                    fresh = not bite
                else:
                    fresh = False
    except zstandard.ZstdError as error:
        raise OSError(str(error)) from error
    if not fresh:
        raise EOFError("the zstd file ended before its end-of-stream marker was reached")


def _opened(content: Content) -> IO[bytes]:
    if content.path is not None:
        return content.path.open("rb")
    return io.BytesIO(content.bytes())


def inner_name(name: str) -> str:
    """Return the name of what a compressed file of this name holds."""
    for suffix in (".gz", ".zst", ".zstd", ".bz2", ".xz", ".zip"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name
