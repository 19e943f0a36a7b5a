"""One pass over the bytes of a file: line ends, quotes, padded numbers, and whatever rules out the strict path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hpi_core.errors import Cancelled
from hpi_core.tables.content import Content
from hpi_core.tables.table import Cancelled as AskCancelled
from hpi_core.tables.table import Progress

TAIL = 1 << 16
_CHUNK = 1 << 18
_QUOTED = re.compile(rb'"[^"\n]*"')


@dataclass(frozen=True)
class Scan:
    """What a pass over the bytes found: line ends, quotes, anything that rules the strict path out, the last line.

    `padded`: some cell begins with a superfluous zero, as in 007, which a whole number would not give back.
    """

    line_ends: int
    quotes: bool
    irregular: bool
    padded: bool
    tail: bytes


def scan(content: Content, separator: str, progress: Progress, cancelled: AskCancelled) -> Scan:
    """Look at every byte; for padded numbers only where `separator` is given."""
    line_ends = returns = pairs = done = 0
    quotes = irregular = padded = False
    border = re.compile(rb"[\n\"%b][+-]?0\d" % re.escape(separator.encode()))
    previous = b"\n"
    tail = b""
    size = max(1, content.size())
    for chunk in _chunks(content):
        line_ends += _count_line_ends(chunk, size)
        quotes = quotes or b'"' in chunk
        if separator and not padded:
            padded = border.search(tail[-4:] + chunk[:4]) is not None or _has_padded(chunk, separator, size)
        if b"\r" in chunk or previous == b"\r":
            returns += chunk.count(b"\r")
            pairs += chunk.count(b"\r\n") + (previous == b"\r" and chunk[:1] == b"\n")
        irregular = (
            irregular
            or b"\x00" in chunk
            or (b"#" in chunk and b"\n#" in chunk)
            or (previous == b"\n" and chunk[:1] == b"#")
        )
        irregular = irregular or (done == 0 and chunk[:2] in (b"\xff\xfe", b"\xfe\xff"))
        # Until the end is near, no more is kept than what a padded number may begin in: copies take their time.
        kept = TAIL if done + 2 * _CHUNK >= size else 4
        tail = bytes(chunk[-kept:]) if len(chunk) >= kept else (tail + chunk)[-kept:]
        previous = bytes(chunk[-1:])
        done += len(chunk)
        progress("counting lines", 0.3 * done / size)
        if cancelled():
            raise Cancelled("The reading was stopped.")
    # What begins in the last bytes is seen by neither of the two looks above.
    padded = padded or (bool(separator) and border.search(tail[-4:]) is not None)
    return Scan(line_ends, quotes, irregular or returns != pairs, padded, tail)


def _count_line_ends(chunk: bytes | bytearray, size: int) -> int:
    if size < 16 * _CHUNK:
        return chunk.count(b"\n")
    # Three times as fast, but not worth the import of numpy for small files.
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == 10))


def _has_padded(chunk: bytes | bytearray, separator: str, size: int) -> bool:
    """Say whether a cell that begins in `chunk` begins like 007 or -007; dates and decimals do not."""
    if size < 16 * _CHUNK:
        return re.search(rb"[\n\"%b][+-]?0\d" % re.escape(separator.encode()), chunk) is not None
    import numpy as np

    codes = np.frombuffer(chunk, np.uint8)
    begins = (codes == ord(separator)) | (codes == 10)
    if b'"' in chunk:
        begins |= codes == 34
    at = np.flatnonzero(begins[:-3]) + 1
    first = codes[at]
    signs = at[(first == 45) | (first == 43)] + 1
    zeros = np.concatenate([at[first == 48], signs[codes[signs] == 48]]) + 1
    return bool((codes[zeros] - np.uint8(48) < 10).any())


def count_outside_quotes(content: Content, separator: bytes) -> int:
    """Count separators outside quoted cells; an unsound quote makes the count wrong and so the file inexact."""
    count = 0
    pending = b""
    for piece in _chunks(content):
        chunk = pending + piece
        if b'"' in chunk:
            # Quotes are paired line by line: keep the unfinished line for the next round.
            chunk, newline, pending = chunk.rpartition(b"\n")
            chunk = _QUOTED.sub(b"", chunk + newline)
        else:
            pending = b""
        count += chunk.count(separator)
    return count + _QUOTED.sub(b"", pending).count(separator)


def _chunks(content: Content) -> Iterator[bytes | bytearray]:
    """Yield the bytes of `content` piece by piece; a piece is valid until the next one is asked for."""
    if content.data is not None:
        for start in range(0, len(content.data), _CHUNK):
            yield content.data[start : start + _CHUNK]
        return
    assert content.path is not None
    buffer = bytearray(_CHUNK)
    with content.path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            yield buffer if count == _CHUNK else buffer[:count]
