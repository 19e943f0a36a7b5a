"""MLflow stores: what every reader must keep, and what is MLflow's own."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import polars as pl
import pytest

import hpi_core
from hpi_core.errors import SourceError
from hpi_core.readers import mlflow
from hpi_core.sweep import Sweep
from hpi_core.tables.table import ReadOptions, never
from tests.core.cli.running import hpi, hpi_process
from tests.core.readers.conformance import Store, StoreConformance
from tests.core.readers.mlflow_stores import OLD, START, Run, sweep_runs, write_database, write_files

_STATUSES = {"completed": 24, "failed": 6}
_COLUMNS = ("run_id", "run_name", "lr", "optimizer", "val/loss", "test_accuracy", "start_time", "tags.team")


class TestMlflow(StoreConformance):
    reader = "mlflow"

    def stores(self, folder: Path) -> Sequence[Store]:
        several = {"Default": [], "sweep": sweep_runs(30), "tiny": sweep_runs(2, first=100)}
        return [
            Store(write_files(folder / "mlruns", several), 30, _STATUSES, 228, _COLUMNS),
            Store(folder / "mlruns", 2, {"completed": 2}, 16, experiment="tiny"),
            Store(write_database(folder / "new.db", several), 30, _STATUSES, 228, _COLUMNS),
            Store(write_database(folder / "wal.db", several, wal=True), 30, _STATUSES, 228, _COLUMNS),
            Store(write_database(folder / "old.db", {"sweep": sweep_runs(5)}, OLD), 5, points=38, columns=("lr",)),
            Store(write_files(folder / "one", {"only": sweep_runs(3)}) / "0", 3, {"completed": 3}, 24),
        ]


def logged(sweep: Sweep) -> pl.DataFrame:
    """Return what was logged, without the times of logging."""
    assert sweep.curves is not None
    return sweep.curves.filter(pl.col("metric") != "timestamp").collect()


@pytest.fixture(params=["files", "database"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def stored(folder: Path, form: str, runs: Sequence[Run]) -> Path:
    if form == "files":
        return write_files(folder / "mlruns", {"sweep": runs})
    return write_database(folder / "mlflow.db", {"sweep": runs})


def test_numbers_that_are_none_come_back_as_mlflow_was_given_them(tmp_path: Path, form: str) -> None:
    values = [(0, 1.0, 0), (1, math.nan, 1), (2, math.inf, 2), (3, -math.inf, 3), (4, 0.25, 4)]
    runs = [
        Run("a", metrics={"loss": values}),
        Run("b", metrics={"loss": values[:3]}),
        Run("c", metrics={"loss": values[:2]}),
    ]
    sweep = hpi_core.read(stored(tmp_path, form, runs))
    assert sweep.trials["loss"].to_list()[:2] == [0.25, math.inf]
    assert math.isnan(sweep.trials["loss"][2])
    assert sweep.curves is not None
    curve = logged(sweep).filter(pl.col("_row") == 0)["value"].to_list()
    assert curve[0] == 1.0
    assert math.isnan(curve[1])
    assert curve[2:] == [math.inf, -math.inf, 0.25]


def test_the_last_value_is_that_of_the_highest_step_and_there_the_latest(tmp_path: Path, form: str) -> None:
    values = [(9, 0.1, 5), (1, 0.2, 7), (2, 0.3, 7), (8, 0.4, 6)]
    sweep = hpi_core.read(stored(tmp_path, form, [Run("a", metrics={"loss": values}), Run("b")]))
    assert sweep.trials["loss"][0] == 0.3
    assert sweep.curves is not None
    assert logged(sweep)["step"].to_list() == [5, 6, 7]
    assert "logged again" in " ".join(sweep.ledger["message"].to_list())


def test_a_history_without_steps_is_told_in_the_order_of_logging(tmp_path: Path, form: str) -> None:
    values = [(30, 0.1, 0), (10, 0.3, 0), (20, 0.2, 0)]
    sweep = hpi_core.read(stored(tmp_path, form, [Run("a", metrics={"loss": values}), Run("b")]))
    assert sweep.curves is not None
    assert logged(sweep).select("step", "value").rows() == [(0, 0.3), (1, 0.2), (2, 0.1)]


def test_the_time_of_logging_is_a_curve_of_its_own(tmp_path: Path, form: str) -> None:
    """Of the steps of histories: a result logged at step 0 when all is done says nothing of them."""
    loss = [(60_000 * s, 1 / (s + 1), s) for s in range(5)]
    runs = [Run("a", metrics={"loss": loss, "final": [(900_000, 0.5, 0)]}), Run("b")]
    sweep = hpi_core.read(stored(tmp_path, form, runs))
    assert sweep.curves is not None
    clock = sweep.curves.filter(pl.col("metric") == "timestamp").collect()
    assert clock["step"].to_list() == [0, 1, 2, 3, 4]
    assert (clock["value"] - START / 1000).to_list() == [0, 60, 120, 180, 240]
    assert "timestamp" not in sweep.trials.columns
    assert "timestamp" not in [metric.name for metric in sweep.roles.metrics]


def test_deleted_runs_are_left_out_and_counted(tmp_path: Path, form: str) -> None:
    runs = [*sweep_runs(3), Run("d" * 32, stage="deleted", metrics={"val/loss": [(0, 1.0, 0)]})]
    sweep = hpi_core.read(stored(tmp_path, form, runs))
    assert sweep.trials.height == 3
    assert "1 deleted runs were left out" in sweep.ledger["message"].to_list()
    assert sweep.repairs == 0


def test_child_runs_are_grouped_by_their_parent_which_is_no_trial(tmp_path: Path, form: str) -> None:
    children = [
        Run(f"c{n}", name=f"child {n}", tags={"mlflow.parentRunId": "p"}, metrics={"loss": [(0, n / 2, 0)]})
        for n in range(3)
    ]
    sweep = hpi_core.read(stored(tmp_path, form, [Run("p", name="grid search", params={"folds": "3"}), *children]))
    assert sweep.trials["run_id"].to_list() == ["c0", "c1", "c2"]
    assert sweep.trials["parent_run"].to_list() == ["grid search"] * 3
    assert sweep.roles.group == "parent_run"
    assert "1 parent runs without a metric" in " ".join(sweep.ledger["message"].to_list())


def test_a_parent_with_results_of_its_own_stays_a_trial(tmp_path: Path, form: str) -> None:
    runs = [Run("p", metrics={"loss": [(0, 1.0, 0)]}), Run("c", tags={"mlflow.parentRunId": "p"})]
    assert hpi_core.read(stored(tmp_path, form, runs)).trials.height == 2


def test_parameters_become_numbers_and_keep_clear_of_metrics_of_their_name(tmp_path: Path, form: str) -> None:
    runs = [
        Run(str(n), params={"lr": f"1e-{n + 1}", "loss": "mse" if n % 2 else "mae", "bias": "True", "depth": str(n)},
            metrics={"loss": [(0, 1.0 / (n + 1), 0)]}, tags={"host": f"node{n % 2}"})
        for n in range(6)
    ]  # fmt: skip
    sweep = hpi_core.read(stored(tmp_path, form, runs))
    assert sweep.trials.schema["lr"] == pl.Float64
    assert sweep.trials.schema["depth"] == pl.Int64
    assert sweep.trials.schema["bias"] == pl.Boolean
    assert sweep.trials["params.loss"].to_list() == ["mae", "mse"] * 3
    assert {p.name for p in sweep.roles.hyperparameters} >= {"lr", "depth", "params.loss"}
    assert [m.name for m in sweep.roles.metrics] == ["loss"]
    assert sweep.roles.environment == ("tags.host",)


def test_system_metrics_are_resources_and_never_the_objective(tmp_path: Path, form: str) -> None:
    told = {"system/gpu_0_memory_usage_megabytes": [(0, 900.0, 0), (1, 950.0, 1)], "val_loss": [(0, 0.5, 0)]}
    sweep = hpi_core.read(stored(tmp_path, form, [Run("a", metrics=told), Run("b", metrics=told)]))
    assert sweep.roles.resources == ("system/gpu_0_memory_usage_megabytes",)
    assert [metric.name for metric in sweep.roles.metrics] == ["val_loss"]


def test_a_running_run_that_logs_no_more_is_a_zombie(tmp_path: Path, form: str) -> None:
    from hpi_core.inspection import inspect

    hour = 3_600_000
    told = {"loss": [(0, 1.0, 0), (40_000, 0.5, 1)]}
    runs = [Run(f"f{n}", metrics=told, start=START + n * hour) for n in range(6)]
    runs.append(Run("dead", "RUNNING", metrics=told, start=START))
    runs.append(Run("alive", "RUNNING", metrics=told, start=START + 5 * hour))
    inspection = inspect(hpi_core.read(stored(tmp_path, form, runs)))
    found = inspection.findings.filter(pl.col("issue") == "zombie")
    assert found["trial"].to_list() == ["dead"]


def test_an_experiment_is_named_by_name_or_id_and_a_wrong_name_is_told(tmp_path: Path, form: str) -> None:
    several = {"one": sweep_runs(2), "two": sweep_runs(4, first=100)}
    path = write_files(tmp_path / "m", several) if form == "files" else write_database(tmp_path / "m.db", several)
    for named, count in ((None, 4), ("one", 2), ("0", 2), ("two", 4)):
        assert hpi_core.read(path, options=ReadOptions(experiment=named)).trials.height == count
    with pytest.raises(SourceError, match="holds no experiment called ones"):
        hpi_core.read(path, options=ReadOptions(experiment="ones"))
    listed = mlflow.experiments(str(path), never)
    assert [(one.name, one.trials) for one in listed] == [("one", 2), ("two", 4)]
    assert listed[0].started == START / 1000


def test_a_torn_line_and_a_bad_line_cost_themselves(tmp_path: Path) -> None:
    store = write_files(tmp_path / "mlruns", {"sweep": sweep_runs(3)})
    history = store / "0" / f"{0:031x}f" / "metrics" / "val" / "loss"
    history.write_text(history.read_text() + "what is this\n1740830 0.1")
    sweep = hpi_core.read(store)
    assert sweep.curves is not None
    assert logged(sweep).filter(pl.col("_row") == 0).height == 4
    kinds = set(sweep.ledger["kind"].to_list())
    assert {"incomplete", "refused_line"} <= kinds


def test_lines_with_and_without_steps_and_with_data_sets_are_read(tmp_path: Path) -> None:
    store = write_files(tmp_path / "mlruns", {"sweep": sweep_runs(2)})
    history = store / "0" / f"{0:031x}f" / "metrics" / "val" / "loss"
    history.write_text("1740830400000 0.5\n1740830400001 0.25 3 train 0badf00d\n")
    sweep = hpi_core.read(store)
    assert sweep.curves is not None
    assert logged(sweep).filter(pl.col("_row") == 0).select("step", "value").rows() == [(0, 0.5), (3, 0.25)]


def test_a_store_without_runs_is_refused_in_a_sentence(tmp_path: Path, form: str) -> None:
    with pytest.raises(SourceError, match="has no run to read"):
        hpi_core.read(stored(tmp_path, form, []))


def test_a_server_without_the_extra_is_one_sentence_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(SourceError) as caught:
        hpi_core.read("https://ada:hunter2@tracking.example")
    assert "needs the optional extra mlflow" in caught.value.message
    assert "hunter2" not in str(caught.value)
    assert caught.value.hint == "Install it: pip install 'hpi-tui[mlflow]'"


class Page(list[Any]):
    """A page of results as the client gives them: a list with the token of the next one."""

    token: str | None = None


class FakeClient:
    """Answers as `mlflow.MlflowClient` does, two runs to a page, and notes what it was asked to do."""

    asked: ClassVar[list[str]] = []

    def __init__(self, tracking_uri: str) -> None:
        self.asked.append(tracking_uri)

    def search_experiments(self, **_: object) -> Page:
        return Page([SimpleNamespace(experiment_id="7", name="served", lifecycle_stage="active")])

    def search_runs(self, ids: list[str], page_token: str | None = None, max_results: int = 0) -> Page:
        assert ids == ["7"]
        start = int(page_token or 0)
        runs = sweep_runs(5)[start : start + 2]
        page = Page([served(run) for run in runs])
        page.token = str(start + 2) if start + 2 < 5 else None
        return page

    def get_metric_history(self, run_id: str, key: str) -> list[Any]:
        run = next(run for run in sweep_runs(5) if run.id == run_id)
        return [SimpleNamespace(step=s, timestamp=run.start + t, value=v) for t, v, s in run.metrics[key]]


def served(run: Run) -> SimpleNamespace:
    info = SimpleNamespace(
        run_id=run.id, run_name=run.name, status=run.status, start_time=run.start, end_time=run.start + 1, user_id="ada"
    )
    return SimpleNamespace(info=info, data=SimpleNamespace(params=run.params, tags=run.tags, metrics=run.metrics))


def test_a_tracking_server_reads_as_the_store_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, exceptions = ModuleType("mlflow"), ModuleType("mlflow.exceptions")
    library.MlflowClient = FakeClient  # type: ignore[attr-defined]
    exceptions.MlflowException = RuntimeError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow", library)
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", exceptions)
    by_address = hpi_core.read("http://ada:hunter2@127.0.0.1:5000")
    assert FakeClient.asked[-1] == "http://ada:hunter2@127.0.0.1:5000"
    assert by_address.source.name == "http://ada:…@127.0.0.1:5000 · served"
    assert "hunter2" not in by_address.source.location
    by_file = hpi_core.read(write_files(tmp_path / "mlruns", {"served": sweep_runs(5)}))
    assert by_address.trials.drop("end_time").equals(by_file.trials.drop("end_time"))
    assert by_address.curves is not None
    assert by_file.curves is not None
    assert by_address.curves.collect().equals(by_file.curves.collect())
    monkeypatch.setattr(FakeClient, "search_experiments", refuse)
    with pytest.raises(SourceError, match=r"does not answer as an MLflow server \(no route to ada:…@host\)"):
        hpi_core.read("http://ada:hunter2@127.0.0.1:5000")


def refuse(_: FakeClient, **_more: object) -> None:
    raise RuntimeError("no route to ada:…@host")


def test_links_in_runs_are_not_followed_and_told(tmp_path: Path) -> None:
    """A parameter, a metric and a whole folder of parameters that lead out of the store."""
    secret = tmp_path / "outside"
    secret.mkdir()
    (secret / "passwd").write_text("root:x:0")
    store = write_files(tmp_path / "mlruns", {"sweep": sweep_runs(4)})
    runs = sorted(path.parent for path in store.rglob("params"))
    (runs[0] / "params" / "stolen").symlink_to(secret / "passwd")
    (runs[1] / "metrics" / "stolen").symlink_to(secret / "passwd")
    for file in (runs[2] / "params").iterdir():
        file.unlink()
    (runs[2] / "params").rmdir()
    (runs[2] / "params").symlink_to(secret)
    page = " ".join(hpi("inspect", store, home=tmp_path).stdout.decode().split())
    assert "4 trials" in page
    assert "3 links in runs were not followed: stolen, …" in page
    assert "root:x:0" not in page
    sweep = hpi_core.read(store)
    assert not {"params.stolen", "metrics.stolen", "params.passwd"} & set(sweep.trials.columns)


def test_a_store_copied_by_halves_opens_and_says_what_is_missing(tmp_path: Path) -> None:
    store = write_files(tmp_path / "mlruns", {"sweep": sweep_runs(5)})
    experiment = next(path for path in store.iterdir() if (path / "meta.yaml").exists())
    runs = sorted(path for path in experiment.iterdir() if path.is_dir())
    (experiment / "meta.yaml").write_text("artifact_loc")
    (runs[0] / "metrics" / "val" / "loss").write_bytes(b"")
    (runs[1] / "params" / "lr").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    meta = (runs[2] / "meta.yaml").read_text()
    (runs[2] / "meta.yaml").write_text(meta[: meta.index("source_name")])
    (runs[3] / "meta.yaml").write_text("")
    for place in (store, experiment):
        done = hpi_process("inspect", place, "--json", home=tmp_path)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["source"]["kind"], told["trials"]["total"]) == ("mlflow", 4)
        rate = next(one for one in told["roles"]["hyperparameters"] if one["name"] == "lr")
        assert rate["missing"] == 1
        assert [entry["message"] for entry in told["ledger"] if entry["kind"] == "refused_file"] == [
            "a file of metrics is empty",
            "a file is a Git LFS pointer, not the data: run `git lfs pull`",
            f"the meta.yaml of {runs[2].name} is cut short: it says no more than its beginning",
            f"{runs[3].name} has no readable meta.yaml",
        ]
