"""Studies behind real servers: PostgreSQL and MariaDB started here for the test, where they and a driver are installed.

The servers listen on this machine only, on a port of their own, and keep their files in a folder that is removed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import hpi_core
from hpi_core.readers._reading import list_experiments
from hpi_core.tables.table import ReadOptions
from tests.core.readers.test_optuna import objective, points_by_trial

_WAIT = 60.0


@pytest.mark.skipif(find_spec("psycopg") is None and find_spec("psycopg2") is None, reason="no driver of PostgreSQL")
def test_a_study_in_postgresql_reads_as_optuna_reads_it() -> None:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        pytest.skip("PostgreSQL is not installed")
    with _folder() as (folder, user):
        bin_ = binaries[-1].parent
        data, port = folder / "data", _free_port()
        subprocess.run(
            [bin_ / "initdb", "-D", data, "-A", "trust", "-U", "ada"], check=True, capture_output=True, user=user
        )
        command = [bin_ / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-F"]
        with _serving(command, user):
            _compare(f"postgresql://ada:secret@127.0.0.1:{port}/postgres")


@pytest.mark.skipif(find_spec("pymysql") is None and find_spec("MySQLdb") is None, reason="no driver of MySQL")
def test_a_study_in_mariadb_reads_as_optuna_reads_it() -> None:
    server, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if server is None or install is None:
        pytest.skip("MariaDB is not installed")
    with _folder() as (folder, user):
        data, port = folder / "data", _free_port()
        quick = ["--no-defaults", f"--datadir={data}", "--innodb-flush-log-at-trx-commit=0"]
        told = [install, *quick[:2], "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(told, check=True, capture_output=True, user=user)
        listen = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s", f"--pid-file={folder}/pid"]
        with _serving([server, *quick, *listen, "--skip-grant-tables=0"], user):
            _compare(f"mysql://root@127.0.0.1:{port}/mysql")


def _compare(address: str) -> None:
    """Let Optuna write two studies behind the address, and read them by it: the same trials, values, curves."""
    library = pytest.importorskip("optuna")
    library.logging.set_verbosity(library.logging.ERROR)
    from hpi_core.readers._databases import _with_driver

    storage = _until_it_answers(lambda: library.storages.RDBStorage(_with_driver(address)))
    for name, trials in (("small", 3), ("large", 25)):
        study = library.create_study(
            storage=storage, study_name=name, direction="maximize", sampler=library.samplers.RandomSampler(seed=0)
        )
        study.optimize(objective, n_trials=trials)
    assert [(one.name, one.trials) for one in list_experiments(address)] == [("small", 3), ("large", 25)]
    sweep = hpi_core.read(address, options=ReadOptions(experiment="large"))
    assert "secret" not in sweep.source.location + sweep.source.name
    curves = points_by_trial(sweep)
    for row, trial in zip(sweep.trials.iter_rows(named=True), study.get_trials(), strict=True):
        assert (row["number"], row["state"], row["value"]) == (str(trial.number), trial.state.name, trial.value)
        assert {name: row[name] for name in trial.params} == trial.params
        assert curves.get(trial.number, {}) == trial.intermediate_values
        # A server may keep whole seconds only; what Optuna reads back is the measure.
        assert row["datetime_start"] == trial.datetime_start
    storage.remove_session()
    storage.engine.dispose()


def _until_it_answers(connect: Any) -> Any:
    end = time.monotonic() + _WAIT
    while True:
        try:
            return connect()
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@contextlib.contextmanager
def _folder() -> Iterator[tuple[Path, str | None]]:
    """Give a folder and the user a server may run as in it: none of them runs as root."""
    user = None
    if os.geteuid() == 0:
        user = "nobody"
    folder = Path(tempfile.mkdtemp(prefix="hpi-server-", dir="/tmp"))
    try:
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _serving(command: list[Any], user: str | None) -> Iterator[None]:
    process = subprocess.Popen(command, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if sys.platform != "linux":
    pytestmark = pytest.mark.skip(reason="the servers are looked for where Linux keeps them")
