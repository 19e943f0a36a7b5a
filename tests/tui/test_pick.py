"""The list that asks which store or experiment is meant, in a real terminal over real stores."""

from __future__ import annotations

from pathlib import Path

from tests.core.cli.running import hpi_process
from tests.core.readers.mlflow_stores import sweep_runs, write_files
from tests.core.readers.optuna_stores import add_study, new_database
from tests.shared_data import DATA, needs_shared
from tests.tui.conftest import APP
from tests.tui.terminal import Terminal

HEART = "03_mlflow/hdogan84__MLOps_Heartbeat_Classification/mlruns"
TORCH = "04_optuna/lyhue1991__eat_pytorch_in_20_days/optuna.db"


def opened(tmp_path: Path, *arguments: str | Path, rows: int = 30) -> Terminal:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    return Terminal([APP, *map(str, arguments)], columns=120, rows=rows, env=home)


@needs_shared
def test_a_store_of_several_experiments_asks_and_enter_opens_the_one_found(tmp_path: Path) -> None:
    with opened(tmp_path, DATA / HEART) as app:
        # The date is when it was last alive.
        told = ("Which experiment?", "18 trials", " 7 trials", " 5 trials", "2024-06-1")
        keys = ("Enter open", "/ filter", "Esc quit")
        app.until(lambda text: all(word in text for word in (*told, *keys)))
        app.send("/")
        app.send("403626")
        app.until(lambda text: "7 trials" in text and "18 trials" not in text)
        app.send("\r")
        app.until(lambda text: "403626226241602542" in text and "7 trials" in text and "Which" not in text)
        app.send("q")
        assert app.wait() == 0


@needs_shared
def test_a_study_is_picked_and_starts_on_the_largest(tmp_path: Path) -> None:
    with opened(tmp_path, DATA / TORCH) as app:
        app.until(lambda text: "Which study?" in text and "2,000 trials" in text and "mnist-tf" in text)
        app.send("\r")
        app.until(lambda text: "optuna_ensemble" in text and "Which study?" not in text and "2,000 trials" in text)
        app.send("q")
        assert app.wait() == 0


@needs_shared
def test_escape_leaves(tmp_path: Path) -> None:
    with opened(tmp_path, DATA / TORCH) as app:
        app.until(lambda text: "Which study?" in text)
        app.send("\x1b")
        assert app.wait() == 0


@needs_shared
def test_one_that_is_named_is_not_asked_for_and_headless_never_asks(tmp_path: Path) -> None:
    with opened(tmp_path, DATA / TORCH, "--study", "mnist-tf") as app:
        app.until(lambda text: "20 trials" in text and "mnist-tf" in text)
        assert "Which study?" not in app.text
        app.send("q")
        assert app.wait() == 0
    done = hpi_process("inspect", DATA / TORCH, home=tmp_path)
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[0] == "optuna.db · optuna_ensemble"


def test_a_project_of_several_stores_asks_for_the_store_and_then_for_the_study(tmp_path: Path) -> None:
    write_files(tmp_path / "project" / "mlruns", {"sweep": sweep_runs(3)})
    connection = new_database(tmp_path / "project" / "study.db")
    add_study(connection, "first", 4)
    add_study(connection, "second", 6)
    connection.close()
    with opened(tmp_path, tmp_path / "project") as app:
        app.until(lambda text: "Which store?" in text and "mlruns" in text and "study.db" in text)
        app.send("/")
        app.send("study.db")
        app.until(lambda text: "mlruns" not in text.split("Which store?")[-1])
        app.send("\r")
        app.until(lambda text: "Which study?" in text and "first" in text and "6 trials" in text)
        app.send("/")
        app.send("first")
        app.until(lambda text: "6 trials" not in text)
        app.send("\r")
        app.until(lambda text: "study.db · first" in text and "4 trials" in text)
        app.send("q")
        assert app.wait() == 0


def project(tmp_path: Path) -> Path:
    """Write a folder of two stores, one with two studies."""
    write_files(tmp_path / "project" / "mlruns", {"sweep": sweep_runs(3)})
    connection = new_database(tmp_path / "project" / "study.db")
    add_study(connection, "first", 4)
    add_study(connection, "second", 6)
    connection.close()
    return tmp_path / "project"


def search(app: Terminal, text: str, gone: str) -> None:
    """Search the list that asks for what holds a text, and take it."""
    app.send("/")
    app.send(text)
    app.until(lambda seen: gone not in seen)
    app.send("\r")


