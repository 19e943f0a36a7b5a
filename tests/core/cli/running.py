"""Run `hpi` as a person would, in a home of its own: in this process, or as the installed script."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from hpi_core.cli import main

HPI = Path(sys.executable).parent / "hpi"

SIX = """trial_id,status,lr,batch_size,epochs,train_loss,val_loss,runtime_sec
1,completed,0.001,32,10,0.3,0.35,100
2,completed,0.02,32,10,nan,nan,90
3,completed,0.0005,64,10,0.2,0.5,120
4,failed,0.01,64,3,inf,inf,30
5,completed,0.0001,32,10,0.24,0.25,110
6,completed,0.005,128,10,0.28,0.33,80
"""


def hpi(*arguments: str | Path, home: Path, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run the console script's `main` here, with `home` as the person's home and working folder, bytes in and out."""
    command = [str(argument) for argument in arguments]
    streams = [io.TextIOWrapper(io.BytesIO(given), encoding="utf-8") for given in (stdin, b"", b"")]
    with (
        mock.patch.dict(os.environ, _environment(home, variables), clear=True),
        mock.patch.multiple(sys, stdin=streams[0], stdout=streams[1], stderr=streams[2]),
        contextlib.chdir(home),
    ):
        try:
            code = main(command)
        except SystemExit as stopped:
            code = int(stopped.code or 0)
    for stream in streams[1:]:
        stream.flush()
    out, err = (stream.buffer.getvalue() for stream in streams[1:])
    return subprocess.CompletedProcess(command, int(code), out, err)


def hpi_process(
    *arguments: str | Path, home: Path, stdin: bytes = b"", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the installed `hpi` in a process of its own, where its exit status and streams are the point."""
    environment = _environment(home, variables)
    return subprocess.run(
        [HPI, *arguments], input=stdin, capture_output=True, cwd=home, env=environment, check=False, timeout=120
    )


def _environment(home: Path, variables: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "HPATH_", "PYTHONWARN"))}
    return {**kept, "HOME": str(home), "COLUMNS": "100", **variables}


def planted(path: Path, rows: int = 300) -> Path:
    """Write a sweep in which every trial above lr 0.1 (a quarter of them) has a NaN loss, and nothing else is wrong."""
    import random

    draw = random.Random(7)
    lines = ["trial_id,status,lr,batch_size,optimizer,val_loss"]
    for row in range(rows):
        lr = 10 ** draw.uniform(-4, 0)
        loss = "nan" if lr > 0.1 else f"{draw.uniform(0.2, 0.9):.4f}"
        lines.append(f"{row},completed,{lr:.5g},{draw.choice((16, 32, 64))},{draw.choice(('adam', 'sgd'))},{loss}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def planted_pair(path: Path, rows: int = 600) -> Path:
    """Write a sweep in which only a high lr together with a high dropout makes most trials fail; 3 % fail anyhow."""
    import random

    draw = random.Random(11)
    lines = ["trial_id,status,lr,dropout,layers,val_loss"]
    for row in range(rows):
        lr, dropout = 10 ** draw.uniform(-4, 0), draw.uniform(0, 0.6)
        failed = draw.random() < (0.7 if lr > 0.03 and dropout > 0.4 else 0.03)
        ending = (
            "failed,{:.5g},{:.4g},{}," if failed else f"completed,{{:.5g}},{{:.4g}},{{}},{draw.uniform(0.2, 0.9):.4f}"
        )
        lines.append(f"{row}," + ending.format(lr, dropout, draw.randint(1, 6)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
