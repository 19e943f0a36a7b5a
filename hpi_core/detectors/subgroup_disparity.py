"""Some groups get much worse results than others.

MEANING
    A measure of disparity between groups (error rates, accuracy, rate of positive predictions) is large.

WHY IT IS BAD
    The average hides people for whom the model is wrong far more often.

HOW IT IS DECIDED
    From columns per group (`acc_male_asian`, `fpr/group_3`, or a table with one row per trial and group). F_OAE is
    the range of accuracies, F_DP that of positive prediction rates, F_MEO the largest range of FPR, FNR, TNR and TPR;
    F_FPR is the sum of the groups' deviations from the FPR over all, or the range where no FPR over all is there. The
    evidence names the mode. Ranges are sick above `warn` or `error`; F_FPR as a sum where its mean per group is above
    `mean_warn` or `mean_error`. Ranges grow with noise: where the groups' sizes are known, the measure must also
    exceed what 95 of 100 draws stay within in which all groups share one rate, all measures of these groups together
    (groups below `smallest` are left out; for FPR and TPR half of each group is taken to be of the class). Where
    sizes are unknown the finding is information: not assessable for significance. Information, too, is the
    four-fifths rule: the least positive prediction rate is below `four_fifths` of the greatest, beyond chance where
    sizes are known. This is a question beside the objective: it is never mixed into one score with it, and a good
    objective is no excuse.

WHEN IT IS WRONG
    The published measures come without an alarm level; the bounds here are a choice. Groups that differ in difficulty
    differ in results.

WHAT TO TRY
    Look at the trials that are good in both; reweight or sample by group; look at the data of the worst group.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.fairness import Measure, measures
from hpi_core.detectors.verdict import Hit, choose, say, verdicts

# 0.9 - 0.8 is not quite a tenth.
_ROUNDING = 1e-9


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge every measure of every partition."""
    found = measures(context, int(thresholds["smallest"]))
    if not found:
        raise NotAssessable("no columns per group")
    hits = [_look(measure, thresholds) for measure in found]
    # A grave finding goes before one that could not be tested, and an error before a warning.
    return verdicts(context, [_only(hit, severity) for severity in ("error", "warn", "info") for hit in hits])


def _look(measure: Measure, thresholds: Thresholds) -> Hit:
    if measure.mode == "ratio":
        return _four_fifths(measure, thresholds["four_fifths"])
    summed = measure.mode == "sum"
    value = measure.values / measure.groups if summed else measure.values
    warn, error = (thresholds[f"{'mean_' if summed else ''}{level}"] for level in ("warn", "error"))
    sick, grave = (value >= limit - _ROUNDING for limit in (warn, error))
    what = f"{measure.name} ({measure.mode}{', TPR and FNR alone' if measure.alone else ''})"
    parts = say(f"{what} over {measure.groups} groups of {measure.partition} is ", measure.values)
    if measure.floor is None:
        evidence = say(*parts, "; group sizes unknown, so not assessable for significance")
        severity = choose(sick, "info", "info")
    else:
        sick = sick & (measure.values > measure.floor)
        evidence = say(*parts, "; by chance at most ", measure.floor, " in 95 of 100")
        severity = choose(grave, "error", "warn")
    return Hit(sick, evidence, severity, measure.name, value, choose(grave, error, warn))


def _four_fifths(measure: Measure, limit: float) -> Hit:
    """Judge a ratio of selection rates; the rule of thumb informs, it makes no trial sick."""
    sick = measure.values < limit
    what = f"over {measure.groups} groups of {measure.partition} the least positive rate is "
    parts = say(what, measure.values, f" of the greatest, below {limit:g} (four-fifths rule)")
    if measure.floor is None:
        evidence = say(*parts, "; group sizes unknown, so not assessable for significance")
    else:
        sick = sick & (measure.values < measure.floor)
        evidence = say(*parts, "; by chance at least ", measure.floor, " in 95 of 100")
    return Hit(sick, evidence, choose(sick, "info", "info"), measure.name, measure.values, limit)


def _only(hit: Hit, severity: str) -> Hit:
    """Keep the hit's sick trials of one severity; the others are healthy to this look."""
    assert isinstance(hit.severity, pl.Series)
    return Hit(hit.sick & (hit.severity == severity), hit.evidence, hit.severity, hit.metric, hit.value, hit.threshold)


_SIZED: dict[str, list[float]] = {
    "lr": [0.1, 0.2, 0.3],
    "val_auc": [0.8, 0.9, 0.85],
    "n_male_asian": [4000] * 3,
    "n_female_asian": [4000] * 3,
    "n_male_white": [4000] * 3,
}

DETECTOR = Detector(
    issue="subgroup_disparity",
    tag="DISPAR",
    title="Groups get unequal results",
    severity="warn",
    needs=(),
    thresholds=(
        Threshold("warn", 0.10, "fraction (range)", "chosen here", "a warning from here"),
        Threshold("error", 0.20, "fraction (range)", "chosen here", "an error from here"),
        Threshold("mean_warn", 0.05, "fraction (mean deviation)", "chosen here", "the same for F_FPR as a sum"),
        Threshold("mean_error", 0.10, "fraction (mean deviation)", "chosen here", "the same for F_FPR as a sum"),
        Threshold("four_fifths", 0.8, "least / greatest rate", "29 CFR 1607.4 D", "information below it"),
        Threshold("smallest", 30, "examples", "chosen here", "smaller groups are left out"),
    ),
    check=check,
    advice="Look for trials good in both; reweight or sample by group.",
    preempted_by=("failed_run", "out_of_memory", "timeout"),
    self_calibrated=False,
    examples=(
        Example(
            {
                **_SIZED,
                "acc_male_asian": [0.9, 0.91, 0.9],
                "acc_female_asian": [0.88, 0.65, 0.89],
                "acc_male_white": [0.9, 0.9, 0.88],
            },
            (1,),
            severity="error",
        ),
        Example(
            {
                "lr": [0.1, 0.2, 0.3],
                "auc": [0.8, 0.9, 0.7],
                "fpr/group_1": [0.1, 0.1, 0.11],
                "fpr/group_2": [0.12, 0.3, 0.1],
            },
            (1,),
            severity="info",
        ),
        Example(
            {
                "lr": [0.1, 0.2, 0.3],
                "auc": [0.8, 0.9, 0.7],
                "acc_male": [0.9, 0.8, 0.7],
                "acc_female": [0.72, 0.8, 0.7],
                "n_male": [31, 32, 31],
                "n_female": [32, 33, 32],
            },
            (),
        ),
        Example(
            {
                "lr": [0.1, 0.2, 0.3],
                "acc_top1": [0.1, 0.2, 0.3],
                "acc_top5": [0.5, 0.6, 0.7],
                "acc_fold_1": [0.9, 0.2, 0.3],
            },
            (),
        ),
    ),
    manual=__doc__,
)
