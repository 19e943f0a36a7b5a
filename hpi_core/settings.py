"""Settings: what a person configured, and what the app remembers of a source between two openings.

Light: imports neither polars nor anything that does. Files lie in the XDG config and state folders; a file that cannot
be read or understood costs a note, never a crash. Remembered roles are keyed by a hash of the source's absolute path,
not of its content: a sweep that grows, or is written anew by the next search, is still the same sweep to its owner.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from hpi_core.errors import WriteError
from hpi_core.text import safe

_APP = "hpi-tui"
_LOCAL = ".hpi.toml"
_SECTIONS = ("thresholds", "keys", "look", "chat", "follow")
# What a file found beside a sweep, which may come from anybody, is allowed to set.
_LOCAL_SECTIONS = ("thresholds", "look")
_LARGEST = 1_000_000


class RoleChoices(Protocol):
    """What can be remembered of roles: the shape of `hpi_core.roles.RoleOverrides`."""

    @property
    def objective(self) -> str | None:
        """The metric trials are ranked by."""

    @property
    def direction(self) -> Literal["min", "max"] | None:
        """Which end of it is better."""

    @property
    def roles(self) -> tuple[tuple[str, str], ...]:
        """Column name and role word."""


@dataclass(frozen=True)
class Remembered:
    """What was remembered of a source's roles; `note` says why nothing could be read, if something was there."""

    objective: str | None = None
    direction: Literal["min", "max"] | None = None
    roles: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def anything(self) -> bool:
        """Whether there is a choice in it."""
        return bool(self.objective or self.direction or self.roles)


@dataclass(frozen=True)
class Config:
    """The configuration: what each section holds as written, and a note per thing that was not taken."""

    thresholds: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    look: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    chat: dict[str, Any] = field(default_factory=dict)
    follow: dict[str, Any] = field(default_factory=dict)


def remember_roles(location: str, choices: RoleChoices) -> Path:
    """Keep the user's word on the roles of a source; returns the file written.

    Raises:
        WriteError: the state folder cannot be written.
    """
    path = _roles_file(location)
    record = {
        "schema": "hpi.roles/1",
        "location": location,
        "objective": choices.objective,
        "direction": choices.direction,
        "roles": [list(pair) for pair in choices.roles],
    }
    _write(path, json.dumps(record, sort_keys=True, ensure_ascii=True, indent=1) + "\n")
    return path


def recall_roles(location: str) -> Remembered:
    """Return what was remembered of a source; never raises."""
    try:
        path = _roles_file(location)
        if not path.exists():
            return Remembered()
        record = json.loads(_text(path))
        roles = tuple((str(column), str(role)) for column, role in record.get("roles", []))
        objective, direction = record.get("objective"), record.get("direction")
    except (OSError, WriteError, ValueError, TypeError, AttributeError, RecursionError) as error:
        return Remembered(note=f"What was remembered of this source cannot be read and is ignored ({_why(error)}).")
    if direction not in ("min", "max"):
        direction = None
    return Remembered(objective if isinstance(objective, str) else None, direction, roles)


def forget_roles(location: str) -> None:
    """Forget what was remembered of a source.

    Raises:
        WriteError: the file is there and cannot be removed.
    """
    path = _roles_file(location)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"{safe(path)} cannot be removed: {_why(error)}.") from None


def load_config(beside: str | None = None) -> Config:
    """Return the person's configuration, with what a `.hpi.toml` beside the source `beside` adds to it; never raises.

    The file beside a source may set thresholds and looks only; the person's own file has the last word.
    """
    notes: list[str] = []
    sections: dict[str, dict[str, Any]] = {name: {} for name in _SECTIONS}
    files: list[tuple[Path, tuple[str, ...]]] = []
    if beside is not None and "://" not in beside and beside != "-":
        place = Path(beside)
        files.append(((place if place.is_dir() else place.parent) / _LOCAL, _LOCAL_SECTIONS))
    try:
        files.append((config_folder() / "config.toml", _SECTIONS))
    except WriteError as error:
        notes.append(str(error))
    for path, allowed in files:
        _merge(sections, path, allowed, notes)
    return Config(notes=tuple(notes), **sections)


def config_folder() -> Path:
    """Return the folder of the person's configuration, which need not exist.

    Raises:
        WriteError: nobody can tell where the home folder is.
    """
    import platformdirs

    return _folder(platformdirs.user_config_path)


def state_folder() -> Path:
    """Return the folder of what is remembered, which need not exist.

    Raises:
        WriteError: nobody can tell where the home folder is.
    """
    import platformdirs

    return _folder(platformdirs.user_state_path)


def _folder(ask: Any) -> Path:
    try:
        folder = cast(Path, ask(_APP, appauthor=False))
    except (RuntimeError, KeyError, OSError) as error:
        raise WriteError("There is no home folder to keep settings in.", "Set HOME or XDG_STATE_HOME.") from error
    if not folder.is_absolute():
        raise WriteError("There is no home folder to keep settings in.", "Set HOME or XDG_STATE_HOME.")
    return folder


def _roles_file(location: str) -> Path:
    absolute = location if "://" in location else str(Path(location).absolute())
    name = hashlib.sha256(os.fsencode(absolute)).hexdigest()[:32]
    return state_folder() / "roles" / f"{name}.json"


def _merge(sections: dict[str, dict[str, Any]], path: Path, allowed: tuple[str, ...], notes: list[str]) -> None:
    try:
        if not path.is_file():
            return
        content = tomllib.loads(_text(path))
    except (OSError, ValueError, RecursionError) as error:
        notes.append(f"{safe(path.name)} is ignored: {_why(error)}.")
        return
    for name, value in content.items():
        if name in allowed and isinstance(value, dict):
            sections[name] |= value
        else:
            reason = "may not be set by a file beside a sweep" if name in _SECTIONS else "is not a section known here"
            notes.append(f"{safe(path.name)}: {safe(name, 40)} {reason}.")


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError("it is larger than a settings file can be")
    return data.decode("utf-8")


def _write(path: Path, text: str) -> None:
    """Replace a file whole or not at all."""
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".roles-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise WriteError(f"The choice cannot be remembered in {safe(path.parent)}: {_why(error)}.") from None


def _why(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return safe(error.strerror, 120)
    return safe(str(error).splitlines()[0] if str(error) else type(error).__name__, 160).rstrip(".")
