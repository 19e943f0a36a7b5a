"""Real files of other people, each looked at by eye: trials, columns, roles and repairs, or the sentence of refusal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl
import pytest

import hpi_core
from hpi_core.errors import SourceError
from tests.shared_data import DATA, needs_shared

pytestmark = needs_shared


@dataclass(frozen=True)
class Real:
    """What a file is: trials, columns, curve points (None: no curves), roles by name, ledger kinds with counts.

    `hyperparameters` are all of them joined by `|`, or the first of `count`.
    """

    trials: int
    columns: int
    points: int | None = None
    id: str | None = None
    status: str | None = None
    seed: str | None = None
    group: str | None = None
    objective: tuple[str, str | None] | None = None
    hyperparameters: str = ""
    count: int | None = None
    environment: str = ""
    ledger: dict[str, int] = field(default_factory=dict)


EVER = "01_sweep_csv/EvergreenTree__di-f-fu-sion"
UBC = "01_sweep_csv/UBC-MDS__DSCI522_group17/results"
CAVE = "01_sweep_csv/automl__DeepCAVE/logs/DataFrame"
TIMM = "01_sweep_csv/huggingface__pytorch-image-models/results"
FORT = "01_sweep_csv/lazy-fortran__fortml-bench/results"
SCALING = "02_hpo_bench/mlfoundations__scaling/exp_data"
QTT = "02_hpo_bench/ds-brx__QTT/plots/data/FGVC-Aircraft"
GEO = "02_hpo_bench/geoalgo__*/src/blackbox/offline_evaluations"
PERF = "02_hpo_bench/mlcommons__submissions_algorithms/previous_leaderboards/algoperf_v05/logs/external_tuning"
LCDB = "02_hpo_bench/learning-curve-research__LCDB-1.1/docs/data/er"
FAIR = "10_fairness/algofairness__fairness-comparison/fairness/results"
FAIR_ALL = "10_fairness/algofairness__fairness-comparison/analysis/correlation-vis"

# The objective is asked (None) where metrics tie: CRPS and RMSE, a plain and a CTC loss of different workloads, values
# of many kinds in one column. Where a configuration runs again at a higher budget, its number is not the trial's id.
# fmt: off
READ = {
    f"{EVER}/cifar10.csv": Real(
        2, 2, points=998, id="run", objective=("train/loss", "min"),
        ledger={"dropped_columns": 4, "incomplete": 1, "incomplete_step": 1, "reshaped": 500},
    ),
    f"{EVER}/wandb_export.csv": Real(
        2, 2, points=2199, id="run", objective=("train/loss", "min"),
        ledger={"dropped_columns": 4, "incomplete": 1, "incomplete_step": 1, "reshaped": 1170},
    ),
    f"{UBC}/cv_results.csv": Real(5, 5, id="col_1", objective=("test_score", "max"), ledger={"name": 1}),
    f"{UBC}/tuned_cv_results.csv": Real(2, 5, id="col_1", objective=("test_score", "max"), ledger={"name": 1}),
    f"{CAVE}/run_1/trials.csv": Real(
        20, 12, id="config_id", status="status", seed="seed",
        objective=("metric:normal [0.0; 1.0] (maximize)", "max"),
        hyperparameters="alpha|batch_size|depth|learning_rate_init",
    ),
    f"{CAVE}/run_2/trials.csv": Real(
        88, 9, status="status", seed="seed",
        objective=("metric:accuracy [0.0; 1.0] (maximize)", "max"), hyperparameters="max_samples|n_estimators",
    ),
    f"{CAVE}/run_3/trials.csv": Real(
        42, 10, id="config_id", status="status", seed="seed",
        objective=("metric:accuracy [0.0; 1.0] (maximize)", "max"),
        hyperparameters="criterion|max_features|n_estimators|SimpleImputer_strategy",
    ),
    "01_sweep_csv/facebookresearch__hiplot/assets/data/ml1.csv": Real(
        356, 8, points=13936, id="uid", objective=("valid ppl", "min"), hyperparameters="dropout|embedding_size|lr",
        ledger={"reshaped": 6968},
    ),
    f"{TIMM}/benchmark-train-amp-nchw-pt112-cu113-rtx3090.csv": Real(
        838, 6, id="model", hyperparameters="train_batch_size|train_img_size",
    ),
    f"{TIMM}/results-imagenet.csv": Real(
        1556, 9, objective=("top1_err", "min"), hyperparameters="img_size|crop_pct|interpolation",
        ledger={"thousands": 5},
    ),
    f"{TIMM}/results-sketch.csv": Real(
        1556, 12, objective=("top1_err", "min"), hyperparameters="img_size|crop_pct|interpolation",
        ledger={"thousands": 5},
    ),
    f"{FORT}/mlp_minibatch_adam_hypergradient.csv": Real(
        21, 24, status="status", group="workload", hyperparameters="phase|backend", environment="device",
    ),
    f"{FORT}/training_imputer.csv": Real(
        32, 27, status="status", group="workload",
        hyperparameters="phase|variant|backend|n_samples|n_features|n_hidden",
    ),
    "01_sweep_csv/sdbuch__thinky-manifolds/wandb_results.csv": Real(
        31, 11, id="run_name", status="state", objective=("test_loss", "min"),
        hyperparameters="manifold_steps|admm_rho",
    ),
    f"{SCALING}/eval_metadata.csv": Real(51, 8, hyperparameters="Task Category|Task Type|#shots|Random baseline"),
    f"{SCALING}/grid.json": Real(435, 5, id="name", objective=("value", None), hyperparameters="d|l|h"),
    "02_hpo_bench/pypi__lcdb/database-accuracy.first6000rows.csv": Real(
        6000, 10, seed="inner_seed", group="openmlid", objective=("score_valid", "max"),
        hyperparameters="learner|size_train",
    ),
    f"{FAIR_ALL}/all_sampled_0.5class_0.5priv.csv": Real(
        2224, 26, group="attribute", objective=("accuracy", "max"), hyperparameters="algorithm", ledger={"name": 1},
    ),
    f"{FAIR}/ZafarFairness-DIavgall_german_age_numerical-binsensitive.csv": Real(
        100, 172, objective=("accuracy", "max"), ledger={"name": 42},
    ),
    f"{FAIR}/before-rerun/adult_race_numerical-binsensitive.csv": Real(
        8, 172, id="run-id", objective=("accuracy", "max"), ledger={"name": 42},
    ),
    f"{FAIR}/before-rerun/german_age_numerical-binsensitive.csv": Real(
        20, 172, objective=("accuracy", "max"), hyperparameters="algorithm", ledger={"name": 42},
    ),
    f"{FAIR}/two-gaussians_sensitive-attr_numerical-binsensitive.csv": Real(
        67, 60, objective=("accuracy", "max"), hyperparameters="algorithm",
    ),
    "10_fairness/nagendran-84__LJMU-MSML/results/fairness_metrics.csv": Real(5, 5, id="Model"),
    "10_fairness/sanjaybasu__healthcare-world-model/results/fairness_results.csv": Real(
        2, 5, id="col_1", ledger={"name": 1},
    ),
    "12_curves/algoperf_curves.parquet": Real(610, 9, points=292333, id="trial_id", ledger={"reshaped": 292333}),
    "12_curves/algoperf_trials.csv": Real(
        610, 66, id="trial_id", group="workload",
        hyperparameters="framework|hp.style|hp.beta1|hp.beta2|hp.converge|hp.l2|hp.warmup|hp.eta_overrides|hp.optimizer|hp.dropout_rate",
        count=44,
    ),
    "12_curves/deepobs_curves.parquet": Real(
        1080, 5, points=562410, id="trial_id", objective=("test_losses", "min"), ledger={"reshaped": 562410},
    ),
    "12_curves/deepobs_trials.csv": Real(
        1080, 32, id="trial_id", seed="random_seed", group="testproblem", objective=("test_losses_final", "min"),
        hyperparameters="optimizer|num_epochs|batch_size|beta1|beta2|epsilon|lr|momentum|use_nesterov",
    ),
    f"{QTT}/QT.csv": Real(
        10, 3, points=1200, id="run", seed="seed", objective=("value", None), ledger={"reshaped": 120},
    ),
    f"{QTT}/*.csv": Real(
        40, 4, points=4800, seed="seed", group="file", objective=("value", None), ledger={"reshaped": 480},
    ),
    f"{GEO}/DeepAR.csv.zip": Real(
        2510, 15, group="task",
        hyperparameters="hp_num_layers|hp_num_cells|hp_dropout_rate_log|hp_learning_rate_log|hp_num_batches_per_epoch_log|hp_context_length_ratio_log",
        environment="dataset_time_freq|dataset_prediction_length",
    ),
    f"{GEO}/nas_bench102.csv.zip": Real(
        46875, 14, group="task", objective=("metric_test_accuracy", "max"),
        hyperparameters="hp_x0|hp_x1|hp_x2|hp_x3|hp_x4|hp_x5",
    ),
    f"{SCALING}/models/*.json": Real(
        31, 27, id="name", seed="hyperparameters.seed", group="dataset_name",
        hyperparameters="hyperparameters.model|hyperparameters.tokens|hyperparameters.warmup|hyperparameters.global_bs|hyperparameters.acc|hyperparameters.params|hyperparameters.params_no_embed|hyperparameters.fsdp_flags|hyperparameters.chinchilla_multiplier",
        environment="dataset_uuid",
    ),
    "12_curves/algoperf_*": Real(
        610, 66, points=292333, id="trial_id", group="workload",
        hyperparameters="framework|hp.style|hp.beta1|hp.beta2|hp.converge|hp.l2|hp.warmup|hp.eta_overrides|hp.optimizer|hp.dropout_rate",
        count=44, ledger={"reshaped": 292943},
    ),
    "12_curves/deepobs_*": Real(
        1080, 32, points=562410, id="trial_id", seed="random_seed", group="testproblem",
        objective=("test_losses_final", "min"),
        hyperparameters="optimizer|num_epochs|batch_size|beta1|beta2|epsilon|lr|momentum|use_nesterov",
        ledger={"reshaped": 563490},
    ),
    f"{PERF}/amos/study_0/criteo1tb_embed_init_jax/*/measurements.csv": Real(
        1, 14, points=713, objective=("validation/loss", "min"), ledger={"reshaped": 165},
    ),
    f"{PERF}/amos/study_0/criteo1tb_embed_init_jax/*/eval_measurements.csv": Real(
        1, 12, points=512, objective=("validation/loss", "min"), ledger={"reshaped": 64},
    ),
    f"{PERF}/amos/study_0/criteo1tb_embed_init_jax/*/hparams.json": Real(
        5, 12, id="file",
        hyperparameters="style|beta1|beta2|converge|l2|warmup|eta_overrides|dropout_rate|aux_dropout_rate|label_smoothing",
    ),
    f"{PERF}/baseline/study_0/ogbg_jax/*/measurements.csv": Real(
        5, 21, points=11165, id="file", objective=("validation/loss", "min"), ledger={"reshaped": 3275},
    ),
    f"{PERF}/baseline/study_0/ogbg_jax/*/eval_measurements.csv": Real(
        5, 19, points=5390, id="file", objective=("validation/loss", "min"), ledger={"reshaped": 385},
    ),
    f"{PERF}/baseline/study_0/ogbg_jax/*/hparams.json": Real(
        5, 8, id="file",
        hyperparameters="dropout_rate|label_smoothing|learning_rate|one_minus_beta1|beta2|weight_decay|warmup_factor",
    ),
    f"{PERF}/generalized_adam/study_4/librispeech_conformer_jax/*/measurements.csv": Real(
        # Its lr is a schedule, written at every step: nobody chose the last value of it.
        5, 19, points=3765, id="file", objective=("validation/ctc_loss", "min"), ledger={"reshaped": 720},
    ),
    f"{PERF}/generalized_adam/study_4/librispeech_conformer_jax/*/eval_measurements.csv": Real(
        5, 16, points=2263, id="file", objective=("validation/ctc_loss", "min"), ledger={"reshaped": 215},
    ),
    f"{PERF}/generalized_adam/study_4/librispeech_conformer_jax/*/hparams.json": Real(
        5, 12, id="file",
        hyperparameters="learning_rate|beta1|beta2|weight_decay|warmup_steps_fraction|disable_preconditioning|dropout_rate|aux_dropout_rate|label_smoothing|cosine_decay_fraction",
    ),
    f"{PERF}/nadamp/study_1/librispeech_deepspeech_jax/*/measurements.csv": Real(
        5, 18, points=5984, id="file", objective=("validation/ctc_loss", "min"),
        ledger={"repeated_step": 5, "reshaped": 2394},
    ),
    f"{PERF}/nadamp/study_1/librispeech_deepspeech_jax/*/eval_measurements.csv": Real(
        5, 16, points=1474, id="file", objective=("validation/ctc_loss", "min"), ledger={"reshaped": 134},
    ),
    f"{PERF}/nadamp/study_1/librispeech_deepspeech_jax/*/hparams.json": Real(
        5, 12, id="file",
        hyperparameters="learning_rate|beta1|beta2|weight_decay|warmup_steps_fraction|power|dropout_rate|aux_dropout_rate|label_smoothing|cosine_decay_fraction",
    ),
    f"{PERF}/shampoo_submission/study_1/criteo1tb_pytorch/*/measurements.csv": Real(
        5, 15, points=2768, id="file", objective=("validation/loss", "min"),
        ledger={"repeated_step": 4, "reshaped": 791},
    ),
    f"{PERF}/shampoo_submission/study_1/criteo1tb_pytorch/*/eval_measurements.csv": Real(
        5, 13, points=1704, id="file", objective=("validation/loss", "min"), ledger={"reshaped": 213},
    ),
    f"{PERF}/shampoo_submission/study_1/criteo1tb_pytorch/*/hparams.json": Real(
        5, 24, id="file",
        hyperparameters="learning_rate|one_minus_beta1|one_minus_beta2|one_minus_momentum|use_momentum|weight_decay|inv_root_override|grafting_type|warmup_factor|label_smoothing",
        count=13,
    ),
}
# fmt: on

REFUSED = {
    f"{CAVE}/run_1/configspace.csv": "describes a search space (one row per hyperparameter), not trials.",
    f"{CAVE}/run_2/configspace.csv": "describes a search space (one row per hyperparameter), not trials.",
    f"{CAVE}/run_3/configspace.csv": "describes a search space (one row per hyperparameter), not trials.",
    f"{LCDB}/1000.json": "holds nested lists 4 levels deep (28 x 2 x 137 x 3), whose values have no names.",
    f"{LCDB}/1040.json": "holds nested lists 4 levels deep (28 x 2 x 137 x 3), whose values have no names.",
    f"{LCDB}/1049.json": "holds nested lists 4 levels deep (28 x 2 x 137 x 3), whose values have no names.",
    # Curves of two studies with nothing in common.
    "12_curves": "different shapes",
}

# Columns whose types are easily lost: sums of commits and numbers, thousands, gaps, times as numbers.
TYPES: dict[str, dict[str, object]] = {
    f"{FORT}/training_imputer.csv": {"fortml_revision": pl.String, "value": pl.Float64, "n_hidden": pl.Int64},
    f"{TIMM}/results-imagenet.csv": {"param_count": pl.Float64, "img_size": pl.Int64, "crop_pct": pl.Float64},
    f"{TIMM}/results-sketch.csv": {"rank_diff": pl.Int64, "top1_diff": pl.Float64},
    f"{CAVE}/run_1/trials.csv": {"seed": pl.Int64, "start_time": pl.Int64, "additional": pl.String},
    f"{CAVE}/run_3/trials.csv": {"start_time": pl.Float64, "config_id": pl.String},
    "01_sweep_csv/sdbuch__thinky-manifolds/wandb_results.csv": {"admm_rho": pl.Float64, "manifold_steps": pl.Int64},
    "12_curves/deepobs_trials.csv": {"epsilon": pl.Float64, "train_losses_final": pl.Float64, "beta1": pl.Float64},
}
STATUSES = {
    f"{FORT}/mlp_minibatch_adam_hypergradient.csv": {"completed": 14, "pruned": 7},
    f"{CAVE}/run_2/trials.csv": {"completed": 88},
    "01_sweep_csv/sdbuch__thinky-manifolds/wandb_results.csv": {"completed": 31},
    "12_curves/deepobs_trials.csv": {"completed": 860, "unknown": 220},
    f"{TIMM}/benchmark-train-amp-nchw-pt112-cu113-rtx3090.csv": {"unknown": 838},
}


@pytest.mark.parametrize("pattern", READ)
def test_a_real_file_is_what_the_eye_says(pattern: str) -> None:
    expected = READ[pattern]
    sweep = hpi_core.read(DATA / pattern)
    roles = sweep.roles
    names = [p.name for p in roles.hyperparameters]
    counts = sweep.ledger.group_by("kind").agg(pl.col("count").sum()).sort("kind").rows()
    shown = names if expected.count is None else names[: len(expected.hyperparameters.split("|"))]
    assert (
        Real(
            sweep.trials.height,
            sweep.trials.width - 2,
            None if sweep.curves is None else sweep.curves.collect().height,
            roles.id,
            roles.status,
            roles.seed,
            roles.group,
            None if roles.objective is None else (roles.objective.metric, roles.objective.direction),
            "|".join(shown),
            None if expected.count is None else len(names),
            "|".join(roles.environment),
            dict(counts),
        )
        == expected
    )


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_is_no_sweep_is_refused_in_a_true_sentence(pattern: str) -> None:
    with pytest.raises(SourceError) as caught:
        hpi_core.read(DATA / pattern)
    assert REFUSED[pattern] in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("pattern", TYPES)
def test_values_keep_their_types(pattern: str) -> None:
    schema = hpi_core.read(DATA / pattern).trials.schema
    assert {name: schema[name] for name in TYPES[pattern]} == TYPES[pattern]


@pytest.mark.parametrize("pattern", STATUSES)
def test_trials_ended_as_the_file_says(pattern: str) -> None:
    statuses = hpi_core.read(DATA / pattern).trials["_status"]
    assert Counter(statuses.to_list()) == STATUSES[pattern]


def test_the_folder_of_a_study_opens_its_trials() -> None:
    sweep = hpi_core.read(DATA / CAVE / "run_1")
    assert sweep.trials.height == 20
    assert sweep.ledger["kind"].to_list() == ["refused_file"]
    assert "search space" in sweep.ledger["message"][0]
