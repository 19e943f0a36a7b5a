"""What a column's name says, before any value is looked at: its namespace, its words, its metric if it names one.

`parse("validation/ctc_loss_best")` knows that this is a loss, of the validation split, to be minimised, and the best
of its curve rather than its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from hpi_core.roles import vocabulary as words
from hpi_core.roles.model import Direction, Split

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})")
_BREAK = re.compile(r"[\W_]+")
_LETTER_DIGIT = re.compile(r"^([a-z]+?)_?@?(\d+)$")
# `metric:accuracy [0.0; 1.0] (maximize)`, `loss (min)`, `accuracy ↑`
_PACKED = re.compile(
    r"^(?P<name>.*?)\s*(?:\[[^\]]*\])?\s*(?:\((?P<word>maximi[sz]e|minimi[sz]e|max|min)\)|(?P<arrow>[↑↓]))\s*$", re.I
)
_NEGATION = re.compile(r"(?:^|[^a-z0-9])(?:neg|negative|one_minus|oneminus|inv|inverse)(?=[^a-z0-9])", re.I)
_ONE_MINUS = re.compile(r"^(?:.*[/.: ])?1\s*-\s*(?=[a-z])", re.I)
_PLURALS = {
    "losses": "loss", "accuracies": "accuracy", "errors": "error", "scores": "score", "rewards": "reward",
    "returns": "return", "precisions": "precision", "recalls": "recall", "norms": "norm", "values": "value",
    "metrics": "metric", "accs": "acc", "aucs": "auc", "perplexities": "perplexity",
}  # fmt: skip
_TIME_UNITS = frozenset(
    ["s", "sec", "secs", "second", "seconds", "ms", "us", "ns", "min", "mins", "minutes", "h", "hr", "hrs", "hours"]
)


@dataclass(frozen=True)
class MetricName:
    """A metric as its name tells it.

    `stem` is what is left without split and variant, so that `val_acc` and `train_acc` share one. `variant` is 0 for
    the value at the end, 1 for a best or extreme, 2 for a first value. `plain` is true where the stem is the quantity
    and nothing else. `compared` marks ratios, gaps and spreads of metrics, which nobody optimises.
    """

    split: Split | None
    quantity: str
    direction: Direction | None
    family: words.Family
    stem: str
    variant: int
    plain: bool
    compared: bool = False


@dataclass(frozen=True)
class Name:
    """A parsed name: `key` is its words joined by `_` without the namespace's prefix."""

    raw: str
    namespace: words.Namespace
    tokens: tuple[str, ...]
    key: str
    metric: MetricName | None
    declared: Direction | None = None


@lru_cache(maxsize=65536)
def parse(raw: str) -> Name:
    """Return what the name says; never raises."""
    text, declared = _unpack(raw.strip())
    namespace, text = _namespace(text)
    tokens = tokenise(text)
    key = "_".join(tokens) or text.strip().casefold()
    metric = _metric(raw, text, tokens, namespace, declared)
    return Name(raw, namespace, tokens, key, metric, declared)


def tokenise(text: str) -> tuple[str, ...]:
    """Return the lower-case words of a name, split at punctuation and at camelCase, plurals of metrics undone."""
    spaced = _CAMEL.sub("_", text)
    return tuple(_PLURALS.get(word, word) for word in _BREAK.split(spaced.casefold()) if word)


def _unpack(text: str) -> tuple[str, Direction | None]:
    match = _PACKED.match(text)
    if match is None:
        return text, None
    up = match["arrow"] == "↑" or (match["word"] or "").casefold().startswith("max")
    return match["name"], "max" if up else "min"


def _namespace(text: str) -> tuple[words.Namespace, str]:
    folded = text.casefold()
    whole = "_".join(tokenise(text))
    if whole in words.IDS or whole in words.RESOURCES or whole in words.TEXTS or whole in words.GROUPS:
        return "", text
    for size in _PREFIX_SIZES:
        prefix = folded[:size]
        if prefix in words.PREFIXES and (len(folded) > size or prefix == "_wandb"):
            return words.PREFIXES[prefix], text[size:]
    return "", text


_PREFIX_SIZES = sorted({len(prefix) for prefix in words.PREFIXES}, reverse=True)


def _metric(
    raw: str, text: str, tokens: tuple[str, ...], namespace: words.Namespace, declared: Direction | None
) -> MetricName | None:
    if not tokens:
        return None
    split: Split | None = None
    variant = 0
    compared = False
    rest: list[str] = []
    for position, word in enumerate(tokens):
        if word in words.SPLITS and split is None and len(tokens) > 1 and not (word == "cv" and text.isupper()):
            split = words.SPLITS[word]
        elif word in words.VARIANTS and len(tokens) > 1 and (position > 0 or word in ("best", "final", "min", "max")):
            variant = max(variant, words.VARIANTS[word])
        elif word in words.SPREAD or word in words.COMPARISONS:
            compared = True
            rest.append(word)
        elif word not in ("mean", "avg", "average") or len(tokens) == 1:
            rest.append(word)
    found = _quantity(rest)
    if found is None and declared is None:
        # `rank_diff` is the difference of something measured, whatever that is.
        if len(tokens) > 1 and tokens[-1] in ("diff", "difference", "gap", "disparity"):
            return MetricName(split, "difference", None, "other", "_".join(rest), variant, False, True)
        return None
    quantity, direction, family, plain = found or ("_".join(rest), None, "other", False)
    if _NEGATION.search("_" + text) or _ONE_MINUS.match(text):
        direction = {"max": "min", "min": "max"}.get(direction or "")  # type: ignore[assignment]
    if compared:
        direction, family = None, "other"
    return MetricName(split, quantity, declared or direction, family, "_".join(rest), variant, plain, compared)


