"""How curves are told apart, with colour and without: tokens, signs, ASCII marks, and the labels at their ends.

In ASCII a line is drawn with the very sign its label begins with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpi_tui.widgets.plot import cut

if TYPE_CHECKING:
    from hpi_core.charts.series import Curve

LONGEST_NAME = 12
TOKENS = {"error": "err", "warn": "warn", "none": "text"}
MARK_TOKENS = {"error": "err", "warn": "warn", "none": "muted"}
SIGNS = {"error": "✗ ", "warn": "! ", "none": ""}
DOTS = "⡱"  # stands for the dots of the curves themselves
SICK_ASCII = ("s", "S")
_CROWD = (DOTS, "░", "▒", "▓", "█")
_CROWD_ASCII = ("'", ",", ";", "%", "#")


def crowd_signs(*, apart: bool, ascii_only: bool) -> tuple[str, ...]:
    """Return the shades of a crowd, from few curves in a cell to many.

    Where the sick stand apart they are drawn with dots, or letters, and the healthy with shades alone.
    """
    signs = _CROWD_ASCII if ascii_only else _CROWD
    return signs[1:] if apart else signs


def token_of(curve: Curve, *, chosen: bool) -> str:
    """Return the colour of a curve; trials that the person selected have the colour of choices."""
    if curve.part == "median":
        return "muted"
    if curve.part == "best" or (curve.best and curve.severity == "none"):
        return "good"
    if curve.part == "overlay" and chosen:
        return "you"
    return TOKENS[curve.severity]


def sign_of(curve: Curve, *, ascii_only: bool = False) -> str:
    """Return what stands before a curve's name; in ASCII every curve has such a sign."""
    if curve.best:
        return "★ "
    if ascii_only:
        return f"{mark_of(curve)} "
    if curve.part == "overlay" and curve.severity == "none":
        return "● "
    return "" if curve.part == "median" else SIGNS[curve.severity]


def mark_of(curve: Curve) -> str:
    """Return the character a curve is drawn with in ASCII."""
    if curve.best:
        return "*"
    if curve.part == "median":
        return "="
    if curve.part == "overlay":
        return "+"
    return {"error": "x", "warn": "!", "none": "o"}[curve.severity]


def named(curve: Curve, *, ascii_only: bool = False) -> str:
    """Return a curve's name with its sign."""
    name = "median" if curve.part == "median" else cut(curve.name, LONGEST_NAME)
    return sign_of(curve, ascii_only=ascii_only) + name


def label_of(curve: Curve, height: float, *, wide: bool, ascii_only: bool) -> str:
    """Return the label at the end of a line; an arrow where the end lies outside the picture."""
    out = " ↑" if height > 1 else (" ↓" if height < 0 else "")
    value = float(curve.values[np.isfinite(curve.values)][-1])
    return f"{named(curve, ascii_only=ascii_only)}{out}{f' {brief(value)}' if wide or out else ''}"


def brief(value: float) -> str:
    """Write a value in as few characters as tell it apart."""
    size = abs(value)
    if value and (size >= 1e5 or size < 1e-3):
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    if size >= 1000:
        return f"{value:.0f}"
    return f"{value:.3g}" if size >= 100 or size < 1 else f"{value:.2f}"
