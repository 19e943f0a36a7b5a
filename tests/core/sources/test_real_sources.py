"""What real files of other people become: kind, trials, curve points; or the sentence they are refused with."""

from __future__ import annotations

import pytest

import hpi_core
from hpi_core.errors import SourceError
from hpi_core.tables.table import ReadOptions
from tests.shared_data import DATA, needs_shared

pytestmark = needs_shared

GEO = "02_hpo_bench/geoalgo__*/src/blackbox/offline_evaluations"
CAVE = "11_other/automl__DeepCAVE/logs"

# pattern under the data folder -> kind, trials, curve points (None: no curves)
READ = [
    ("01_sweep_csv/EvergreenTree__di-f-fu-sion/cifar10.csv", "delimited", 2, 1000),
    ("01_sweep_csv/EvergreenTree__di-f-fu-sion/wandb_export.csv", "delimited", 2, 2200),
    ("01_sweep_csv/sdbuch__thinky-manifolds/wandb_results.csv", "delimited", 31, None),
    ("01_sweep_csv/UBC-MDS__DSCI522_group17/results/cv_results.csv", "delimited", 5, None),
    ("01_sweep_csv/facebookresearch__hiplot/assets/data/ml1.csv", "delimited", 356, 13936),
    ("01_sweep_csv/lazy-fortran__fortml-bench/results/training_imputer.csv", "delimited", 32, None),
    ("01_sweep_csv/automl__DeepCAVE/logs/DataFrame/run_2/trials.csv", "delimited", 88, None),
    ("02_hpo_bench/ds-brx__QTT/plots/data/FGVC-Aircraft/QT.csv", "delimited", 10, 1200),
    ("02_hpo_bench/ds-brx__QTT/plots/data/FGVC-Aircraft/*.csv", "delimited", 40, 4800),
    ("02_hpo_bench/pypi__lcdb/database-accuracy.first6000rows.csv", "delimited", 6000, None),
    (f"{GEO}/DeepAR.csv.zip", "delimited", 2510, None),
    (f"{GEO}/nas_bench102.csv.zip", "delimited", 46875, None),
    ("02_hpo_bench/mlfoundations__scaling/exp_data/grid.json", "json", 435, None),
    ("02_hpo_bench/mlfoundations__scaling/exp_data/models/*.json", "json", 31, None),
    ("08_logs/facebookresearch__DomainBed/domainbed/misc/test_sweep_data/*/results.jsonl", "jsonl", 10, 500),
    (f"{CAVE}/SMAC3v1/mlp/run_1/traj.json", "jsonl", 7, None),
    (f"{CAVE}/AMLTK/smac_optimizer/run_1/history.parquet", "parquet", 42, None),
    ("12_curves/deepobs_trials.csv", "delimited", 1080, None),
    ("12_curves/deepobs_curves.parquet", "parquet", 1080, 562410),
    ("12_curves/algoperf_*", "delimited+parquet", 610, 292333),
]

REFUSED = [
    (
        "02_hpo_bench/learning-curve-research__LCDB-1.1/docs/data/er/1040.json",
        "nested lists 4 levels deep (28 x 2 x 137",
    ),
    (f"{CAVE}/SMAC3v1/mlp/run_1/runhistory.json", "data holds lists within lists"),
    (f"{CAVE}/DeepCAVE/minimal/run_1/history.jsonl", "one JSON list per line"),
    ("01_sweep_csv/automl__DeepCAVE/logs/DataFrame/run_1", "tables of different shapes: configspace, trials"),
    ("12_curves", "different shapes"),
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
