"""From bytes to text: which encoding a file is in, and its text with nothing lost in silence.

Imports nothing heavy: the app decodes the head of a file before polars is loaded.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from hpi_core.errors import SourceError, UsageError
from hpi_core.tables.foreign import looks_wide

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Only for these is a statistical guess better than taking Western text for granted.
_FAR_FROM_WESTERN = frozenset(
    [
        "cp1251",
        "koi8_r",
        "mac_cyrillic",
        "cp1253",
        "cp1255",
        "cp1256",
        "cp932",
        "shift_jis",
        "euc_jp",
        "gb18030",
        "gbk",
        "gb2312",
        "big5",
        "euc_kr",
        "cp949",
    ]
)
_SAMPLE = 1 << 16


@dataclass(frozen=True)
class Decoded:
    """Text of a file. `guessed` says the encoding is a guess, `replaced` how many undecodable characters became `�`."""

    text: str
    encoding: str
    guessed: bool = False
    replaced: int = 0


def decode(data: bytes, encoding: str | None = None) -> Decoded:
    """Decode `data`: byte order mark, UTF-16 by its zero bytes, UTF-8, else a guess that ends in Windows-1252.

    A character cut in two at the very end (a file being written) is dropped.

    Raises:
        UsageError: `encoding` is no encoding Python knows.
        SourceError: the bytes are not in the encoding that was asked for.
    """
    if encoding is not None:
        return _as_asked(data, encoding)
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _lenient(data[len(mark) :], name)
    wide = looks_wide(data)
    if wide is not None:
        return _lenient(data, wide)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 3 and error.reason == "unexpected end of data":
            return Decoded(data[: error.start].decode("utf-8"), "utf-8")
        return _not_utf8(data, error.start)


def _as_asked(data: bytes, encoding: str) -> Decoded:
    try:
        name = codecs.lookup(encoding).name
        text = data.decode(name)
    except LookupError:
        raise UsageError(f"{encoding} is no encoding known here.", "Try utf-8, utf-16, latin-1 or cp1252.") from None
    except (UnicodeError, ValueError) as error:
        raise SourceError(f"The file is not in the encoding {encoding}: {error}.", "Leave `--encoding` out.") from None
    return Decoded(text.removeprefix("\ufeff"), name)


def _lenient(data: bytes, name: str) -> Decoded:
    text = data.decode(name, "replace")
    unit = 4 if name.startswith("utf-32") else 2
    if len(data) % unit and name != "utf-8":
        text = text.removesuffix("\ufffd")
    return Decoded(text, name, replaced=text.count("\ufffd"))


def _not_utf8(data: bytes, first_error: int) -> Decoded:
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = len(text) - len(text.encode("ascii", "ignore")) - broken
    if sound > broken:
        return Decoded(text, "utf-8", replaced=broken)
    guess = _guess(data[max(0, first_error - _SAMPLE // 2) :][:_SAMPLE])
    for name in (guess, "cp1252"):
        if name is not None:
            try:
                return Decoded(data.decode(name), name, guessed=True)
            except UnicodeDecodeError:
                continue
    return Decoded(data.decode("latin-1"), "latin-1", guessed=True)


def _guess(sample: bytes) -> str | None:
    if len(sample) - len(sample.decode("ascii", "ignore")) < 30:
        return None
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best is not None and best.encoding in _FAR_FROM_WESTERN else None
