"""What real files of other people become: kind, trials, curve points; or the sentence they are refused with."""

from __future__ import annotations

import pytest

import hpi_core
from hpi_core.errors import SourceError
from hpi_core.tables.table import ReadOptions
from tests.shared_data import DATA, needs_shared

pytestmark = needs_shared

CAVE = "11_other/automl__DeepCAVE/logs"

# pattern under the data folder -> kind, trials, curve points (None: no curves)
READ = [
    ("08_logs/facebookresearch__DomainBed/domainbed/misc/test_sweep_data/*/results.jsonl", "jsonl", 10, 500),
    (f"{CAVE}/SMAC3v1/mlp/run_1/traj.json", "jsonl", 7, None),
    (f"{CAVE}/SMAC3v1/mlp/run_1/runhistory.json", "smac", 20, None),
    (f"{CAVE}/AMLTK/smac_optimizer/run_1/history.parquet", "parquet", 42, None),
    ("12_curves/algoperf_*", "delimited+parquet", 610, 292333),
]

REFUSED = [
    (f"{CAVE}/DeepCAVE/minimal/run_1/history.jsonl", "one JSON list per line"),
]


@pytest.mark.parametrize(("pattern", "kind", "trials", "points"), READ, ids=[case[0][-50:] for case in READ])
def test_a_real_file_becomes_trials_and_curves(pattern: str, kind: str, trials: int, points: int | None) -> None:
    sweep = hpi_core.read(DATA / pattern, options=ReadOptions(complete=True))
    assert (sweep.source.kind, sweep.trials.height) == (kind, trials)
    assert (None if sweep.curves is None else sweep.curves.collect().height) == points


@pytest.mark.parametrize(("pattern", "words"), REFUSED, ids=[case[0][-50:] for case in REFUSED])
def test_what_is_no_sweep_is_refused_in_a_true_sentence(pattern: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        hpi_core.read(DATA / pattern)
    assert words in caught.value.message
    assert caught.value.hint
