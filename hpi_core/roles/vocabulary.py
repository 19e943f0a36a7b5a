"""The words people and tools name columns with: what each says about a column's role, quantity and direction.

Plain data. Words are lower case; names are split into words by `hpi_core.roles.names`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpi_core.roles.model import Direction, Split

Namespace = Literal["parameter", "metric", "attribute", "system", "tag", ""]
Family = Literal["loss", "error", "accuracy", "other"]


def words(text: str) -> tuple[str, ...]:
    """Return the words of a block of text."""
    return tuple(text.split())


# Prefixes with which tools say where a column comes from; the longest match wins.
PREFIXES: Mapping[str, Namespace] = {
    **dict.fromkeys(
        (
            "params_", "param_", "params.", "param.", "params/", "param/", "config/", "config.", "config_", "hp.",
            "hp/", "hp_", "hparams.", "hparams/", "hparams_", "hparam.", "hparam/", "hparam_",
            "hyperparameters/", "args_",
            "hyperparameters.", "hyperparameters_", "hyperparameter.", "hyperparam.", "args.",
            "args/", "cfg.", "cfg/",
            "cfg_", "config:", "params:", "param:", "hp:", "parameters/", "parameters.", "search_space.",
        ),
        "parameter",
    ),
    **dict.fromkeys(
        ("metrics.", "metrics/", "metrics:", "metrics_", "metric.", "metric/", "metric:", "metric_"), "metric"
    ),
    **dict.fromkeys(("summary/", "summary."), "metric"),
    **dict.fromkeys(("user_attrs_", "user_attrs.", "user_attrs/", "perf/"), "attribute"),
    **dict.fromkeys(("system_attrs_", "system_attrs.", "tags.mlflow.", "intermediate_values_", "_wandb"), "system"),
    **dict.fromkeys(("tags.", "tags/", "tag."), "tag"),
}  # fmt: skip

SPLITS: Mapping[str, Split] = {
    **dict.fromkeys(("train", "training", "tr", "fit"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "evaluation", "holdout", "oof", "cv"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}  # fmt: skip

# Which reading of a metric over time a column holds: 0 the value at the end, 1 a best or extreme, 2 the first.
VARIANTS: Mapping[str, int] = {
    "final": 0, "last": 0, "end": 0, "best": 1, "min": 1, "max": 1, "lowest": 1, "highest": 1, "median": 1,
    "first": 2, "initial": 2, "start": 2,
}  # fmt: skip
SPREAD = frozenset(
    words(
        """
        std stderr stdev sem var variance ci ci95 iqr
        """
    )
)
COUNTS = frozenset(
    words(
        """
        len nonfinite count nan nans infs n_evals
        """
    )
)
COMPARISONS = frozenset(
    words(
        """
        ratio diff difference gap over delta disparity rank comparative
        """
    )
)

_LOSS = words(
    """
    loss nll bce xent crossentropy objective_loss elbo_loss
    """
)
_ERROR = words(
    """
    error err mse rmse mae mape smape msle rmsle wer cer per regret perplexity ppl bpb bpc crps logloss deviance
    risk residual nmse medae
    """
)
_ACCURACY = words(
    """
    acc accuracy top1 top5 top10 acc1 acc5
    """
)
_UP = words(
    """
    auc auroc auprc roc_auc pr_auc ap map map50 mar f1 f2 fbeta precision recall r2 bleu rouge rouge1 rouge2
    rougel meteor ssim psnr iou miou jaccard dice score reward return win exact_match em mfu hits ndcg mrr mcc
    kappa tpr tnr bcr sensitivity specificity utility winrate success_rate elo elbo likelihood
    """
)
_DOWN = words(
    """
    fid kl kld ece mce brier fpr fnr f_fpr f_oae f_dp f_meo cost penalty hausdorff lpips edit_distance ce
    """
)
_UNSIGNED = words(
    """
    metric value norm grad_norm gradient_norm entropy sparsity divergence margin cv dibinary diavgall
    calibration lift objective fitness correlation spearman pearson
    """
)

# word -> (standard quantity, direction, family); the family decides which metric is the objective.
QUANTITIES: Mapping[str, tuple[str, Direction | None, Family]] = {
    **dict.fromkeys(_LOSS, ("loss", "min", "loss")),
    **{word: (word, "min", "error") for word in _ERROR},
    "err": ("error", "min", "error"),
    "ppl": ("perplexity", "min", "error"),
    **dict.fromkeys(_ACCURACY, ("accuracy", "max", "accuracy")),
    **{word: (word, "max", "other") for word in _UP},
    "auroc": ("auc", "max", "other"),
    "roc_auc": ("auc", "max", "other"),
    **{word: (word, "min", "other") for word in _DOWN},
    **{word: (word, None, "other") for word in _UNSIGNED},
}
# What so many samples, tokens or steps in a second are: better high, but nothing that a sweep is ranked by.
THROUGHPUT = "throughput"

# Words that only count as a quantity where nothing else in the name does: they mean much else besides.
SHY = frozenset(
    words(
        """
        ce per map ap em value metric norm score cost return objective margin cv hits win max min
        """
    )
)

# Words that count, whatever they count: alone or after one of `COUNTED_WHAT` they are resources, else they are
# settings or unknown (`manifold_steps`).
COUNTING = frozenset(
    words(
        """
        epoch epochs step steps iter iters iteration iterations timestep timesteps episodes updates tokens samples
        """
    )
)
COUNTED_WHAT = frozenset(
    words(
        """
        global current total env train training last best trained completed actual final stopped seen run ran of
        finished done eval optimizer gradient since
        """
    )
)
# Shy words that are settings as often as measurements; their values decide.
EITHER = frozenset(words("margin cost norm win hits cv per"))

# A name that ends in one of these is a setting, whatever it is a setting of: `loss_weight`, `score_threshold`.
SETTING_TAILS = frozenset(
    words(
        """
        weight weights coef coeff coefficient coefficients scale scaling threshold lambda alpha beta gamma size
        limit clip clipping decay temperature factor eps epsilon type fn function mode kind name dim dims dimension
        layers units smoothing schedule scheduler patience interval freq frequency every overrides exponent
        multiplier power fraction cycles penalty_weight strength bits averaging reduction dtype path dir
        """
    )
)

# How a learning rate ends, whatever it is of: `entropy_learning_rate` is no entropy.
LEARNING_RATES = frozenset(words("lr learning_rate"))

# Names of hyperparameters, as words or runs of words joined by `_`.
PARAMETERS = frozenset(
    words(
        """
        lr learning_rate eta eta0 step_size max_lr min_lr base_lr lr_init init_lr lr_decay lr_scheduler scheduler
        schedule batch_size batchsize bs mini_batch_size minibatch micro_batch_size wd weight_decay momentum
        nesterov dropout droprate drop_rate drop_path droppath beta beta1 beta2 betas eps epsilon rho optimizer
        optim opt solver hidden hidden_size hidden_dim hidden_units n_hidden num_hidden hidden_layers layers
        n_layers num_layers nlayers depth width heads n_heads num_heads nhead embed_dim embedding_size embedding_dim
        d_model d_ff ffn_dim warmup warmup_steps warmup_ratio gamma alpha lambda lam n_estimators num_trees trees
        max_depth min_child_weight subsample colsample_bytree colsample num_leaves min_samples_leaf
        min_samples_split max_features max_samples max_iter criterion splitter kernel degree c penalty l1 l2
        l1_ratio l1_reg l2_reg reg_alpha reg_lambda regularization reg activation act nonlinearity initializer init
        init_scale normalization norm_layer batch_norm batchnorm layer_norm bn ln pooling pool kernel_size filters
        n_filters num_filters channels stride padding augment augmentation mixup cutmix label_smoothing clip
        clip_norm grad_clip gradient_clip max_grad_norm clip_grad accumulation gradient_accumulation_steps
        grad_accum num_epochs n_epochs max_epochs total_epochs total_timesteps max_timesteps num_timesteps
        nb_epochs num_train_epochs max_steps total_steps num_steps
        train_steps num_iterations update_rule architecture arch backbone encoder decoder model_type model_size tau
        temperature top_k top_p context_length seq_len sequence_length max_len max_length vocab_size rank lora_rank
        lora_alpha r img_size image_size input_size resolution crop_pct interpolation bootstrap scaler strategy
        imputer n_neighbors neighbors leaf_size algorithm learner classifier regressor n_components noise sigma
        sigma_noise exploration discount gae_lambda ent_coef vf_coef entropy_coef clip_range n_steps buffer_size
        horizon quantization precision_mode mixed_precision amp dtype ema polyak cosine_decay nesterov use_nesterov
        k p q n_bins num_bins bins loss_fn loss_function loss_type criterion_name tokenizer method variant workers
        num_workers train_batch_size eval_batch_size train_img_size val_split train_split test_size framework
        backend phase block_size patch_size expansion growth_rate cell_size min_delta n_train n_test n_validation
        n_samples n_features size_train size_test train_size val_size
        """
    )
)

# What a name says beyond numbers, by the whole name (words joined by `_`).
IDS: Mapping[str, int] = {
    "trial_id": 100, "trialid": 100, "run_id": 98, "runid": 98, "uid": 97, "run_uuid": 97, "uuid": 96, "id": 95,
    "trial_uid": 95, "config_id": 90, "configuration_id": 90, "job_id": 88, "slurm_job_id": 88, "jobid": 88,
    "slurm_jobid": 88, "array_job_id": 60, "array_task_id": 55, "task_id": 54, "experiment_id": 50, "exp_id": 50,
    "number": 86, "trial_number": 86, "trial_num": 86, "run_number": 84, "trial_name": 84, "run_name": 83,
    "trial": 82, "run": 81, "name": 70, "experiment_name": 60, "exp_name": 60, "display_name": 60, "job": 55,
    "index": 45, "idx": 45, "": 40, "unnamed": 40, "unnamed_0": 40, "column_1": 40, "col_1": 40,
    "model_name": 36, "model": 35,
    "checkpoint": 20, "world": 10,
}  # fmt: skip
STRONG_ID = 81

STATUSES: Mapping[str, int] = {
    "status": 10, "state": 9, "run_status": 9,
    "trial_status": 9, "trial_state": 9, "run_state": 9, "job_state": 9,
    "job_status": 9, "exit_status": 8, "final_status": 8, "slurm_state": 8, "outcome": 7, "exit_code": 6,
    "exitcode": 6, "return_code": 6, "returncode": 6, "retcode": 6, "result": 4, "failed": 5,
    "crashed": 5, "success": 5,
    "succeeded": 5, "is_failed": 5, "completed": 4, "finished": 4, "done": 3, "oom": 2, "timed_out": 2, "diverged": 2,
    "is_success": 5, "has_failed": 5, "pruned": 2,
}  # fmt: skip

SEEDS = frozenset(
    words(
        """
        seed random_seed rng_seed rng random_state seed_id rand_seed torch_seed np_seed numpy_seed data_seed
        model_seed manual_seed init_seed outer_seed inner_seed replicate replication repeat
        """
    )
)

# Words of environment: a name that is one of these, or holds one of the telling words.
ENVIRONMENT = frozenset(
    words(
        """
        host hostname node nodename nodelist node_ip node_list machine gpu gpus gpu_name gpu_type gpu_id gpu_count
        gpu_model gpu_driver device device_name device_type devices cuda cuda_version cudnn partition queue cluster
        rank local_rank world_size driver driver_version pid ppid cpu cpus cpu_count cpu_type cpu_model num_gpus
        n_gpus num_cpus ip ip_address nodes num_nodes slurm_nodelist slurm_partition accelerator os platform region
        zone instance instance_type worker worker_id host_name site container
        """
    )
)

GROUPS: Mapping[str, int] = {
    "testproblem": 50, "test_problem": 50,
    "workload": 50, "dataset": 49, "dataset_name": 49, "task": 48,
    "task_name": 48, "benchmark": 48, "problem": 47, "openmlid": 47, "openml_id": 47, "data": 40,
    "env": 40, "env_id": 40,
    "sweep": 39, "sweep_id": 39, "sweep_name": 39, "study": 38, "study_name": 38, "study_id": 37, "experiment": 36,
    "experiment_name": 36, "experiment_id": 35, "exp": 34, "project": 30, "group": 45, "file": 29, "filename": 29,
    "source_file": 29, "origin": 28, "job_type": 27, "submission": 26, "fold": 20, "attribute": 18, "submitter": 12,
    "ruleset": 10,
}  # fmt: skip

# What a yes-or-no column holds, and words that make it a verdict on the trial rather than a setting.
YES_OR_NO = frozenset(words("yes no y n true false pass fail passed failed"))
VERDICTS = frozenset(words("fair unfair passed passes best is_best converged significant feasible valid correct"))

TIMES = frozenset(
    words(
        """
        timestamp date datetime created created_at updated updated_at started started_at finished_at ended_at
        start_time end_time starttime endtime start end start_date end_date begin_time submit_time eligible
        time_stamp modified heartbeat heartbeat_at last_updated datetime_start datetime_complete start_timestamp
        end_timestamp
        """
    )
)
TIME_WORDS = frozenset(["timestamp", "datetime", "date", "created", "updated"])

TEXTS = frozenset(
    words(
        """
        notes note comment comments description desc message error_message error_msg errmsg exception traceback
        reason tags tag user username author owner command cmd argv flags log logs logdir log_dir log_path output
        output_dir out_dir save_dir path artifact_path config_path experiment_tag oracle info metric_name summary
        kwargs url link tokenizer_path eval_task params parameters additional from_uid parent parent_id hypothesis
        """
    )
)

IGNORED = frozenset(
    words(
        """
        wandb git_sha git_commit commit commit_sha commit_hash sha git_hash hash md5 git_rev revision code_version
        artifact_uri lifecycle_stage version python_version experiment_state should_checkpoint _wandb wandb_version
        cli_version is_jupyter_run is_kaggle_kernel framework_version
        """
    )
)
IGNORED_TAILS = frozenset(
    words(
        """
        version revision sha commit uri hash checksum fingerprint
        """
    )
)

# Words that make a name a resource: what the run used up, produced or counted.
RESOURCES = frozenset(
    words(
        """
        epoch epochs step steps iter iters iteration iterations timestep timesteps episodes updates global_step
        n_evals runtime duration elapsed walltime wall latency seconds secs sec minutes mins hours hrs ms memory mem
        vram ram rss flop flops flos mflops gflop gflops tflop tflops pflops mac macs mmacs gmac gmacs
        throughput energy kwh joules co2 emissions power_draw
        utilization time traintime fittime params_count param_count num_params n_params n_parameters num_parameters
        parameter_count model_params parameters_count samples_seen tokens_seen tokens examples_seen budget cost_usd
        n_trials training_iteration time_total_s time_this_iter_s preemption_count checkpoint_count per_sec
        per_second activations repetitions size_mb params_size num_examples n_examples
        datapoints filesize file_size model_size_mb n_calls num_evals num_updates
        """
    )
)
