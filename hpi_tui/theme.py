"""The look: colour tokens for every colour depth, glyphs with their ASCII twins, and the styles made of them.

Chrome is grey, colour is data. A widget asks for a token on a ground (`look.style("err", "cur")`) and never names a
colour; what the terminal can show is decided once, here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rich.color import Color
from rich.style import Style

Depth = Literal["truecolor", "256", "16", "none"]

# token: dark, light, 256 dark, 256 light; `haze` and `glow` are few healthy and few sick in a crowd
_TOKENS: dict[str, tuple[str, str, int, int]] = {
    "ground": ("#0f1318", "#fbfbf9", 233, 231),
    "band": ("#1a2028", "#eeeeea", 235, 255),
    "focus": ("#2c3a4c", "#d3dfee", 237, 253),
    "cur": ("#22324a", "#d9e6f6", 236, 254),
    "cur2": ("#18212d", "#eaf0f7", 235, 255),
    "text": ("#ccd3dc", "#2a3038", 252, 236),
    "strong": ("#ffffff", "#000000", 231, 16),
    "muted": ("#929dab", "#59626d", 247, 240),
    "faint": ("#3d4652", "#c6cad0", 239, 250),
    "haze": ("#5f6a77", "#888f98", 242, 102),
    "glow": ("#99520f", "#c9620f", 130, 166),
    "err": ("#ff8533", "#962800", 208, 88),
    "warn": ("#f2dc82", "#805900", 222, 94),
    "good": ("#5caaf5", "#004a94", 75, 24),
    "you": ("#d6bfff", "#7b3bc7", 183, 92),
    "heat1": ("#633a12", "#fbd7b0", 94, 223),
    "heat2": ("#99520f", "#f5b06c", 130, 215),
    "heat3": ("#e07a1f", "#e0761c", 208, 172),
    "cool1": ("#12344f", "#cfe3f7", 23, 153),
    "cool2": ("#1d5b8f", "#96c4ec", 25, 111),
    "cool3": ("#5caaf5", "#4b93d8", 75, 68),
    "ink": ("#0f1318", "#1a1206", 233, 232),
}
_SIXTEEN: dict[str, int] = {"err": 9, "warn": 3, "good": 6, "you": 13}
_GROUNDS = frozenset({"ground", "band", "focus", "cur", "cur2"})

_ASCII: dict[str, str] = {
    "✗": "x", "★": "*", "●": "+", "▌": ">", "↓": "v", "↑": "^", "─": "-", "┄": ".", "┊": ":", "│": "|", "┃": "#",
    "…": "~", "▾": "-", "▸": "+", "›": ">", "✓": " ok", "–": "-", "≤": "<=", "≥": ">=", "×": "x", "→": ">", "↵": "/",
    "←": "<", "━": "=", "├": "[", "┤": "]", "░": ":", "▒": "+", "▓": "*", "█": "#",
    "ε": "eps", "²": "2", "ρ": "rho",
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """What the terminal can show and how this app uses it."""

    depth: Depth = "truecolor"
    light: bool = False
    ascii: bool = False
    _styles: dict[tuple[str, str, bool], Style] = field(default_factory=dict, compare=False, repr=False)

    @property
    def fills(self) -> bool:
        """Whether grounds can be told apart by colour; otherwise title rows are drawn with a rule."""
        return self.depth in ("truecolor", "256")

    def style(self, token: str = "text", ground: str = "ground", *, bold: bool = False) -> Style:
        """Return the style of a text token on a ground token."""
        key = (token, ground, bold)
        found = self._styles.get(key)
        if found is None:
            found = self._styles[key] = self._make(token, ground, bold)
        return found

    def sign(self, text: str) -> str:
        """Return chrome text with every glyph replaced by its ASCII twin where that is needed."""
        if not self.ascii or text.isascii():
            return text
        return "".join(_ASCII.get(character, character if character.isascii() else "?") for character in text)

    def colour(self, token: str) -> str:
        """Return a token as a stylesheet colour."""
        if not self.fills:
            return "ansi_default"
        dark, light, _, _ = _TOKENS[token]
        return light if self.light else dark

    def variables(self) -> dict[str, str]:
        """Return the tokens as stylesheet variables (`$ground`, `$muted` …)."""
        return {f"hpi-{token}": self.colour(token) for token in _TOKENS}

    def _make(self, token: str, ground: str, bold: bool) -> Style:
        if self.fills:
            weight = bold or None
            return Style(color=self._rich(token), bgcolor=self._rich(ground), bold=weight)
        if ground == "cur":
            return Style(reverse=True, bold=bold or None)
        reverse = True if ground == "focus" else None
        strong = bold or token == "strong" or ground == "cur2"
        dim = True if token in ("muted", "faint", "haze") and not reverse and not strong else None
        number = _SIXTEEN.get(token) if self.depth == "16" and not reverse else None
        colour = Color.from_ansi(number) if number is not None else None
        return Style(color=colour, bold=strong or None, dim=dim, reverse=reverse)

    def _rich(self, token: str) -> Color:
        _, _, dark, light = _TOKENS[token]
        if self.depth == "256":
            return Color.from_ansi(light if self.light else dark)
        return Color.parse(self.colour(token))


def detect(
    environ: Mapping[str, str] = os.environ, *, theme: str = "auto", ascii_only: bool = False, encoding: str = "utf-8"
) -> Look:
    """Tell from the environment what the terminal can show; the command line has the last word."""
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR"):
        depth: Depth = "none"
    elif environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        depth = "truecolor"
    elif "256color" in term or term == "xterm-kitty":
        depth = "256"
    else:
        depth = "16"
    light = theme == "light" or (theme == "auto" and environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15"))
    plain = ascii_only or term == "linux" or _codec(environ, encoding) != "utf8"
    return Look(depth, light, plain)


def _codec(environ: Mapping[str, str], encoding: str) -> str:
    """Return the character set the locale asks for; Python itself would call the C locale UTF-8."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environ.get(name)
        if value:
            charset = value.partition(".")[2].partition("@")[0] or ("ascii" if value in ("C", "POSIX") else encoding)
            return charset.lower().replace("-", "").replace("_", "")
    return encoding.lower().replace("-", "")