def test_escape_goes_back_from_the_studies_to_the_stores_and_quits_only_from_these(tmp_path: Path) -> None:
    with opened(tmp_path, project(tmp_path)) as app:
        app.until(lambda text: "Which store?" in text and "Esc quit" in text)
        search(app, "study.db", "  mlflow")
        app.until(lambda text: "Which study?" in text and "Esc back to the stores" in text)
        app.send("\x1b")
        app.until(lambda text: "Which store?" in text and "mlruns" in text and "Esc quit" in text)
        search(app, "mlruns", "  optuna")
        app.until(lambda text: "mlruns · sweep" in text and "3 trials" in text)
        app.send("q")
        assert app.wait() == 0


def test_the_list_opens_again_over_an_open_study_and_another_one_is_shown_in_its_place(tmp_path: Path) -> None:
    with opened(tmp_path, project(tmp_path)) as app:
        app.until(lambda text: "Which store?" in text)
        search(app, "study.db", "  mlflow")
        app.until(lambda text: "Which study?" in text)
        search(app, "first", "  6 trials")
        app.until(lambda text: "study.db · first" in text and "4 trials" in text and "inspecting" not in text)
        app.send("/")
        app.send("layers > 2")
        app.until(lambda text: "2 of 4 trials" in text)
        app.send("\r")
        app.send("E")
        app.until(lambda text: "Which study?" in text and "second" in text and "Esc back to the stores" in text)
        app.send("\x1b")
        app.until(lambda text: "Which store?" in text and "Esc back to what is open" in text)
        app.send("\x1b")
        app.until(lambda text: "study.db · first" in text and "2 of 4 trials" in text)
        app.send("E")
        app.until(lambda text: "Which study?" in text and "second" in text)
        search(app, "second", "  4 trials")
        app.until(lambda text: "study.db · second" in text and " 6 trials" in text and "layers > 2" not in text)
        app.send("E")
        app.until(lambda text: "Which study?" in text)
        app.send("\x1b")
        app.until(lambda text: "Which store?" in text)
        search(app, "mlruns", "  optuna")
        app.until(lambda text: "mlruns · sweep" in text and " 3 trials" in text and "val/loss" in text)
        app.send("q")
        assert app.wait() == 0


def test_a_study_that_was_named_can_be_left_for_another_and_a_table_has_nothing_else(tmp_path: Path) -> None:
    with opened(tmp_path, project(tmp_path) / "study.db", "--study", "first") as app:
        app.until(lambda text: "study.db · first" in text and "4 trials" in text and "inspecting" not in text)
        app.send(":")
        app.send("another exp")
        app.until(lambda text: "another experiment or store" in text and "next trial" not in text)
        app.send("\r")
        app.until(lambda text: "Which study?" in text and "Esc back to what is open" in text)
        search(app, "second", "  4 trials")
        app.until(lambda text: "study.db · second" in text and " 6 trials" in text)
        app.send("q")
        assert app.wait() == 0
    (tmp_path / "sweep.csv").write_text("trial_id,lr,val_loss\n1,0.1,0.5\n2,0.2,0.4\n3,0.3,0.6\n")
    with opened(tmp_path, tmp_path / "sweep.csv") as app:
        app.until(lambda text: "3 trials" in text and "inspecting" not in text)
        app.send("E")
        app.until(lambda text: "nothing else to pick" in text)
        app.send("q")
        assert app.wait() == 0


def test_what_cannot_be_read_says_so_in_every_pane_and_what_to_press(tmp_path: Path) -> None:
    folder = project(tmp_path)
    with opened(tmp_path, folder, rows=44) as app:
        app.until(lambda text: "Which store?" in text)
        for path in sorted(folder.rglob("mlruns/0/*/meta.yaml")):
            path.write_text("")
        search(app, "mlruns", "  optuna")
        app.until(lambda text: "cannot be read" in text and "R reads again, E opens another, q leaves." in text)
        assert "inspecting" not in app.text
        assert "Collecting" not in app.text
        app.until(lambda text: text.count("Nothing was read. R reads again.") == 2)
        assert all(keys in app.text for keys in ("R read again", "E open another", "q quit"))
        app.send("E")
        app.until(lambda text: "Which store?" in text and "study.db" in text)
        search(app, "study.db", "  mlflow")
        app.until(lambda text: "Which study?" in text)
        search(app, "first", "  6 trials")
        app.until(lambda text: "study.db · first" in text and "4 trials" in text and "inspecting" not in text)
        app.send("q")
        assert app.wait() == 0