def _quantity(rest: list[str]) -> tuple[str, Direction | None, words.Family, bool] | None:
    """Return quantity, direction, family, and whether the words are nothing but the quantity."""
    if "per" in rest[1:-1]:
        return _rate(rest)
    hits: list[tuple[str, Direction | None, words.Family]] = []
    shy: list[tuple[str, Direction | None, words.Family]] = []
    covered = 0
    position = 0
    while position < len(rest):
        if rest[position] == "per" and 0 < position < len(rest) - 1:  # something for each of something: no error rate
            position += 1
            continue
        for size in (2, 1):
            word = "_".join(rest[position : position + size])
            if size == 2 and len(rest) - position < 2:
                continue
            if found := _lookup(word):
                (shy if word in words.SHY else hits).append(found)
                covered += size
                position += size
                break
        else:
            position += 1
    use = hits or shy
    if not use:
        return None
    quantity, direction, family = use[-1]
    directions = {hit[1] for hit in use if hit[1] is not None}
    # The head of an English compound stands last: an accuracy loss is a loss. Any other contradiction is left open.
    if len(directions) > 1 and family not in ("loss", "error"):
        direction = None
    return quantity, direction, family, covered >= len(rest)


def _rate(rest: list[str]) -> tuple[str, Direction | None, words.Family, bool] | None:
    """Return what so much per something is: of a quantity that quantity, of bits a loss, of anything else a pace.

    `loss_per_token` is a loss; `samples_per_second` is a throughput; `seconds_per_step` and `envs_per_worker` are none.
    """
    at = rest.index("per", 1)
    if (known := _quantity(rest[:at])) is not None:
        return (*known[:3], False)
    if rest[at - 1] in ("bit", "bits", "nat", "nats"):
        return "_".join(rest[at - 1 :]), "min", "error", at == 1
    if rest[at + 1] in _TIME_UNITS and rest[at - 1] not in _TIME_UNITS:
        return words.THROUGHPUT, "max", "other", False
    return None


def _lookup(word: str) -> tuple[str, Direction | None, words.Family] | None:
    if word in words.QUANTITIES:
        return words.QUANTITIES[word]
    match = _LETTER_DIGIT.match(word)
    if match and match[1] in words.QUANTITIES and match[1] not in words.SHY:
        return words.QUANTITIES[match[1]]
    return None


def is_setting(name: Name) -> bool:
    """Say whether the name ends like a setting (`loss_weight`) or is a known hyperparameter, whole or by its words."""
    tokens = name.tokens
    if name.key in words.PARAMETERS or "_".join(tokens[-2:]) in words.LEARNING_RATES:
        return True
    return len(tokens) > 1 and (tokens[-1] in words.SETTING_TAILS or tokens[-1] in words.LEARNING_RATES)


def holds_parameter(name: Name) -> bool:
    """Say whether some run of the name's words is a known hyperparameter (`encoder_lr`, `SimpleImputer_strategy`)."""
    tokens = name.tokens
    if tokens and (tokens[0] in ("max", "num", "use", "n", "init", "enable", "with") and len(tokens) > 1):
        return True
    for size in (3, 2, 1):
        for start in range(len(tokens) - size + 1):
            word = "_".join(tokens[start : start + size])
            if len(word) > 1 and word in words.PARAMETERS:
                return True
    return False


def is_resource(name: Name) -> bool:
    """Say whether the name speaks of what a run used up or counted: time, memory, epochs, parameters."""
    tokens = name.tokens
    if not tokens:
        return False
    if name.key in words.RESOURCES or (tokens[-1] in words.COUNTS and len(tokens) > 1):
        return True
    if tokens[-1] in words.COUNTING:
        return all(word in words.COUNTED_WHAT or word in words.COUNTING for word in tokens[:-1])
    if any(word in words.RESOURCES for word in tokens) and not is_setting(name):
        return True
    pairs = ("_".join(tokens[i : i + 2]) for i in range(len(tokens) - 1))
    return any(pair in words.RESOURCES for pair in pairs)


def is_time(name: Name) -> bool:
    """Say whether the name speaks of a moment rather than a duration."""
    if name.key in words.TIMES:
        return True
    tokens = name.tokens
    if any(word in words.TIME_WORDS for word in tokens):
        return True
    moment = any(
        word in ("start", "end", "started", "ended", "finish", "finished", "begin", "complete") for word in tokens
    )
    return (moment and "time" in tokens) or (len(tokens) > 1 and tokens[-1] == "at")
