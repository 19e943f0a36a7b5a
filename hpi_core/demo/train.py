"""Make the demo sweep: a random search over a small neural network, really trained, with numpy alone.

    python -m hpi_core.demo.train OUT_FOLDER [--trials N]

The task is a noisy three-class problem: 16 inputs, labels by a fixed random teacher network, 15 % of the training
labels wrong. Nothing below writes a symptom into the table; each comes from how such sweeps go wrong:

- steps that are too long make the loss overflow, because nothing clips the gradients;
- a wide network without decay or dropout learns the wrong labels by heart;
- the orthogonal initialisation has a bug: it cannot fill a matrix that is wider than it is high;
- a trial may spend a fixed number of multiplications, after which the scheduler kills it;
- the median rule prunes trials that are behind at a third of their epochs;
- one of the eight (simulated) nodes has a bad disk, and reads damaged training data.

Every number is a function of the seed; the folder gets `sweep.csv` and `sweep.curves.parquet`.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

TRIALS, EPOCHS, INPUTS, CLASSES = 240, 45, 16, 3
TRAIN, VALIDATION, WRONG_LABELS = 384, 1024, 0.15
BUDGET_GFLOP = 6.5
NODES, BAD_NODE, DAMAGED_SHARE = 8, 5, 0.02
PRUNE_AT, PRUNE_AFTER = EPOCHS // 3, 24

COLUMNS = [
    "trial_id", "status", "node", "optimizer", "lr", "batch_size", "width", "dropout", "weight_decay", "init", "seed",
    "epochs", "gflop", "train_loss", "val_loss", "train_accuracy", "val_accuracy", "error",
]  # fmt: skip


@dataclass(frozen=True)
class Configuration:
    """What one trial varies, and where it ran."""

    trial: int
    node: int
    optimizer: str
    lr: float
    batch_size: int
    width: int
    dropout: float
    weight_decay: float
    init: str
    seed: int


@dataclass
class Outcome:
    """What one trial left behind; `curve` holds (epoch, train loss, val loss, train accuracy, val accuracy)."""

    status: str = "completed"
    error: str = ""
    gflop: float = 0.0
    curve: list[tuple[int, float, float, float, float]] = field(default_factory=list)


class OutOfBudget(Exception):  # noqa: N818 - the scheduler's word
    """The trial has spent its multiplications."""


def draw(trial: int, rng: np.random.Generator) -> Configuration:
    """Draw one configuration at random, as a plain random search does."""
    return Configuration(
        trial=trial,
        node=int(rng.integers(NODES)),
        optimizer=str(rng.choice(["sgd", "momentum", "adam"])),
        lr=float(f"{10 ** rng.uniform(-4, 0.5):.3g}"),
        batch_size=int(rng.choice([16, 32, 64, 128])),
        width=int(rng.choice([8, 16, 32, 64, 128])),
        dropout=float(rng.choice([0.0, 0.1, 0.2, 0.3, 0.5])),
        weight_decay=0.0 if rng.random() < 0.3 else float(f"{10 ** rng.uniform(-5, -1):.3g}"),
        init=str(rng.choice(["he", "xavier", "orthogonal", "he"])),
        seed=int(rng.integers(3)),
    )


def make_data(seed: int = 7) -> tuple[Array, Labels, Array, Labels]:
    """Return training inputs and (partly wrong) labels, validation inputs and labels."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(TRAIN + VALIDATION, INPUTS))
    teacher = np.tanh(inputs @ rng.normal(size=(INPUTS, 12))) @ rng.normal(size=(12, CLASSES))
    labels = np.argmax(teacher + 0.3 * rng.normal(size=teacher.shape), axis=1)
    train_labels = labels[:TRAIN].copy()
    wrong = rng.random(TRAIN) < WRONG_LABELS
    train_labels[wrong] = rng.integers(CLASSES, size=int(wrong.sum()))
    return inputs[:TRAIN], train_labels, inputs[TRAIN:], labels[TRAIN:]


