"""Files that are no delimited text: recognised by their first bytes and refused by name, before anything is decoded."""

from __future__ import annotations

import re

from hpi_core.errors import SourceError
from hpi_core.text import safe

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"PK\x03\x04", "a ZIP archive (perhaps a spreadsheet, an npz or a model checkpoint)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
    (b"\x7fELF", "a program"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (b"CDF\x01", "a NetCDF file"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05](\x95|\}|\]|c|q|\x8a|X|K|\()", re.DOTALL)
_LFS = b"version https://git-lfs.github.com/spec/"
_HTML = re.compile(rb"\s*(<!doctype\s+html|<html[\s>]|<head[\s>]|<\?xml[^>]*\?>\s*<!doctype\s+html)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\s")
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
_TEXT_CONTROLS = frozenset(b"\t\n\r\x0b\x0c\x1b")
_CONTROLS = bytes(set(range(32)) - _TEXT_CONTROLS)


def foreign_kind(head: bytes) -> str | None:
    """Return what a file that starts with `head` is, in words, where it certainly is no text; else None."""
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    if _PICKLE.match(head):
        return "a Python pickle"
    if head.startswith(_WIDE_BOMS) or looks_wide(head) is not None:
        return None
    text = head.rstrip(b"\x00")
    controls = len(text) - len(text.translate(None, _CONTROLS))
    # Control bytes in text that is UTF-8 are dirt; in what is not, they are much surer a sign of no text at all.
    allowed = max(8, 0.05 * len(text)) if _is_utf8(text) else max(1, 0.02 * len(text))
    if head and (not text or controls > allowed):
        return "binary data"
    return None


def _is_utf8(head: bytes) -> bool:
    """Say whether the bytes are UTF-8, but for a character cut in two at the end."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and error.reason == "unexpected end of data"
    return True


def looks_wide(head: bytes) -> str | None:
    """Return the UTF-16 flavour of text without a byte order mark, told by where its zero bytes stand."""
    sample = head[:4096]
    if len(sample) < 4:
        return None
    half = len(sample) // 2
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.7 and even < 0.05:
        return "utf-16-le"
    if even > 0.7 and odd < 0.05:
        return "utf-16-be"
    return None


def refuse_foreign(head: bytes, name: str) -> None:
    """Raise SourceError where `head` starts a file that is no delimited text: empty, a pointer, a page, binary."""
    shown = safe(name)
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        what = "is empty" if not head.strip(b"\x00") else "holds nothing but blanks"
        raise SourceError(f"{shown} {what}.", "Was the sweep interrupted before its first trial was written?")
    if head.startswith(_LFS):
        raise SourceError(f"{shown} is a Git LFS pointer, not the data itself.", "Fetch the data with `git lfs pull`.")
    if _HTML.match(head):
        raise SourceError(f"{shown} is an HTML page.", "Was a log-in or error page saved in place of the file?")
    if _XML.match(head):
        raise SourceError(f"{shown} is XML, not a table.", "Export the table as CSV, JSON Lines or Parquet.")
    kind = foreign_kind(head)
    if kind is not None:
        raise SourceError(f"{shown} is {kind}, not a text table.", "Export the trials as CSV, JSON Lines or Parquet.")
