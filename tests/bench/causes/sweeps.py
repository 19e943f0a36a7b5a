"""Generators of sweeps whose truth is known: noise, thresholds, graded rates, competing risks, an adaptive sampler."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpi_core.statistics.inputs import Booleans, Floats, Groups, Issue, Parameter


@dataclass(frozen=True, eq=False)
class Planted:
    """A sweep and the true sick probability of every trial; the culprit is `lr`, sick above `threshold`."""

    parameters: list[Parameter]
    issues: list[Issue]
    truth: Floats
    threshold: float


def innocents(rng: np.random.Generator, n: int) -> list[Parameter]:
    """Seven parameters of the usual shapes that cause nothing."""
    decay = np.where(rng.random(n) < 0.25, 0.0, 10 ** rng.uniform(-6, -1, n))
    momentum = np.where(rng.random(n) < 0.3, np.nan, rng.uniform(0.5, 0.99, n))
    words = [str(w) for w in rng.choice(["adam", "sgd", "rmsprop"], n, p=[0.5, 0.3, 0.2])]
    return [
        Parameter.numeric("dropout", rng.uniform(0, 0.5, n)),
        Parameter.numeric("batch_size", rng.choice([16.0, 32.0, 64.0, 128.0], n)),
        Parameter.numeric("weight_decay", decay),
        Parameter.numeric("momentum", momentum),
        Parameter.categorical("optimizer", words),
        Parameter.numeric("warmup", 10 ** rng.uniform(0, 4, n)),
        Parameter.numeric("clip", rng.normal(1, 0.2, n)),
    ]


def noise(rng: np.random.Generator, n: int, rates: tuple[float, ...] = (0.1, 0.3)) -> Planted:
    """Eight parameters and issues that have nothing to do with each other; the first issue has a competing mask."""
    lr = 10 ** rng.uniform(-5, 0, n)
    assessable = rng.random(n) < 0.9
    issues = [
        Issue(f"issue{k}", rng.random(n) < rate, assessable if k else np.ones(n, bool)) for k, rate in enumerate(rates)
    ]
    return Planted([Parameter.numeric("lr", lr), *innocents(rng, n)], issues, np.zeros(n), np.nan)


def ends(sweep: Planted) -> list[Issue]:
    """Return the worst and the best tenth of results that have nothing to do with the sweep's parameters."""
    n = len(sweep.parameters[0].values)
    place = np.random.default_rng(n).permutation(n)
    everyone = np.ones(n, dtype=np.bool_)
    return [Issue("worst_results", place >= 0.9 * n, everyone), Issue("best_results", place < 0.1 * n, everyone)]


def planted_threshold(
    rng: np.random.Generator, n: int, high: float, low: float, share: float = 0.3, width: float = 0.0
) -> Planted:
    """`lr` log-uniform over five decades; above its (1 - share) quantile the rate is `high`, else `low`.

    With `width` (decades) the rate rises as a logistic curve instead of a step.
    """
    log_lr = rng.uniform(-5, 0, n)
    cut = -5 * share
    if width:
        truth = low + (high - low) / (1 + np.exp(-(log_lr - cut) / width))
    else:
        truth = np.where(log_lr > cut, high, low)
    issue = Issue("sick", rng.random(n) < truth, np.ones(n, dtype=np.bool_))
    return Planted([Parameter.numeric("lr", 10**log_lr), *innocents(rng, n)], [issue], truth, 10**cut)


def adaptive_study(rng: np.random.Generator, n: int = 200, warm: int = 10, candidates: int = 24) -> Planted:
    """A sampler in the manner of TPE: every next trial maximises good density / bad density, one parameter at a time.

    The objective depends on all parameters, divergence on `lr` alone; diverged trials count as the worst.
    """
    p = 6
    x = np.empty((n, p))
    objective = np.empty(n)
    truth = np.empty(n)
    sick = np.empty(n, dtype=np.bool_)
    best = rng.uniform(0.2, 0.8, p)
    for i in range(n):
        if i < warm:
            x[i] = rng.random(p)
        else:
            x[i] = _ask(rng, x[:i], objective[:i], candidates)
        truth[i] = 0.9 if x[i, 0] > 0.7 else 0.03
        sick[i] = rng.random() < truth[i]
        objective[i] = np.inf if sick[i] else float(((x[i] - best) ** 2).sum() + rng.normal(0, 0.05))
    names = ["lr", "dropout", "width", "depth", "warmup", "clip"]
    parameters = [Parameter.numeric(name, x[:, k].copy()) for k, name in enumerate(names)]
    return Planted(parameters, [Issue("diverged", sick, np.ones(n, dtype=np.bool_))], truth, 0.7)


def competing_risks(rng: np.random.Generator, n: int) -> Planted:
    """`lr` makes trials NaN; among the survivors small `weight_decay` overfits, and only survivors can be judged."""
    log_lr, log_decay = rng.uniform(-5, 0, n), rng.uniform(-6, -1, n)
    nan: Booleans = rng.random(n) < np.where(log_lr > -1.5, 0.9, 0.02)
    truth = np.where(log_decay < -4, 0.7, 0.1)
    overfit = rng.random(n) < truth
    others = [p for p in innocents(rng, n) if p.name != "weight_decay"]
    parameters = [Parameter.numeric("lr", 10**log_lr), Parameter.numeric("weight_decay", 10**log_decay), *others]
    issues = [Issue("nan", nan, np.ones(n, dtype=np.bool_)), Issue("overfit", overfit & ~nan, ~nan)]
    return Planted(parameters, issues, truth, 1e-4)


