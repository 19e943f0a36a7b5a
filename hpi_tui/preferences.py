"""Preferences: what the configuration file says of look and keys, checked word by word before the app is built.

    [look]
    theme = "light"        # dark, light or auto
    ascii = true

    [follow]
    poll = 1.0             # seconds between looks at a source that is followed while it moves
    longest = 30.0         # and after it has long been still
    share = 7.0            # percent of one core that following may take
    call = "bell"          # on a new sick trial: bell, notify or none

    [keys]
    filter = "f"           # an action of the help by its name; one key or a list of keys
    half_down = ["ctrl+d", "J"]

A value that cannot be taken costs a sentence in the status line, never the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from hpi_core.following.pace import Rhythm
from hpi_core.settings import load_config
from hpi_core.text import safe

Theme = Literal["dark", "light", "auto"]
Call = Literal["bell", "notify", "none"]
_LOOK = ("theme", "ascii")
_THEMES = ("dark", "light", "auto")
_CALLS = ("bell", "notify", "none")
# Name of a setting -> least and most that can be taken.
_SECONDS = {"poll": (0.01, 3600.0), "longest": (0.01, 86400.0), "share": (0.1, 10000.0)}


@dataclass(frozen=True)
class FollowWish:
    """How a source is followed: from the start or when asked, how often, and how a new sick trial is called out."""

    at_once: bool = False
    rhythm: Rhythm = field(default_factory=Rhythm)
    call: Call = "none"


@dataclass(frozen=True)
class Preferences:
    """What was chosen, and a sentence for each thing that could not be taken."""

    theme: Theme = "auto"
    ascii: bool = False
    notes: tuple[str, ...] = ()
    follow: FollowWish = field(default_factory=FollowWish)


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
    follow = _follow(config.follow, notes)
    return Preferences(cast(Theme, theme), ascii_only, tuple(notes), follow)


def _follow(section: Mapping[str, Any], notes: list[str]) -> FollowWish:
    usual = Rhythm()
    numbers = {"poll": usual.shortest, "longest": usual.longest, "share": 100 * usual.share}
    call = "none"
    for name, value in section.items():
        if name == "call" and value in _CALLS:
            call = value
        elif name in _SECONDS and isinstance(value, (int, float)) and not isinstance(value, bool):
            low, high = _SECONDS[name]
            numbers[name] = min(high, max(low, float(value)))
        elif name == "call" or name in numbers:
            notes.append(f"config: follow.{name} is {safe(value, 40)}, which it cannot be.")
        else:
            notes.append(f"config: follow.{safe(name, 40)} is not known; there are poll, longest, share and call.")
    longest = max(numbers["poll"], numbers["longest"])
    return FollowWish(False, Rhythm(numbers["poll"], longest, numbers["share"] / 100), cast(Call, call))


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
