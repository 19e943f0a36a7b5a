"""A file that is a part of a run, named by itself: the whole run is read, as if its folder had been named.

Else the same file would tell two stories: with the settings and the ending that lie beside it, and without them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

from hpi_core.errors import SourceError
from hpi_core.readers._ray_state import is_state
from hpi_core.readers.contract import StoreReader
from hpi_core.tables.content import Content
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import Found, is_address
from hpi_core.text import safe

# Files of runs as tools name them -> names of which one lies beside them if they are that (none: they always are).
_PARTS: dict[str, tuple[str, ...]] = {
    "trainer_state.json": (),
    "metrics.csv": ("hparams.yaml", "meta_tags.csv"),
    "hparams.yaml": ("metrics.csv",),
    "meta_tags.csv": ("metrics.csv",),
    "result.json": ("params.json",),
    "progress.csv": ("params.json",),
    "params.json": ("result.json", "progress.csv"),
}
# Files in the folder `files` of a run of Weights & Biases.
_WANDB = frozenset(["wandb-summary.json", "wandb-metadata.json", "config.yaml", "output.log", "requirements.txt"])


def whole_run(found: Found, choose: Callable[[str], StoreReader | None]) -> tuple[Found, list[Entry]]:
    """Return what was found with a single file that is part of a run replaced by the folder of the run.

    Raises:
        SourceError: the file describes a run of an MLflow store, which is read as a whole only.
    """
    path = found.contents[0].path if len(found.contents) == 1 else None
    if path is None:
        return found, []
    folder = _folder_of(path)
    reader = choose(str(folder)) if folder is not None else None
    if folder is None or reader is None:
        _refuse_description(path, choose)
        return found, []
    whole = is_state(folder, path.name)
    if not whole and reader.runs_below is not None and len(list(islice(reader.runs_below(folder), 2))) != 1:
        return found, []  # other runs lie below: they were not named
    content = Content(found.contents[0].name, place=str(folder))
    home = safe(folder.resolve().name, 120)
    message = f"{safe(path.name)} is a part of the {'experiment' if whole else 'run'} in {home}, which was read whole"
    return replace(found, contents=(content,)), [Entry("chosen", message)]


def _folder_of(path: Path) -> Path | None:
    folder = path.parent
    if is_state(folder, path.name):
        return folder
    if path.name in _PARTS:
        beside = _PARTS[path.name]
        return folder if not beside or any((folder / name).is_file() for name in beside) else None
    if path.name in _WANDB and folder.resolve().name == "files":
        return folder.resolve().parent
    return None


def _refuse_description(path: Path, choose: Callable[[str], StoreReader | None]) -> None:
    store = _mlflow_above(path, choose) if path.name == "meta.yaml" else None
    if store is not None:
        raise SourceError(f"{safe(path.name)} describes a part of the MLflow store {store}.", _name_it(store))


def part_of_store(found: Found, choose: Callable[[str], StoreReader | None]) -> SourceError | None:
    """Return the sentence for a folder in which no sweep was found because it is a part of a store of MLflow."""
    place = found.contents[0].place if len(found.contents) == 1 else None
    store = _mlflow_above(Path(place).expanduser(), choose) if place is not None and not is_address(place) else None
    if place is None or store is None:
        return None
    return SourceError(f"The folder {safe(place)} is a part of the MLflow store {store}.", _name_it(store))


def _mlflow_above(path: Path, choose: Callable[[str], StoreReader | None]) -> str | None:
    """Return the widest store of MLflow in which a file or a folder lies, at most five levels up."""
    found = None
    for above in path.absolute().parents[:5]:
        reader = choose(str(above)) if (above / "meta.yaml").exists() or found or above == path.parent else None
        if reader is not None and reader.name == "mlflow":
            found = safe(str(above))
        elif found:
            break
    return found


def _name_it(store: str) -> str:
    return f"Name the store, as in `hpi inspect '{store}'`; every run in it is a trial."