def together(rng: np.random.Generator, n: int, *, conjunction: bool) -> Planted:
    """A large `lr` and a large `width` fail trials: only both at once (80 against 5 %), or each alone (noisy-OR)."""
    lr, width = 10 ** rng.uniform(-5, 0, n), rng.random(n)
    hot, wide = lr > 0.01, width > 0.6
    truth = np.where(hot & wide, 0.8, 0.05)
    if not conjunction:
        truth = 1 - (1 - np.where(hot, 0.6, 0.03)) * (1 - np.where(wide, 0.5, 0.0))
    parameters = [Parameter.numeric("lr", lr), Parameter.numeric("width", width), *innocents(rng, n)]
    return Planted(parameters, [Issue("sick", rng.random(n) < truth, np.ones(n, dtype=np.bool_))], truth, 0.01)


@dataclass(frozen=True, eq=False)
class Strata:
    """A sweep whose parameters and rates shift together: with trial order, or from one mixed sweep to the next."""

    parameters: list[Parameter]
    issues: list[Issue]
    groups: Groups | None


def strata(rng: np.random.Generator, n: int, *, mixed: bool, kind: str) -> Strata:
    """Parameters `a` and `b` rise with trial order, or from sweep to sweep where four are `mixed`; so do the failures.

    `kind`: `alone` where order or sweep alone decides, `or` where `a` and `b` each add to it independently, `and` where
    trials fail for both at once (80 against 5 %).
    """
    task = rng.integers(0, 4, n)
    at = task / 3 if mixed else np.linspace(0, 1, n)
    a, b = (np.clip(rng.normal(0.15 + 0.7 * at, 0.22), 0, 1) for _ in range(2))
    truth = {
        "alone": np.where(at > 0.6, 0.5, 0.03),
        "or": 1 - (1 - np.where(a > 0.6, 0.5, 0.02)) * (1 - np.where(b > 0.6, 0.4, 0)) * (1 - 0.3 * at),
        "and": np.where((a > 0.6) & (b > 0.5), 0.8, 0.05),
    }[kind]
    parameters = [Parameter.numeric("a", a), Parameter.numeric("b", b), *innocents(rng, n)]
    issue = Issue("sick", rng.random(n) < truth, np.ones(n, dtype=np.bool_))
    return Strata(parameters, [issue], Groups.of("task", [f"task {k}" for k in task]) if mixed else None)


def graded(rng: np.random.Generator, n: int) -> Planted:
    """`lr` in three steps: 90 % of the top tenth are sick, 35 % of the next fifth, 2 % of the rest."""
    log_lr = rng.uniform(-5, 0, n)
    truth = np.where(log_lr > -0.5, 0.9, np.where(log_lr > -1.5, 0.35, 0.02))
    issue = Issue("sick", rng.random(n) < truth, np.ones(n, dtype=np.bool_))
    return Planted([Parameter.numeric("lr", 10**log_lr), *innocents(rng, n)], [issue], truth, 10**-1.5)


def hiding(rng: np.random.Generator, n: int) -> Planted:
    """Half of the trials fail for their `lr` (97 %); of the rest a quarter of those with a short `warmup`, else 1 %."""
    log_lr, log_warmup = rng.uniform(-5, 0, n), rng.uniform(0, 4, n)
    truth = np.where(log_lr > -2.5, 0.97, np.where(log_warmup < 1, 0.25, 0.01))
    others = [p for p in innocents(rng, n) if p.name != "warmup"]
    parameters = [Parameter.numeric("lr", 10**log_lr), Parameter.numeric("warmup", 10**log_warmup), *others]
    return Planted(parameters, [Issue("sick", rng.random(n) < truth, np.ones(n, dtype=np.bool_))], truth, 10**-2.5)


def _ask(rng: np.random.Generator, x: Floats, objective: Floats, candidates: int) -> Floats:
    """Draw candidates from the density of the good tenth and keep the one it favours most over the rest."""
    n = len(objective)
    order = np.argsort(objective, kind="stable")
    count = min(25, int(np.ceil(0.1 * n)))
    asked = np.empty(x.shape[1])
    for k in range(x.shape[1]):
        good, good_width = _kernels(x[order[:count], k])
        bad, bad_width = _kernels(x[order[count:], k])
        pick = rng.integers(len(good), size=candidates)
        spot = _folded(good[pick] + rng.normal(size=candidates) * good_width[pick])
        asked[k] = spot[int((_density(spot, good, good_width) / _density(spot, bad, bad_width)).argmax())]
    return asked


def _kernels(centres: Floats) -> tuple[Floats, Floats]:
    """Return centres with the prior's among them, each as wide as the gap to its farther neighbour."""
    at = np.sort(np.append(centres, 0.5))
    gaps = np.diff(at, prepend=0.0, append=1.0)
    width = np.clip(np.maximum(gaps[:-1], gaps[1:]), 1 / min(100, len(at) + 1), 1.0)
    width[np.flatnonzero(at == 0.5)[0]] = 1.0
    return at, width


def _folded(x: Floats) -> Floats:
    """Reflect what fell outside the unit interval back into it."""
    return np.asarray(np.abs((x + 1) % 2 - 1))


def _density(at: Floats, centres: Floats, width: Floats) -> Floats:
    kernel = np.exp(-0.5 * ((at[:, None] - centres) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    return np.asarray(kernel.mean(1))
