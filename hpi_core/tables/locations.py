"""From what the person named (file, folder, pattern, several of these, standard input) to named contents.

Imports nothing heavy: the app finds out what it is about to open through this before polars is loaded.
"""

from __future__ import annotations

import difflib
import glob
import hashlib
import os
import re
import select
import stat
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from hpi_core.errors import SourceError, UsageError
from hpi_core.tables.content import Content
from hpi_core.text import safe

_MIB = 1 << 20
_SPREAD = 16
# How long a pipe is waited for that no program has opened for writing, seconds.
_PATIENCE, _PAUSE = 5.0, 0.02
# Addresses of files on this machine, as SQLAlchemy and MLflow write them.
_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?", re.IGNORECASE)
_LOCAL = re.compile(r"file:(?://(?:localhost)?)?(/.+)", re.IGNORECASE)
_STDIN = {"-", "/dev/stdin", "/dev/fd/0"}
# In a folder nobody named the single files, so only those are looked at whose names say "table".
_TABLE_SUFFIXES = {".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".pq", ".arrow", ".feather", ".ipc"}
_TEXT_SUFFIXES = {".log", ".out", ".stdout", ".err", ".stderr"}
_LOOKED_INTO = 200
_PACKED_SUFFIXES = {".gz", ".zst", ".zstd", ".bz2", ".xz", ".zip"}
# Entries of a folder that its fingerprint looks at; a store of 10,000 runs has hundreds of thousands.
_FINGERPRINTED = 10_000
# Sources of different kinds are named one by one in up to so many characters.
_NAME = 60
# Labels of more folders than this are cut to what tells them apart, where the paths are of different lengths.
_DEEP = 2

_SECRET = re.compile(r"(?<=://)([^/@\s:]*)(:[^/@\s]*)?@")

Location = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class Found:
    """The contents behind a location.

    Attributes:
        contents: in the order named; those of a pattern or folder sorted, numbers by their value. A folder or an
            address that nobody has looked into yet is one content with a `place`.
        location: what the person named, as named, several joined by a space.
        name: short name for headers.
        folder: true where the contents were found by looking into a folder, so that nobody vouched for each of them.
        labels: one short, distinct name per content.
    """

    contents: tuple[Content, ...]
    location: str
    name: str
    folder: bool
    labels: tuple[str, ...]


def find(location: Location) -> Found:
    """Find what the person named.

    Raises:
        SourceError: nothing there, not allowed, an empty folder, not a file.
        UsageError: nothing was named.
    """
    parts = [location] if isinstance(location, (str, Path)) else location
    named = [_on_disk(str(part)) for part in parts]
    if not named or any(not part for part in named):
        raise UsageError("No source was named.", "Name a file, a folder, a pattern in quotes, or - for standard input.")
    contents = _distinct([content for part in named for content in _find_one(part)])
    location = " ".join(address_for_people(part) if is_address(part) else part for part in named)
    return Found(tuple(contents), location, _name(named, contents), False, labels(contents))


def look_into(found: Found, is_store: Callable[[str], bool]) -> Found:
    """Return `found` with every folder that is no store replaced by the tables that lie directly in it.

    Raises:
        SourceError: such a folder holds no table, or an address is no store that can be opened.
    """
    if all(content.place is None or is_store(content.place) for content in found.contents):
        return found
    contents: list[Content] = []
    for content in found.contents:
        if content.place is None or is_store(content.place):
            contents.append(content)
        elif is_address(content.place):
            raise SourceError(
                f"{content.name} is an address on the network, which is not opened.", "Download it and open the file."
            )
        else:
            contents += _in_folder(content.place, Path(content.place).expanduser())
    contents = _distinct(contents)
    named = [content.place or "" for content in found.contents] if len(found.contents) == 1 else [found.location]
    name = _name(named, contents) if len(found.contents) == 1 else found.name
    return Found(tuple(contents), found.location, name, True, labels(contents))


def is_address(place: str) -> bool:
    """Say whether a location is an address (`scheme://…`) and no path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.\-]+://", place) is not None


def address_for_people(address: str) -> str:
    """Return an address without the password in it."""
    return _SECRET.sub(lambda match: f"{match[1]}{':…' if match[2] else ''}@", address)


def fingerprint(contents: Sequence[Content]) -> str:
    """Return `sha256:…` over size and the first, the last and 16 spread-out MiB of every content, in order."""
    total = hashlib.sha256()
    for content in contents:
        if content.place is not None:
            total.update(_folder_digest(content.place))
            continue
        size = content.size()
        one = hashlib.sha256(str(size).encode())
        if size <= (_SPREAD + 2) * _MIB:
            one.update(content.bytes())
        else:
            step = (size - _MIB) // (_SPREAD + 1)
            offsets = [step * index for index in range(_SPREAD + 1)] + [size - _MIB]
            for offset in offsets:
                one.update(_slice(content, offset))
        total.update(one.digest())
    return f"sha256:{total.hexdigest()}"


def labels(contents: Sequence[Content]) -> tuple[str, ...]:
    """Return short distinct names: what differs in the paths, without the extension where that stays distinct."""
    parts = [_parts(content) for content in contents]
    if len(parts) > 1:
        while all(len(p) > 1 for p in parts) and len({p[0] for p in parts}) == 1:
            parts = [p[1:] for p in parts]
        while all(len(p) > 1 for p in parts) and len({p[-1] for p in parts}) == 1:
            parts = [p[:-1] for p in parts]
        if len({len(p) for p in parts}) > 1 and max(map(len, parts)) > _DEEP:
            parts = _ends(parts)
    else:
        parts = [p[-1:] for p in parts]
    whole = ["/".join(p) for p in parts]
    stems = [_stem(name) for name in whole]
    if len(set(stems)) == len(stems):
        return tuple(stems)
    return tuple(name if whole.count(name) == 1 else f"{name} ({index + 1})" for index, name in enumerate(whole))


def _ends(parts: list[list[str]]) -> list[list[str]]:
    """Return of paths that have no layout in common as little of their ends as tells them apart."""
    for size in range(1, max(map(len, parts))):
        ends = [p[-size:] for p in parts]
        if len({tuple(end) for end in ends}) == len(ends):
            return ends
    return parts


def _parts(content: Content) -> list[str]:
    if content.path is not None:
        return list(content.path.absolute().parts)
    if content.place is not None and not is_address(content.place):
        return list(Path(os.path.normpath(Path(content.place).expanduser().absolute())).parts)
    return [content.name]


def _distinct(contents: Sequence[Content]) -> list[Content]:
    seen: set[str] = set()
    out: list[Content] = []
    for content in contents:
        at = content.path if content.path is not None else content.place
        key = content.name if at is None else os.path.realpath(at)
        if key not in seen:
            seen.add(key)
            out.append(content)
    return out


def _folder_digest(place: str) -> bytes:
    """Return a digest of the names and sizes in a folder, the upper levels first, or of an address."""
    digest = hashlib.sha256(b"" if not is_address(place) else place.encode())
    waiting, left = [place], _FINGERPRINTED
    while waiting and left > 0 and not is_address(place):
        folder = waiting.pop(0)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries[:left]:
            left -= 1
            try:
                inner = entry.is_dir(follow_symlinks=False)
                size = 0 if inner else entry.stat(follow_symlinks=False).st_size
            except OSError:
                continue
            digest.update(f"{os.path.relpath(entry.path, place)}\0{size}\0".encode("utf-8", "surrogateescape"))
            if inner:
                waiting.append(entry.path)
    return digest.digest()


def _on_disk(part: str) -> str:
    """Return the path in the address of a file (`sqlite:///runs.db`, `file:///home/x/mlruns`); else what was named.

    A driver would create the database that is not there.
    """
    if found := _SQLITE.fullmatch(part):
        return found[1]
    found = _LOCAL.fullmatch(part)
    return unquote(found[1]) if found else part


def _find_one(part: str) -> list[Content]:
    if part in _STDIN:
        return [_standard_input()]
    if is_address(part):
        return [Content(address_for_people(part), place=part)]
    path = Path(part).expanduser()
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _matches(part, path)
    except PermissionError as error:
        raise _forbidden(part) from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{part[:200]} cannot be opened ({_reason(error)}).", "Check the name.") from error
    return [_folder(part, path)] if stat.S_ISDIR(mode) else [_file(part, path, mode)]


def _folder(part: str, path: Path) -> Content:
    try:
        empty = next(path.iterdir(), None) is None
    except PermissionError as error:
        raise _forbidden(part) from error
    except OSError as error:
        raise SourceError(f"{part} cannot be opened ({_reason(error)}).", "Check the disk or the mount.") from error
    if empty:
        raise _no_sweep(part)
    return Content(path.resolve().name or part, place=str(path))


def _file(part: str, path: Path, mode: int) -> Content:
    try:
        if not stat.S_ISREG(mode):
            if stat.S_ISFIFO(mode):
                return Content(path.name, data=_piped(part, path))
            if str(path).startswith(("/dev/fd/", "/proc/self/fd/")):
                return Content(path.name, data=path.read_bytes())
            raise SourceError(f"{part} is a device or socket, not a file.", "Name the sweep's results file.")
        with path.open("rb"):
            return Content(path.name, path=path)
    except PermissionError as error:
        raise _forbidden(part) from error
    except OSError as error:
        raise SourceError(f"{part} cannot be opened ({_reason(error)}).", "Check the disk or the mount.") from error


def _piped(part: str, path: Path) -> bytes:
    """Return what a program writes into a named pipe, for as long as it writes.

    Raises:
        SourceError: nobody has the pipe open for writing, nor opens it soon.
    """
    pieces: list[bytes] = []
    patience, heard = time.monotonic() + _PATIENCE, False
    at = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        while True:
            try:
                piece = os.read(at, _MIB)
            except BlockingIOError:  # somebody holds the other end and has nothing to say yet
                heard = True
                select.select([at], [], [])
                continue
            if piece:
                heard = True
                pieces.append(piece)
            elif heard:
                return b"".join(pieces)
            elif time.monotonic() > patience:
                raise SourceError(
                    f"{part} is a pipe that no program writes to.", "Start the program that does, or name a file."
                )
            else:
                time.sleep(_PAUSE)
    finally:
        os.close(at)


def _matches(part: str, path: Path) -> list[Content]:
    if glob.has_magic(part):
        found = sorted(glob.glob(str(path), recursive=True), key=natural)  # noqa: PTH207 - absolute patterns too
        files = [Path(name) for name in found if Path(name).is_file()]
        if files:
            return [_file(str(file), file, file.stat().st_mode) for file in files]
        if found:
            return [_folder(name, Path(name)) for name in found if Path(name).is_dir()]
        raise SourceError(f"No file matches {part}.", "Check the pattern, and the folder it starts from.")
    if path.is_symlink():
        raise SourceError(f"{part} is a link to a file that is not there.", "Check where it points with ls -l.")
    raise SourceError(f"{part} does not exist.", _nearby(path))


def _nearby(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.suffix != ".hpi"]  # decisions, no sweep
    except OSError:
        return f"The folder {path.parent} does not exist either: check the path."
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"Did you mean {path.parent / close[0]}?" if close else "Check the path."


def _in_folder(part: str, path: Path) -> list[Content]:
    try:
        entries = sorted(path.iterdir(), key=lambda entry: natural(entry.name))
    except PermissionError as error:
        raise _forbidden(part) from error
    files = [e for e in entries if not e.name.startswith(".") and _says_table(e) and e.is_file()]
    if not files:
        raise _no_sweep(part)
    return [_file(str(file), file, file.stat().st_mode) for file in files]


def _no_sweep(part: str) -> SourceError:
    log = _free_text(part)
    links = _links(part)
    if links:
        told = f"{len(links)} links to folders" if len(links) > 1 else "a link to a folder"
        return SourceError(
            f"The folder {part} holds no sweep, only {told}, such as {links[0]}, and links are not followed.",
            f"Name the folders themselves, or the links: '{part.rstrip('/')}/{links[0]}'.",
        )
    told = f" What it holds are logs of free text, such as {log}, and those are not read." if log else ""
    return SourceError(
        f"The folder {part} holds no sweep: no store of a tracker and no run folders up to six levels down, and no "
        f"CSV, TSV, JSON, JSONL, Parquet or Arrow file directly in it.{told}",
        f"Name the files, or a pattern in quotes such as '{part.rstrip('/')}/*/results.csv'.",
    )


def _links(part: str) -> list[str]:
    with os.scandir(part) as entries:
        return sorted(safe(entry.name, 120) for entry in entries if entry.is_symlink() and entry.is_dir())


def _free_text(part: str) -> str:
    """Return the first log of free text in and below a folder, after a look into a few folders; empty for none."""
    for folder, _, names in islice(os.walk(part), _LOOKED_INTO):
        for name in sorted(names):
            if Path(name).suffix.lower() in _TEXT_SUFFIXES:
                return os.path.relpath(os.path.join(folder, name), part)  # noqa: PTH118
    return ""


def _says_table(path: Path) -> bool:
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED_SUFFIXES:
        suffixes = suffixes[:-1]
    return bool(suffixes) and suffixes[-1] in _TABLE_SUFFIXES


def _standard_input() -> Content:
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("Nothing comes in on standard input.", "Pipe a file into it, or name the file.")
    return Content("stdin", data=sys.stdin.buffer.read())


def _forbidden(part: str) -> SourceError:
    return SourceError(
        f"{part} may not be read: permission denied.", "Ask its owner, or copy it to where you can read it."
    )


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _name(named: list[str], contents: Sequence[Content]) -> str:
    if len(contents) == 1:
        return contents[0].name
    count = f"({len(contents)} files)"
    if len(named) == 1:
        shown = Path(named[0])
        return f"{'/'.join(shown.parts[-2:]) if not shown.is_absolute() else shown.name} {count}"
    if len(named) == len(contents) == 2:  # most often trials and their curves
        return f"{contents[0].name} and {contents[1].name}"
    listed = ", ".join(content.name for content in contents[:-1]) + f" and {contents[-1].name}"
    folders = {Path(name).parent for name in named}
    suffixes = {Path(name).suffix for name in named}
    if len(named) == len(contents) and len(suffixes) > 1 and len(listed) <= _NAME:
        return listed
    folder = folders.pop() if len(folders) == 1 else Path("…")
    pattern = f"*{suffixes.pop()}" if len(suffixes) == 1 else "*"
    return f"{folder.name}/{pattern} {count}" if folder.name else f"{pattern} {count}"


def _stem(name: str) -> str:
    folder, _, last = name.rpartition("/")
    for suffix in Path(last).suffixes[::-1]:
        if suffix.lower() not in _TABLE_SUFFIXES | _PACKED_SUFFIXES | {".txt"}:
            break
        last = last[: -len(suffix)] or last
    return f"{folder}/{last}" if folder else last


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort `run10` after `run9`."""
    parts: list[tuple[int, int, str]] = []
    digits = ""
    for character in name + "\0":
        if character in "0123456789":
            digits += character
            continue
        if digits:
            parts.append((0, int(digits[:18]), digits))
            digits = ""
        parts.append((1, 0, character))
    return parts


def _slice(content: Content, offset: int) -> bytes:
    if content.data is not None:
        return content.data[offset : offset + _MIB]
    assert content.path is not None
    with content.path.open("rb") as file:
        file.seek(offset)
        return file.read(_MIB)
