"""The console blocks and the key table of README: found in its text, and what the program says instead of them.

A block begins with a line `$ command` inside a ```console fence; the command is run in a folder that holds the demo
sweep as `sweep.csv`.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpi_core import demo
from hpi_tui.actions import ACTIONS, SCOPES, keys_shown

README = Path(__file__).parents[2] / "README.md"
_FENCE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_KEYS = re.compile(r"(<!-- keys -->\n).*?(<!-- /keys -->)", re.DOTALL)
CUT = "…"


@dataclass(frozen=True)
class Block:
    """One console block: the command, and what README says it prints.

    A `…` line at the end says that the output goes on; one at the beginning, that it starts at the line after it.
    """

    command: str
    said: str


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of README's text."""
    for body in _FENCE.findall(text):
        first, _, rest = body.partition("\n")
        yield Block(first.removeprefix("$ "), rest)


def printed(command: str) -> str:
    """Run a command of README and return what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sweep.csv").write_bytes(demo.path().read_bytes())
        program, *arguments = shlex.split(command)
        done = subprocess.run(
            [str(Path(sys.executable).parent / program), *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder},
        )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


def as_shown(block: Block) -> str:
    """Return what README ought to say for a block: what is printed, or as many lines of it as it shows now."""
    out, said = printed(block.command).splitlines(), block.said.splitlines()
    start = out.index(said[1]) if said[:1] == [CUT] and len(said) > 1 and said[1] in out else 0
    before = [CUT] if said[:1] == [CUT] and start else []
    if said[-1:] != [CUT]:
        return "\n".join(before + out[start:]) + "\n"
    lines = len(said) - 1 - len(before)
    return "\n".join([*before, *out[start : start + lines], CUT]) + "\n"


def key_table() -> str:
    """Return the key table in Markdown, from the one table of actions."""
    rows = ["| | keys | |", "|---|---|---|"]
    for scope in SCOPES:
        for number, action in enumerate(action for action in ACTIONS if action.scope == scope and action.keys):
            keys = " ".join(f"`{key}`" for key in keys_shown(action).split()).replace("|", "\\|")
            rows.append(f"| {f'**{scope}**' if number == 0 else ''} | {keys} | {action.help} |")
    return "\n".join(rows) + "\n"


def renewed(text: str) -> str:
    """Return README's text with every block and the key table as the program has them now."""
    for block in blocks(text):
        text = text.replace(f"$ {block.command}\n{block.said}```", f"$ {block.command}\n{as_shown(block)}```")
    return _KEYS.sub(lambda match: match.group(1) + key_table() + match.group(2), text)
