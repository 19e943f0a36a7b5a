"""A real tracking server of MLflow over HTTP, read by its address and as the database behind it: the same runs.

It needs MLflow, which is too large to depend on: in this environment, or in that of HPI_ORACLE_PYTHON.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import hpi_core

PYTHON = os.environ.get("HPI_ORACLE_PYTHON", sys.executable)
_WAIT = 90.0
WRITE = """
import logging, math, sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
kept = client.create_experiment("served")
client.create_experiment("empty")
parent = client.create_run(kept, run_name="parent")
for number in range(5):
    tags = {"mlflow.parentRunId": parent.info.run_id, "team": "vision"}
    run = client.create_run(kept, run_name=f"child {number}", tags=tags).info.run_id
    client.log_param(run, "lr", 10.0 ** -number)
    for step in range(4):
        client.log_metric(run, "val/loss", math.nan if (number, step) == (2, 3) else 1 / (1 + number + step), step=step)
    client.log_metric(run, "accuracy", number / 10)
    client.set_terminated(run, "FAILED" if number == 4 else "FINISHED")
deleted = client.create_run(kept, run_name="gone").info.run_id
client.delete_run(deleted)
"""
READ = """
import json, sys
import hpi_core
from hpi_core.readers._reading import list_experiments
sweep = hpi_core.read(sys.argv[1])
print(json.dumps({"trials": sweep.trials.write_json(), "curves": sweep.curves.collect().write_json(),
                  "name": sweep.source.name,
                  "experiments": [[one.name, one.trials] for one in list_experiments(sys.argv[1])]}))
"""


@contextlib.contextmanager
def serving(folder: Path, port: int) -> Iterator[None]:
    """Run `mlflow server` over an empty database of its own."""
    command = [PYTHON, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    try:
        end = time.monotonic() + _WAIT
        while True:
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < end, (folder / "log").read_text()[-2000:]
                time.sleep(0.2)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(30)


def test_a_tracking_server_reads_by_its_address_as_the_database_behind_it(tmp_path: Path) -> None:
    if subprocess.run([PYTHON, "-c", "import mlflow"], capture_output=True, check=False).returncode:
        pytest.skip("MLflow is installed neither here nor for HPI_ORACLE_PYTHON")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    ours = os.pathsep.join([str(Path(hpi_core.__file__).parents[1]), *(p for p in sys.path if "site-packages" in p)])
    with serving(tmp_path, port):
        address = f"http://127.0.0.1:{port}"
        subprocess.run([PYTHON, "-c", WRITE, address], check=True, capture_output=True)
        # Their packages come first: ours hold what hpi needs beside them.
        program = f"import sys; sys.path += {ours.split(os.pathsep)!r}\n{READ}"
        done = subprocess.run([PYTHON, "-c", program, address], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    sweep = hpi_core.read(tmp_path / "mlflow.db")
    assert told["name"] == f"{address} · served"
    assert sorted(told["experiments"]) == [["Default", 0], ["empty", 0], ["served", 6]]
    assert json.loads(told["trials"]) == json.loads(sweep.trials.write_json())
    assert sweep.curves is not None
    assert json.loads(told["curves"]) == json.loads(sweep.curves.collect().write_json())
    assert sweep.trials["run_name"].to_list() == [f"child {number}" for number in range(5)]
    assert sweep.trials["parent_run"].unique().to_list() == ["parent"]
    assert sweep.trials["status"].to_list() == ["FINISHED"] * 4 + ["FAILED"]
    losses = sweep.curves.collect().filter(metric="val/loss")["value"].to_list()
    assert len(losses) == 20
    assert [math.isnan(value) for value in losses].index(True) == 11  # the last step of the third
