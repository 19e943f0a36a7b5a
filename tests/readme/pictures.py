"""README's pictures: the app on the demo sweep, driven by keys without a terminal, drawn as SVG by the app itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from hpi_core import demo
from hpi_tui.app import HpiApp
from hpi_tui.theme import Look

FOLDER = Path(__file__).parent
# The drawing names web fonts; a reader's own monospace font serves, and nothing is fetched.
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


@dataclass(frozen=True)
class Picture:
    """One picture: the file's name, the size of the terminal, the keys pressed."""

    name: str
    columns: int
    rows: int
    keys: tuple[str, ...] = ()


PICTURES = (
    Picture("runs", 120, 40),
    Picture("buckets", 120, 40, ("3", "plus")),
    Picture("curves", 120, 40, ("4", "plus", "h", "h", "h", "h", "h", "h", "h", "h")),
)


async def draw(picture: Picture) -> str:
    """Return the picture as SVG."""
    import hpi_core

    def load(**how: object) -> hpi_core.Sweep:
        sweep = hpi_core.read([demo.path(), demo.curves_path()])
        return replace(sweep, source=replace(sweep.source, name="demo"))

    app = HpiApp(load, "demo", Look("truecolor", False, False))
    async with app.run_test(size=(picture.columns, picture.rows)) as pilot:
        while app.main.table is None or app.jobs.working:
            await pilot.pause(0.02)
        for key in picture.keys:
            await pilot.press(key)
        while app.jobs.working:
            await pilot.pause(0.02)
        await pilot.pause(0.3)
        drawn = _FONT_FACE.sub("", app.export_screenshot(title="hpi-tui --demo"))
        return drawn.replace("<svg class", '<svg xml:space="preserve" class')
