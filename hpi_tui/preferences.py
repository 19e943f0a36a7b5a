"""Preferences: what the configuration file says of look and keys, checked word by word before the app is built.

    [look]
    theme = "light"        # dark, light or auto
    ascii = true

    [keys]
    filter = "f"           # an action of the help by its name; one key or a list of keys
    half_down = ["ctrl+d", "J"]

A value that cannot be taken costs a sentence in the status line, never the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from hpi_core.settings import load_config
from hpi_core.text import safe

Theme = Literal["dark", "light", "auto"]
_LOOK = ("theme", "ascii")
_THEMES = ("dark", "light", "auto")


@dataclass(frozen=True)
class Preferences:
    """What was chosen, and a sentence for each thing that could not be taken."""

    theme: Theme = "auto"
    ascii: bool = False
    notes: tuple[str, ...] = ()


def prefer(beside: str | None) -> Preferences:
    """Read the configuration, with what a file beside the source adds to the look, and give the actions their keys."""
    config = load_config(beside)
    notes = list(config.notes)
    unknown = [safe(name, 40) for name in config.look if name not in _LOOK]
    notes += [f"config: look.{name} is not known; there are theme and ascii." for name in unknown]
    theme, ascii_only = config.look.get("theme", "auto"), config.look.get("ascii", False)
    if theme not in _THEMES:
        notes.append(f"config: look.theme is {safe(theme, 40)}, not dark, light or auto.")
        theme = "auto"
    if not isinstance(ascii_only, bool):
        notes.append(f"config: look.ascii is {safe(ascii_only, 40)}, neither true nor false.")
        ascii_only = False
    if config.keys:
        notes += _bind(config.keys)
    return Preferences(cast(Theme, theme), ascii_only, tuple(notes))


def _bind(keys: Mapping[str, Any]) -> list[str]:
    from hpi_tui.actions import rebind

    chosen: dict[str, tuple[str, ...]] = {}
    notes = []
    for name, value in keys.items():
        words = [value] if isinstance(value, str) else value
        if isinstance(words, list) and words and all(isinstance(word, str) and word for word in words):
            chosen[name] = tuple(words)
        else:
            notes.append(f"config: keys.{safe(name, 40)} is no key; write a key or a list of keys.")
    return [*notes, *(f"config: {safe(note, 200)}" for note in rebind(chosen))]
