"""The records of a `.wandb` log and the fields of one: a LevelDB log of Protocol Buffers messages, read by hand.

The file is made of blocks of 32 KiB, each record in it with a checksum. What is damaged costs the rest of its block.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from hpi_core.errors import SourceError

MAGIC = b":W&B"
_BLOCK = 32 << 10
_HEADER = 7
_LARGEST_RECORD = 64 << 20
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_STARTS = {kind: zlib.crc32(bytes([kind])) for kind in (_FULL, _FIRST, _MIDDLE, _LAST)}


def records(path: Path, damage: list[str]) -> Iterator[bytes]:
    """Yield the records of a LevelDB log; says in `damage` what could not be read.

    Raises:
        SourceError: empty, or no W&B log.
    """
    with path.open("rb") as file:
        block = file.read(_BLOCK)
        if not block.strip(b"\0"):
            raise SourceError(f"{path.name} is empty.", "The run had not begun to write.")
        if not block.startswith(MAGIC) or len(block) < _HEADER:
            raise SourceError(f"{path.name} is no W&B log.", "It should begin with :W&B.")
        at, pieces, size = _HEADER, list[bytes](), 0
        while block:
            while at + _HEADER <= len(block):
                checksum, length, kind = struct.unpack_from("<IHB", block, at)
                data = block[at + _HEADER : at + _HEADER + length]
                at += _HEADER + length
                if kind == 0 and length == 0:
                    at = len(block)  # zeros fill the rest of the block
                elif kind not in _STARTS or len(data) < length or zlib.crc32(data, _STARTS[kind]) != checksum:
                    damage.append("a part of it is cut off or damaged")
                    at, pieces = len(block), []
                elif kind == _FULL:
                    yield data
                elif kind == _FIRST:
                    pieces, size = [data], length
                elif pieces and size + length <= _LARGEST_RECORD:
                    pieces.append(data)
                    size += length
                    if kind == _LAST:
                        yield b"".join(pieces)
                        pieces = []
            at, block = 0, file.read(_BLOCK)
        if pieces:
            damage.append("its last record is not finished")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of the fields of a message: an int, or the bytes of a text or of an inner message."""
    at, end = 0, len(data)
    while at < end:
        key = data[at]
        at += 1
        if key >= 0x80:
            key, at = _varint(data, at - 1)
        wire = key & 7
        if wire == 2:
            length = data[at]
            at += 1
            if length >= 0x80:
                length, at = _varint(data, at - 1)
            if at + length > end:
                raise ValueError("a field reaches beyond its message")
            yield key >> 3, data[at : at + length]
            at += length
        elif wire == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError("a kind of field nobody writes")