def damage(inputs: Array) -> Array:
    """Return the inputs as the bad disk delivers them: some numbers with their exponent bits flipped."""
    rng = np.random.default_rng(13)
    raw = inputs.copy().view(np.uint64)
    hit = rng.random(raw.shape) < DAMAGED_SHARE
    raw[hit] ^= np.uint64(1) << np.uint64(61)
    return raw.view(np.float64)


def initial_weights(rows: int, columns: int, how: str, rng: np.random.Generator) -> Array:
    """Return a weight matrix of the asked shape."""
    if how == "orthogonal":
        matrix = np.empty((rows, columns))
        square, _ = np.linalg.qr(rng.normal(size=(rows, rows)))
        matrix[:] = square[:, :columns]  # the bug: there are only `rows` columns to take
        return matrix
    gain = 2.0 if how == "he" else 1.0
    return math.sqrt(gain / rows) * rng.normal(size=(rows, columns))


class Network:
    """Two hidden layers of rectified units, linear outputs; forward, backward, and one of three optimisers."""

    def __init__(self, config: Configuration, rng: np.random.Generator) -> None:
        sizes = [INPUTS, config.width, config.width, CLASSES]
        self.config, self.rng, self.steps = config, rng, 0
        self.weights = [
            initial_weights(a, b, config.init if b != CLASSES else "xavier", rng) for a, b in itertools.pairwise(sizes)
        ]
        self.biases = [np.zeros(b) for b in sizes[1:]]
        self.first = [np.zeros_like(p) for p in self.weights + self.biases]
        self.second = [np.zeros_like(p) for p in self.weights + self.biases]

    def forward(self, inputs: Array, train: bool) -> list[Array]:
        """Return the activations of every layer, the last being the logits."""
        layers = [inputs]
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            signal = layers[-1] @ weight + bias
            if number < len(self.weights) - 1:
                signal = np.maximum(signal, 0.0)
                if train and self.config.dropout:
                    keep = self.rng.random(signal.shape) >= self.config.dropout
                    signal = signal * keep / (1 - self.config.dropout)
            layers.append(signal)
        return layers

    def learn(self, inputs: Array, labels: Labels) -> None:
        """Take one step on one batch."""
        layers = self.forward(inputs, train=True)
        error = 2 * (layers[-1] - np.eye(CLASSES)[labels]) / len(labels)
        weight_gradients, bias_gradients = [], []
        for number in range(len(self.weights) - 1, -1, -1):
            weight_gradients.append(layers[number].T @ error + self.config.weight_decay * self.weights[number])
            bias_gradients.append(error.sum(axis=0))
            if number:
                error = (error @ self.weights[number].T) * (layers[number] > 0)
        self.update(weight_gradients[::-1] + bias_gradients[::-1])

    def update(self, gradients: list[Array]) -> None:
        """Move the parameters against the gradients by the configured rule."""
        self.steps += 1
        for number, (parameter, gradient) in enumerate(zip(self.weights + self.biases, gradients, strict=True)):
            first, second = self.first[number], self.second[number]
            if self.config.optimizer == "adam":
                first += 0.1 * (gradient - first)
                second += 0.001 * (gradient**2 - second)
                scale = np.sqrt(second / (1 - 0.999**self.steps)) + 1e-8
                parameter -= 0.1 * self.config.lr * first / (1 - 0.9**self.steps) / scale
            else:
                first *= 0.9 if self.config.optimizer == "momentum" else 0.0
                first += gradient
                parameter -= self.config.lr * first

    def score(self, inputs: Array, labels: Labels) -> tuple[float, float]:
        """Return the mean squared error against one-hot labels (summed over classes) and the accuracy (0 to 1)."""
        outputs = self.forward(inputs, train=False)[-1]
        losses = ((outputs - np.eye(CLASSES)[labels]) ** 2).sum(axis=1)
        return float(losses.mean()), float((outputs.argmax(axis=1) == labels).mean())

    def cost(self, rows: int) -> float:
        """Return the price of learning from `rows` rows, in 1e9 multiplications and additions."""
        return 6 * rows * sum(weight.size for weight in self.weights) / 1e9


