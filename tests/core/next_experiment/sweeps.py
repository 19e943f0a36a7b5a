"""Sweeps with a known next step: planted causes, crowded ends, conditions, names that are hard to write."""

from __future__ import annotations

import numpy as np
import polars as pl

import hpi_core
from hpi_core.inspection import Inspection
from hpi_core.roles import RoleOverrides
from hpi_core.sweep import Sweep

HARD = "lr\n\x1b[31m: {x}#'\"\\"


def inspected(columns: dict[str, object], *, metric: str = "val_loss") -> Inspection:
    """Inspect a sweep in which every column but the metric, status and seed is a hyperparameter."""
    apart = {metric, "status", "seed", "node"}
    roles = tuple((name, "hyperparameter") for name in columns if name not in apart)
    frame = pl.DataFrame(columns, strict=False)
    return hpi_core.inspect(Sweep.from_polars(frame, overrides=RoleOverrides(roles=roles, objective=metric)))


def diverging(n: int = 300, seed: int = 0) -> Inspection:
    """Above lr 0.1 the loss is NaN; below, larger is a little better up to 0.01, and dropout does nothing."""
    rng = np.random.default_rng(seed)
    lr = 10 ** rng.uniform(-5, 0, n)
    loss = 0.5 + 0.05 * np.abs(np.log10(lr) + 2.5) + rng.normal(0, 0.02, n)
    return inspected(
        {
            "lr": lr,
            "dropout": rng.uniform(0, 0.5, n),
            "batch_size": rng.choice([16, 32, 64], n),
            "val_loss": np.where(lr > 0.1, np.nan, loss),
        }
    )


def at_the_edge(n: int = 200, seed: int = 0) -> Inspection:
    """The larger the better, to the end of what was tried; nothing breaks."""
    rng = np.random.default_rng(seed)
    width = rng.choice([16, 32, 64, 128], n)
    lr = 10 ** rng.uniform(-5, -3, n)
    loss = 1 - 0.2 * np.log10(lr / 1e-5) - 0.02 * np.log2(width) + rng.normal(0, 0.03, n)
    return inspected({"lr": lr, "width": width, "val_loss": loss})


def conditional(n: int = 240, seed: int = 0, name: str = "lr") -> Inspection:
    """Momentum is set for sgd only, layers are whole numbers, weight decay is zero or on a logarithmic scale."""
    rng = np.random.default_rng(seed)
    optimizer = rng.choice(["adam", "sgd", "it's =1"], n)
    momentum = np.where(optimizer == "sgd", rng.uniform(0.5, 0.99, n), np.nan)
    decay = np.where(rng.uniform(size=n) < 0.3, 0.0, 10 ** rng.uniform(-6, -2, n))
    lr = 10 ** rng.uniform(-5, -1, n)
    return inspected(
        {
            name: lr,
            "optimizer": optimizer,
            "momentum": pl.Series([None if np.isnan(x) else x for x in momentum], dtype=pl.Float64),
            "layers": rng.integers(1, 40, n),
            "units": np.round(2 ** rng.uniform(3, 10, n)).astype(np.int64),
            "weight_decay": decay,
            "nesterov": rng.choice([True, False], n),
            "val_loss": np.abs(np.log10(lr) + 3) + rng.normal(0, 0.3, n),
        }
    )


def noise(n: int = 200, seed: int = 0) -> Inspection:
    """Nothing has anything to do with anything."""
    rng = np.random.default_rng(seed)
    return inspected(
        {
            "lr": 10 ** rng.uniform(-5, -1, n),
            "dropout": rng.uniform(0, 0.5, n),
            "optimizer": rng.choice(["adam", "sgd", "lion"], n),
            "batch_size": rng.choice([16, 32, 64, 128], n),
            "val_loss": np.where(rng.uniform(size=n) < 0.15, np.nan, rng.uniform(0.4, 0.6, n)),
        }
    )


def together(n: int = 400, seed: int = 0) -> Inspection:
    """Wide layers fail with one initialisation only; one rate follows another."""
    rng = np.random.default_rng(seed)
    width, init = rng.choice([8, 16, 32, 64, 128], n), rng.choice(["he", "orthogonal", "xavier"], n)
    lr = 10 ** rng.uniform(-4, -1, n)
    fails = (width > 20) & (init == "orthogonal")
    return inspected(
        {
            "init": init,
            "width": width,
            "lr": lr,
            "warmup_lr": lr / 10,
            "val_loss": np.where(fails, np.nan, np.abs(np.log10(lr) + 2.5) + rng.normal(0, 0.3, n)),
        }
    )
