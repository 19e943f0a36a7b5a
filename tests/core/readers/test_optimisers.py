"""What SMAC, BOHB and DeepCAVE keep of an optimisation: the suite of all stores, every layout, real ones."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from hpi_core import frames
from hpi_core.errors import SourceError
from tests.core.cli.running import hpi, hpi_process
from tests.core.readers.conformance import Store, StoreConformance
from tests.shared_data import DATA, needs_shared

CAVE = DATA / "11_other/automl__DeepCAVE/logs"
SPACE = {
    "hyperparameters": [
        {"type": "uniform_float", "name": "lr", "lower": 1e-5, "upper": 1.0, "log": True},
        {"type": "categorical", "name": "kind", "choices": ["a", "b"]},
    ],
    "conditions": [],
    "forbiddens": [],
}


def configs(count: int) -> dict[str, dict[str, object]]:
    return {str(n): {"lr": 10.0 ** -(1 + n % 5), "kind": "ab"[n % 2]} for n in range(1, count + 1)}


def write_smac(folder: Path, count: int, layout: str = "list", budgets: Sequence[float] = (3.0, 9.0)) -> Path:
    """Write a run history: all configurations at the first budget, every second one at all; the last crashed."""
    folder.mkdir(parents=True)
    data: list[object] = []
    for n in range(1, count + 1):
        for budget in budgets if n % 2 else budgets[:1]:
            crashed = n == count
            cost, when, status = (2147483647.0 if crashed else 1.0 / n + 1.0 / budget), 1.7e9 + n, 2 if crashed else 1
            if layout == "pair":
                word = {"__enum__": "StatusType.CRASHED" if crashed else "StatusType.SUCCESS"}
                data.append([[n, None, 0, budget], [cost, 1.5, word, when, when + 1.5, {"acc": 0.5}]])
            elif layout == "list":
                data.append([n, None, 0, budget, cost, 1.5, status, when, when + 1.5, {"acc": 0.5}])
            else:
                names = ("config_id", "instance", "seed", "budget", "cost", "time", "status", "starttime", "endtime")
                values = (n, None, 0, budget, cost, 1.5, status, when, when + 1.5)
                data.append({**dict(zip(names, values, strict=True)), "cpu_time": 1.0, "additional_info": {"acc": 0.5}})
    document = {"data": data, "config_origins": dict.fromkeys(configs(count), "Sobol"), "configs": configs(count)}
    (folder / "runhistory.json").write_text(json.dumps(document, indent=2))
    (folder / "scenario.json").write_text(json.dumps({"objectives": "1 - accuracy"}))
    (folder / "configspace.json").write_text(json.dumps(SPACE))
    return folder


def write_bohb(folder: Path, count: int) -> Path:
    """Write a log of HpBandSter: every configuration at 9, every second at 27, the last raised, one more only drawn."""
    folder.mkdir(parents=True)
    drawn = [
        [[0, 0, int(n) - 1], values, {"model_based_pick": int(n) % 3 == 0}] for n, values in configs(count + 1).items()
    ]
    results = []
    for n in range(count):
        for budget in (9.0, 27.0) if n % 2 == 0 else (9.0,):
            times = {"submitted": 1.7e9, "started": 1.7e9 + n, "finished": 1.7e9 + n + 2}
            if n == count - 1:
                results.append([[0, 0, n], budget, times, None, "Traceback …\nValueError: bad lr\n"])
            else:
                results.append([[0, 0, n], budget, times, {"loss": 1 / (n + budget), "info": {"acc": 0.5}}, None])
    (folder / "configs.json").write_text("".join(json.dumps(line) + "\n" for line in drawn))
    (folder / "results.json").write_text("".join(json.dumps(line) + "\n" for line in results))
    (folder / "configspace.json").write_text(json.dumps(SPACE))
    return folder


def write_deepcave(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    told = {str(int(n) - 1): values for n, values in configs(count).items()}
    lines: list[object] = [
        [n, budget, -1, [0.5 + n / 1000, 3.0], n, n + 1.0, 4 if n == count - 1 else 1, {}]
        for n in range(count)
        for budget in (20, 40)
    ]
    objectives = [{"name": "accuracy", "optimize": "upper"}, {"name": "time", "optimize": "lower"}]
    (folder / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "configs.json").write_text(json.dumps(told, indent=4))
    (folder / "meta.json").write_text(json.dumps({"objectives": objectives, "budgets": [20, 40], "seeds": [-1]}))
    (folder / "configspace.json").write_text(json.dumps(SPACE))
    return folder


def write_amltk(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    told = [{f"config:{name}": value for name, value in values.items()} for values in configs(count).values()]
    trials = (
        pl.DataFrame(told)
        .with_row_index("name")
        .with_columns(
            pl.format("trial_number={}", "name").alias("name"),
            pl.when(pl.col("name") == count - 1).then(pl.lit("fail")).otherwise(pl.lit("success")).alias("status"),
            (pl.col("name") / count).alias("metric:accuracy [0.0, 1.0] (maximize)"),
        )
    )
    trials.write_parquet(folder / "history.parquet")
    (folder / "configspace.json").write_text(json.dumps(SPACE))
    return folder


class TestSmac(StoreConformance):
    reader = "smac"

    def stores(self, folder: Path) -> Sequence[Store]:
        told = {"completed": 11, "failed": 1}
        columns = ("config_id", "lr", "kind", "1 - accuracy", "acc", "budget", "origin")
        # Six of twelve reach both budgets, five only the first, and the one that crashed reports nothing.
        return [
            Store(write_smac(folder / layout, 12, layout), 12, told, 2 * (6 * 2 + 5), columns)
            for layout in ("list", "pair", "object")
        ]


class TestBohb(StoreConformance):
    reader = "bohb"

    def stores(self, folder: Path) -> Sequence[Store]:
        told = {"completed": 10, "failed": 1, "unknown": 1}
        return [Store(write_bohb(folder / "run", 11), 12, told, 2 * (5 * 2 + 5), ("lr", "loss", "acc", "error"))]


class TestDeepcave(StoreConformance):
    reader = "deepcave"

    def stores(self, folder: Path) -> Sequence[Store]:
        told = {"completed": 9, "failed": 1}
        return [Store(write_deepcave(folder / "run", 10), 10, told, 2 * 2 * 9, ("lr", "accuracy", "time", "runtime"))]


class TestAmltk(StoreConformance):
    reader = "amltk"

    def stores(self, folder: Path) -> Sequence[Store]:
        told = {"completed": 9, "failed": 1}
        return [Store(write_amltk(folder / "run", 10), 10, told, 0, ("config:lr", "config:kind"))]


def test_an_amltk_history_tells_its_search_space_and_its_direction(tmp_path: Path) -> None:
    roles = hpi_core.read(write_amltk(tmp_path / "run", 10)).roles
    lr = next(one for one in roles.hyperparameters if one.name == "config:lr")
    assert (lr.scale, lr.low, lr.high) == ("log", 1e-5, 1.0)
    assert roles.objective is not None
    assert roles.objective.direction == "max"


@needs_shared
def test_histories_of_amltk_are_among_the_stores_of_a_project(tmp_path: Path) -> None:
    done = hpi_process("inspect", CAVE.parent, home=tmp_path)
    said = done.stderr.decode()
    assert "holds 12 stores of trials" in said
    for name, trials in (("optuna_optimizer", 149), ("smac_optimizer", 42)):
        assert f"logs/AMLTK/{name}/run_1 (amltk)" in said
        page = hpi_process("inspect", CAVE / "AMLTK" / name, home=tmp_path).stdout.decode()
        assert f"amltk · {trials} trials" in page


def test_a_trial_shows_what_it_reached_at_its_highest_budget(tmp_path: Path) -> None:
    sweep = hpi_core.read(write_smac(tmp_path / "run", 5))
    row = sweep.trials.filter(sweep.trials["config_id"] == "3").row(0, named=True)
    assert row["1 - accuracy"] == pytest.approx(1 / 3 + 1 / 9)
    assert (row["budget"], row["evaluations"], row["runtime"]) == (9.0, 2, 3.0)
    assert sweep.roles.objective is not None
    assert (sweep.roles.objective.metric, sweep.roles.objective.direction) == ("1 - accuracy", "min")
    lr = next(one for one in sweep.roles.hyperparameters if one.name == "lr")
    assert (lr.scale, lr.low, lr.high) == ("log", 1e-5, 1.0)


def test_the_cost_that_stands_for_a_crash_is_no_result(tmp_path: Path) -> None:
    sweep = hpi_core.read(write_smac(tmp_path / "run", 4, budgets=(1.0,)))
    assert sweep.trials[frames.STATUS].to_list() == ["completed"] * 3 + ["failed"]
    assert sweep.trials["1 - accuracy"].to_list()[3] is None


def test_seeds_are_averaged_as_the_optimiser_ranks_them(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    data: list[object] = [
        [1, None, seed, None, cost, 1.0, 1, 1.7e9, 1.7e9 + 1, {}] for seed, cost in ((1, 0.2), (2, 0.4))
    ]
    (folder / "runhistory.json").write_text(json.dumps({"data": data, "configs": {"1": {"x": 1}}}))
    sweep = hpi_core.read(folder)
    assert sweep.trials["cost"].to_list() == [pytest.approx(0.3)]
    assert sweep.trials["evaluations"].to_list() == [2]
    assert sweep.curves is None


def test_budgets_that_are_no_whole_numbers_are_numbered_and_the_ledger_says_so(tmp_path: Path) -> None:
    sweep = hpi_core.read(write_smac(tmp_path / "run", 5, budgets=(2.5, 7.5)))
    assert sweep.curves is not None
    assert sorted(sweep.curves.collect()["step"].unique().to_list()) == [1, 2]
    assert any("2.5, 7.5) are the steps 1 to 2" in message for message in sweep.ledger["message"])


def test_a_run_history_may_be_named_itself_and_a_table_of_the_same_look_is_no_run_history(tmp_path: Path) -> None:
    folder = write_smac(tmp_path / "run", 3)
    assert hpi_core.read(folder / "runhistory.json").source.kind == "smac"
    split = tmp_path / "split.json"  # the layout that pandas calls `split`
    split.write_text(json.dumps({"data": [[0.1, 0.5], [0.01, 0.4]], "columns": ["lr", "val_loss"], "index": [0, 1]}))
    try:
        assert hpi_core.read(split).source.kind != "smac"
    except SourceError as error:
        assert "SMAC" not in error.message  # noqa: PT017 - either answer is a good one


def test_a_history_without_an_evaluation_says_so(tmp_path: Path) -> None:
    path = tmp_path / "runhistory.json"
    path.write_text('{"data": [["no", "record"]], "configs": {}}')
    done = hpi_process("inspect", path, home=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"runhistory.json holds no evaluation yet." in done.stderr


@needs_shared
def test_trials_and_objectives_of_a_real_history_are_those_in_its_file() -> None:
    place = CAVE / "SMAC3v2/multi-objective/run_1"
    document = json.loads((place / "runhistory.json").read_bytes())
    sweep = hpi_core.read(place)
    assert sweep.trials["config_id"].to_list() == list(document["configs"])
    for id_, cost in zip(sweep.trials["config_id"], sweep.trials["1 - accuracy"], strict=True):
        own = [record[4][0] for record in document["data"] if str(record[0]) == id_ and record[6] == 1]
        assert cost == (pytest.approx(sum(own) / len(own)) if own else None)


@needs_shared
@pytest.mark.parametrize(
    ("place", "file", "trials"),
    [
        ("BOHB/run_2", "results.json", 0),
        ("BOHB/run_2", "configs.json", 84),
        ("DeepCAVE/minimal/run_1", "history.jsonl", 0),
        ("DeepCAVE/minimal/run_1", "configs.json", 100),
        ("SMAC3v1/mlp/run_1", "runhistory.json", 0),
        ("SMAC3v2/mlp/run_1", "runhistory.json", 0),
        ("AMLTK/smac_optimizer/run_1", "history.parquet", 0),
    ],
)
def test_a_lost_file_is_named_and_nothing_beside_it_is_taken_for_trials(
    place: str, file: str, trials: int, tmp_path: Path
) -> None:
    """Without the file of the trials there are none, whatever lies beside it; without the settings there are."""
    copy = tmp_path / "run"
    shutil.copytree(DATA / "11_other/automl__DeepCAVE/logs" / place, copy)
    for data, told in (
        (b"", f"{file} is empty."),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", f"{file} is a Git LFS pointer"),
    ):
        (copy / file).unlink()  # it may not be written
        (copy / file).write_bytes(data)
        done = hpi("inspect", copy, "--json", home=tmp_path)
        if not trials:
            assert (done.returncode, done.stdout) == (3, b"")
            assert len(done.stderr.splitlines()) == 2
            assert done.stderr.decode().startswith(f"hpi: {told}")
            continue
        assert done.returncode == 0, done.stderr
        inspected = json.loads(done.stdout)
        assert inspected["trials"]["total"] == trials
        assert any(f"no settings: {told}" in entry["message"] for entry in inspected["ledger"])
