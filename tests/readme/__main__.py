"""Make README's pictures and outputs anew."""

from __future__ import annotations

import asyncio

from tests.readme.outputs import README, renewed
from tests.readme.pictures import FOLDER, PICTURES, draw

for picture in PICTURES:
    (FOLDER / f"{picture.name}.svg").write_text(asyncio.run(draw(picture)), encoding="utf-8")
README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
