"""What the state of an experiment of Ray Tune says of its trials: settings, how they ended, and their last results.

Ray 0.x writes an object per trial, 1.x to 2.5 the JSON text of one, later versions two texts, of the trial and of its
run. Each time an experiment is resumed another file is written beside the old one: the newest that names a trial
counts. What Ray could write only as a pickle is never opened.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpi_core.errors import SourceError
from hpi_core.tables.ledger import Entry
from hpi_core.tables.run_files import bounded, json_value
from hpi_core.text import safe

_LARGEST = 512 << 20
_PICKLE = "CLOUDPICKLE_FALLBACK"
# Where versions keep the last results that a trial has reported, the newest version first.
_LAST = ("last_result", "_last_result")


@dataclass(frozen=True)
class TrialState:
    """What a state says of one trial, under Ray's own names, and in which file of which experiment.

    `metric` is what the experiment looked for, where its state says so.
    """

    said: Mapping[str, object]
    file: str
    experiment: str
    metric: str | None = None

    def last_result(self) -> dict[str, object]:
        """Return the last results that the trial reported, without settings and pickles; empty where it has none."""
        for name in _LAST:
            found = self.said.get(name)
            if isinstance(found, dict) and any(key not in ("trial_id", "config") for key in found):
                return {str(key): value for key, value in found.items() if key != "config" and not is_pickle(value)}
        analysed = self.said.get("metric_analysis")
        if not isinstance(analysed, dict):
            return {}
        return {str(k): told["last"] for k, told in analysed.items() if isinstance(told, dict) and "last" in told}

    def last_heard(self) -> float | None:
        """Return when the trial last reported, in seconds since 1970."""
        told = [self.said.get(name) for name in ("last_result_time", "last_update_time")]
        return max((float(one) for one in told if isinstance(one, (int, float)) and 0 < one < math.inf), default=None)

    def gpus(self) -> float | None:
        """Return how many GPUs the trial was given; None where the state does not say (later versions pickle it)."""
        told = self.said.get("resources")
        count = told.get("gpu") if isinstance(told, dict) else None
        return float(count) if isinstance(count, (int, float)) and not isinstance(count, bool) else None


def is_state_name(name: str) -> bool:
    """Tell whether a file of this name is the state of an experiment."""
    return name.startswith("experiment_state") and name.endswith(".json")


def is_state(folder: Path, name: str) -> bool:
    """Tell by its name and its beginning whether a file is the state of an experiment."""
    if not is_state_name(name) or not (folder / name).is_file():
        return False
    try:
        with (folder / name).open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return b'"trial_data"' in head or b'"checkpoints"' in head or b'"runner_data"' in head


def is_pickle(value: object) -> bool:
    """Tell whether a value is one that Ray could write only as a pickle."""
    return isinstance(value, dict) and value.get("_type") == _PICKLE


def states_in(folder: Path, names: Iterable[str], root: Path, entries: list[Entry]) -> dict[str, TrialState]:
    """Return name of the trial's folder -> what the newest of the states in an experiment's folder says of the trial.

    Their names end in the time when each began to be written. What cannot be read is told in `entries`.
    """
    found: dict[str, TrialState] = {}
    for name in sorted(name for name in names if is_state_name(name)):
        try:
            document = json_value(bounded(folder / name, root, _LARGEST), name)
        except SourceError as error:
            entries.append(Entry("refused_file", error.message))
            continue
        runner = document.get("runner_data") if isinstance(document, dict) else None
        metric = runner.get("_metric") if isinstance(runner, dict) else None
        for key, said in _trials_of(document, name, entries):
            found[key] = TrialState(said, name, folder.resolve().name, metric if isinstance(metric, str) else None)
    return found


def _trials_of(document: object, name: str, entries: list[Entry]) -> list[tuple[str, dict[str, object]]]:
    told = document.get("trial_data", document.get("checkpoints")) if isinstance(document, dict) else None
    out: list[tuple[str, dict[str, object]]] = []
    for item in told if isinstance(told, list) else []:
        said: dict[str, object] = {}
        for part in item if isinstance(item, list) else [item]:
            try:
                value = json_value(part.encode(), name) if isinstance(part, str) else part
            except SourceError as error:
                entries.append(Entry("refused_record", f"{error.message[:-1]} in the state of a trial"))
                continue
            if isinstance(value, dict):
                said.update(value)
        key = str(said.get("relative_logdir") or said.get("logdir") or said.get("trial_id") or "")
        key = os.path.basename(key.rstrip("/"))  # noqa: PTH119 - of a path of another machine
        if key and key not in (".", ".."):
            out.append((key, said))
    return out


def absences(states: Mapping[Path, TrialState], unheard: Mapping[Path, bool]) -> list[Entry]:
    """Say of how many trials there is no log of results, and whence their last ones are.

    Args:
        states: folder of a trial -> what a state says of it.
        unheard: folder of a trial without results of its own -> whether a state holds its last ones.
    """
    entries = []
    for told in (True, False):
        places = [place for place, known in unheard.items() if known is told]
        if not places:
            continue
        gone = sum(not place.is_dir() for place in places)
        what = f"{len(places):,} trials have" if len(places) > 1 else "1 trial has"
        what += " no folder here" if gone == len(places) else " no results here"
        if told:
            files = sorted({states[place].file for place in places if place in states})
            names = ", ".join(safe(file, 80) for file in files[:3]) + (", …" if len(files) > 3 else "")
            message = f"{what}: their final values are the last results in {names}, and they have no curves"
        else:
            message = f"{what}, and no state of an experiment holds any"
        entries.append(Entry("missing_results", message))
    return entries