def train(config: Configuration, behind: list[list[float]]) -> Outcome:
    """Train one configuration; `behind` holds the validation losses by epoch of the trials before it."""
    outcome = Outcome()
    rng = np.random.default_rng([config.seed, config.trial])
    inputs, labels, val_inputs, val_labels = make_data()
    if config.node == BAD_NODE:
        inputs = damage(inputs)
    try:
        network = Network(config, rng)
        for epoch in range(1, EPOCHS + 1):
            order = rng.permutation(len(labels))
            for start in range(0, len(order), config.batch_size):
                batch = order[start : start + config.batch_size]
                network.learn(inputs[batch], labels[batch])
            # The scheduler charges a fixed price for each step besides the arithmetic.
            outcome.gflop += network.cost(len(order)) + 0.0012 * len(order) / config.batch_size * (config.width / 32)
            if outcome.gflop > BUDGET_GFLOP:
                raise OutOfBudget
            train_loss, train_accuracy = network.score(inputs, labels)
            val_loss, val_accuracy = network.score(val_inputs, val_labels)
            outcome.curve.append((epoch, train_loss, val_loss, train_accuracy, val_accuracy))
            if epoch == PRUNE_AT and is_behind(val_loss, epoch, behind):
                outcome.status = "pruned"
                break
    except OutOfBudget:
        outcome.status, outcome.error = "timeout", f"killed: budget of {BUDGET_GFLOP} GFLOP spent"
    except (ValueError, np.linalg.LinAlgError) as error:
        outcome.status, outcome.error = "failed", f"{type(error).__name__}: {error}"
    return outcome


def is_behind(val_loss: float, epoch: int, behind: list[list[float]]) -> bool:
    """Say whether the median rule stops the trial: clearly worse than the median so far (a nan is never compared)."""
    rivals = [losses[epoch - 1] for losses in behind if len(losses) >= epoch and np.isfinite(losses[epoch - 1])]
    return len(rivals) >= PRUNE_AFTER and val_loss > 1.3 * float(np.median(rivals))


def sweep(trials: int) -> list[tuple[Configuration, Outcome]]:
    """Run the first `trials` trials of the search."""
    rng = np.random.default_rng(2026)
    done: list[tuple[Configuration, Outcome]] = []
    behind: list[list[float]] = []
    with np.errstate(all="ignore"):  # overflow is what a diverging trial does
        for trial in range(1, trials + 1):
            config = draw(trial, rng)
            outcome = train(config, behind)
            behind.append([point[2] for point in outcome.curve])
            done.append((config, outcome))
    return done


def as_row(config: Configuration, outcome: Outcome) -> list[object]:
    """Return one line of the table, in the order of COLUMNS; what was never measured is left empty."""
    last: tuple[object, ...] = outcome.curve[-1] if outcome.curve else ("",) * 5
    final = [f"{value:.6g}" if isinstance(value, float) else value for value in (last[1], last[2], last[3], last[4])]
    return [
        config.trial, outcome.status, f"node{config.node:02d}", config.optimizer, config.lr, config.batch_size,
        config.width, config.dropout, config.weight_decay, config.init, config.seed, len(outcome.curve),
        f"{outcome.gflop:.4g}", *final, outcome.error,
    ]  # fmt: skip


def write(folder: Path, done: list[tuple[Configuration, Outcome]]) -> None:
    """Write `sweep.csv` and `sweep.curves.parquet` into the folder."""
    import polars as pl

    with (folder / "sweep.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(as_row(config, outcome) for config, outcome in done)
    points = [(str(config.trial), *point) for config, outcome in done for point in outcome.curve]
    names = ["trial_id", "epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy"]
    frame = pl.DataFrame(points, schema=names, orient="row").with_columns(pl.col("epoch").cast(pl.Int64))
    frame.with_columns(pl.col(pl.Float64).cast(pl.Float32)).write_parquet(folder / "sweep.curves.parquet")


def main() -> None:
    """Run the search and write it down."""
    parser = argparse.ArgumentParser(description="Make the demo sweep.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=TRIALS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    write(options.folder, sweep(options.trials))


if __name__ == "__main__":
    main()
