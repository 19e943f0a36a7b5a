"""Studies behind real servers: PostgreSQL and MariaDB started here for the test, where they and a driver are installed.

The servers listen on this machine only, on a port of their own, and keep their files in a folder that is removed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import hpi_core
from hpi_core.errors import SourceError
from hpi_core.readers._reading import list_experiments
from hpi_core.tables.table import ReadOptions, never, silent
from tests.core.cli.running import hpi_process
from tests.core.readers.test_optuna import objective, points_by_trial

_WAIT = 60.0


@pytest.mark.skipif(find_spec("psycopg") is None and find_spec("psycopg2") is None, reason="no driver of PostgreSQL")
def test_a_study_in_postgresql_reads_as_optuna_reads_it(tmp_path: Path) -> None:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        pytest.skip("PostgreSQL is not installed")
    with _folder() as (folder, user):
        bin_ = binaries[-1].parent
        data, port = folder / "data", _free_port()
        (folder / "password").write_text("secret\n")
        made: list[Any] = [
            bin_ / "initdb",
            "-D",
            data,
            "-A",
            "scram-sha-256",
            "-U",
            "ada",
            f"--pwfile={folder}/password",
        ]
        subprocess.run(made, check=True, capture_output=True, user=user)
        command = [bin_ / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-F"]
        with _serving(command, user):
            server = f"127.0.0.1:{port}"
            _compare(f"postgresql://ada:secret@{server}/postgres")
            _expect_refusals("postgresql", server, "postgres", tmp_path)


@pytest.mark.skipif(find_spec("pymysql") is None and find_spec("MySQLdb") is None, reason="no driver of MySQL")
def test_a_study_in_mariadb_reads_as_optuna_reads_it(tmp_path: Path) -> None:
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
            server = f"127.0.0.1:{port}"
            _add_user(server)
            _compare(f"mysql://ada:secret@{server}/studies")
            _expect_refusals("mysql", server, "studies", tmp_path)


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


def _add_user(server: str) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(f"mysql+pymysql://root@{server}/mysql")
    with _until_it_answers(engine.connect) as connection:
        for statement in (
            "CREATE DATABASE studies",
            "CREATE USER ada IDENTIFIED BY 'secret'",
            "GRANT ALL ON *.* TO ada",
        ):
            connection.execute(sqlalchemy.text(statement))
    engine.dispose()


def _expect_refusals(kind: str, server: str, database: str, home: Path) -> None:
    """Expect one sentence, and exit status 3, for every way in which the address of a server can be wrong."""
    for address, meaning in (
        (f"{kind}://ada:wrong@{server}/{database}", "the user or the password is not accepted"),
        (
            f"{kind}://ada:secret@{server}/elsewhere",
            "the server has no such database, or does not show it to this user",
        ),
        (f"{kind}://ada:secret@127.0.0.1:{_free_port()}/{database}", "nobody answers there"),
    ):
        done = hpi_process("inspect", address, home=home)
        told = done.stderr.decode()
        assert done.returncode == 3, told
        assert f" cannot be read: {meaning} (" in told, told
        assert len(told.splitlines()) == 2, told
        assert "wrong" not in told, told
        assert "secret" not in told, told


@pytest.mark.parametrize(
    ("kind", "modules", "package"),
    [
        ("postgresql", "psycopg psycopg2", "psycopg[binary]"),
        ("postgresql+psycopg2", "psycopg psycopg2", "psycopg2-binary"),
        ("mysql", "pymysql MySQLdb mysql", "pymysql"),
        ("mariadb", "pymysql MySQLdb mysql", "pymysql"),
    ],
)
def test_an_address_without_its_driver_says_what_to_install(
    kind: str, modules: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sqlalchemy")
    for module in (*modules.split(), "pg8000"):
        for known in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
            monkeypatch.delitem(sys.modules, known)
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr("hpi_core.readers._databases._installed", lambda _module: False)
    with pytest.raises(SourceError, match=r"needs the Python driver \w+, which is not installed\.") as caught:
        hpi_core.read(f"{kind}://ada:secret@127.0.0.1:1/studies")
    assert caught.value.hint == f"Install it: pip install '{package}'"


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_every_statement_is_of_the_dialect_and_names_what_optuna_has(dialect: str, tmp_path: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    models = pytest.importorskip("optuna.storages._rdb.models")
    from sqlalchemy.dialects import mysql, postgresql

    from hpi_core.readers._databases import Connected
    from hpi_core.readers.optuna import _read_study

    spoken = {"postgresql": postgresql, "mysql": mysql}[dialect].dialect()
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'study.db'}")
    models.BaseModel.metadata.create_all(engine)
    tables = {t.name: frozenset(t.columns.keys()) for t in models.BaseModel.metadata.sorted_tables}
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("INSERT INTO studies VALUES (1, 's')"))
        connection.execute(
            sqlalchemy.text("INSERT INTO trials (trial_id, number, study_id, state) VALUES (1, 0, 1, 'FAIL')"),
        )
    sent: list[str] = []

    class Spoken(Connected):
        def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
            statement = self.statement(sql, values, dialect)
            sent.append(str(statement.compile(dialect=spoken)))
            return super().rows(sql, values)

    with engine.connect() as connection:
        _read_study(Spoken("a database", connection, never, tables), None, [], silent)
    engine.dispose()
    assert len(sent) > 8
    known = {name for columns in tables.values() for name in columns}
    for sql in sent:
        assert set(re.findall(r"(?:FROM|JOIN) (\w+)", sql)) <= tables.keys(), sql
        assert set(re.findall(r"\b(\w+_(?:id|name|value|json|start|complete|type))\b", sql)) <= known, sql
        quoted, other = ("`key`", '"key"') if dialect == "mysql" else ('"key"', "`key`")
        assert other not in sql
        assert not re.search(r"\bkey\b", sql.replace(quoted, "")), sql
    assert any("key" in sql for sql in sent)


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
