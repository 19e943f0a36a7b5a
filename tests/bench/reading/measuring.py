"""How the benches measure a reading: CPU time and memory of a process of its own, beside the frames it ends with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

# Memory that a reading may take, in sizes of the resulting frames; of frames of a few MiB, what any reading takes.
MEMORY = 3.0
LEAST = 20 << 20
OURS = """
import json, re, resource, sys
from pathlib import Path
from statistics import median
import numpy, polars as pl
import hpi_core
import hpi_core.readers._reading
from hpi_core.readers._reading import choose_store
from hpi_core.tables.table import ReadOptions, never, silent
reader = choose_store(sys.argv[1])
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
def size_of(frame):  # polars leaves out the 16 bytes that each text takes in its column
    return frame.estimated_size() + 16 * frame.height * sum(dtype == pl.String for dtype in frame.dtypes)
if len(sys.argv) > 2:  # what the first reading loads stays, however small it is
    reader.read_table(sys.argv[2], ReadOptions(), silent, never)
def status(field):
    return int(re.search(field + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
before = status("VmRSS")
start = cpu()
table = reader.read_table(sys.argv[1], ReadOptions(), silent, never)
seconds = cpu() - start
peak = status("VmHWM")
curves = table.curves if table.scanned is None else table.scanned.collect()
size = size_of(table.frame) + (0 if curves is None else size_of(curves))
print(json.dumps({"seconds": seconds, "grown": (peak - before) * 1024, "frame": size, "rows": table.frame.height}))
"""


def measured(python: str, program: str, *paths: Path) -> dict[str, float]:
    """Run a program that prints what it measured as JSON in its last line."""
    done = subprocess.run([python, "-c", program, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result
