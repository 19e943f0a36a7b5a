"""How the cells of a text table are set apart: separator, quotes, Markdown bars, or lines quoted whole.

Imports nothing heavy: the app recognises the dialect of a file's head before polars is loaded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

_SEPARATORS = (",", "\t", ";", "|")
_SAMPLE_LINES = 300
_SEP_LINE = re.compile(r'"?sep=(.|\\t)"?$', re.IGNORECASE)
_DASHES = r"\s*(:?-{2,}:?|:-+:?|-+:)\s*"
_RULE = re.compile(rf"\s*\|?{_DASHES}(\|{_DASHES})*\|?\s*$")
_BORDER = re.compile(r"\s*[+|=\-: ]*[-=]{3,}[+|=\-: ]*$")
# `------ -----`: the line that sets off the header of columns of fixed width.
_UNDERLINED = re.compile(r"\s*-{2,}(\s+-{2,})+\s*$")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?%?$|[+-]?(nan|inf|infinity)$", re.IGNORECASE)
_BLANK_TOKENS = re.compile(r"'[^']*'(?=\s|$)|\"[^\"]*\"(?=\s|$)|\S+")


@dataclass(frozen=True)
class Dialect:
    """How cells are set apart.

    `separator` is one character, a blank meaning any run of blanks; `bars` is a Markdown or boxed table; `wrapped`
    means each line is one quoted cell that holds a whole record.
    """

    separator: str
    quote: str = '"'
    bars: bool = False
    wrapped: bool = False


@dataclass(frozen=True)
class Guess:
    """A dialect with the number of cells most lines have, and how well it fits, as shares from 0 to 1.

    `share` is that of lines with `width` cells, `plain` that of cells without another candidate separator, `numeric`
    that of cells below the first line which are numbers.
    """

    dialect: Dialect
    width: int
    share: float
    plain: float
    numeric: float


def is_number(cell: str) -> bool:
    """Say whether a cell reads as one number, in any of the notations understood."""
    return _NUMBER.match(cell) is not None


def declared_separator(line: str) -> str | None:
    """Return the separator a spreadsheet's `sep=;` line declares, or None where the line is none."""
    match = _SEP_LINE.match(line.strip())
    if match is None:
        return None
    return "\t" if match[1] == "\\t" else match[1]


def is_rule(line: str) -> bool:
    """Say whether a line only draws: `|---|---|`, `+----+----+`, `=====`."""
    return _RULE.match(line) is not None or _BORDER.match(line) is not None


def draws(line: str, dialect: Dialect) -> bool:
    """Say whether a line of a table in bars or blanks is no record: it only draws, or has no bars."""
    if dialect.bars:
        return is_rule(line) or "|" not in line
    return dialect.separator == " " and _UNDERLINED.match(line) is not None


def bar_table(lines: Sequence[str]) -> tuple[int, int] | None:
    """Return where the first Markdown table with rows begins and ends in `lines`; None where there is none.

    A table is a header, a rule below it, and rows; the header of the next table ends it, and so does the text after
    which that one stands.
    """
    rules = [i for i, line in enumerate(lines) if "|" in line and _RULE.match(line) and i and "|" in lines[i - 1]]
    for place, rule in enumerate(rules):
        end = rules[place + 1] - 1 if place + 1 < len(rules) else len(lines)
        if any("|" in line for line in lines[rule + 1 : end]):
            return rule - 1, end
    return None


def split_bar(line: str) -> list[str]:
    """Split a Markdown table row at its bars."""
    text = line.strip().removeprefix("|")
    if text.endswith("|") and not text.endswith("\\|"):
        text = text[:-1]
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", text)]


def split_blanks(line: str, quote: str) -> list[str]:
    """Split a line at runs of blanks outside quotes."""
    if quote not in line:
        return line.split()
    return [
        cell[1:-1] if cell[0] == quote == cell[-1] and len(cell) > 1 else cell for cell in _BLANK_TOKENS.findall(line)
    ]


def guess_dialect(lines: Sequence[str], separator: str | None = None) -> Guess | None:
    """Return the dialect under which `lines` (no blank lines, no comments) look most like a table, or None.

    Each candidate is scored by the share of lines with its commonest number of cells, and by how many cells are
    plain: a number, or text without another candidate separator.
    """
    sample = list(lines[:_SAMPLE_LINES])
    if not sample:
        return None
    if separator is None and any("|" in line and _RULE.match(line) for line in sample[:40]):
        rows = [line for line in sample if not is_rule(line)]
        guess = _measure(rows, Dialect("|", bars=True)) if rows else None
        if guess is not None:
            return guess
    quote = _quote(sample)
    if separator is None and any(_UNDERLINED.match(line) for line in sample[:5]):
        ruled = _measure([line for line in sample if not is_rule(line)], Dialect(" ", quote))
        if ruled is not None and ruled.share >= 0.5:
            return ruled
    wrapped = _wrapped(sample, quote, separator)
    if wrapped is not None:
        return wrapped
    wanted = (separator,) if separator is not None else _SEPARATORS
    joined = _joined(lines, quote)
    # A quote that stays open is a cell over several lines, or a stray character on every line (`5" disk`).
    bare = [line.replace(quote, "") if line.count(quote) % 2 else line for line in sample]
    readings = [sample, *(reading for reading in (joined, bare) if reading != sample)]
    guesses = [guess for s in wanted for r in readings if (guess := _measure(r, Dialect(s, quote))) is not None]
    best = max(guesses, key=_score, default=None)
    if separator is not None:
        return best or Guess(Dialect(separator, quote), 1, 1.0, 1.0, 0.0)
    if best is not None and _is_table(best):
        return best
    blank = _measure(sample, Dialect(" ", quote))
    if blank is not None and blank.share >= 0.8 and blank.numeric >= 0.4:
        return blank
    return _single_column(sample, quote)


def _score(guess: Guess) -> float:
    return guess.share * (0.5 + 0.5 * guess.plain)


def _is_table(guess: Guess) -> bool:
    """Say whether lines agree on their columns well enough; without a single number in them, prose might as well."""
    if guess.numeric > 0.02:
        return guess.share >= 0.5
    return guess.share >= (0.8 if guess.width > 3 else 0.9)


def _measure(sample: Sequence[str], dialect: Dialect) -> Guess | None:
    """Split `sample` under `dialect`; None where no line has more than one cell."""
    from hpi_core.tables.records import split_record

    if not dialect.bars and dialect.separator != " " and not any(dialect.separator in line for line in sample):
        return None
    rows = [split_record(line, dialect).cells for line in sample]
    counts = Counter(len(row) for row in rows if len(row) > 1)
    if not counts:
        return Guess(dialect, 1, 1.0, 1.0, 1.0) if dialect.bars else None
    width = max(counts, key=lambda n: (counts[n], n))
    first = next(i for i, row in enumerate(rows) if len(row) == width)
    table = rows[first:]
    sound = [row for row in table if len(row) == width]
    cells = [cell for row in sound[:100] for cell in row[:200]]
    others = [s for s in _SEPARATORS if s != dialect.separator]
    plain = sum(is_number(cell) or not any(s in cell for s in others) for cell in cells) / len(cells)
    below = [cell for row in sound[1:100] for cell in row[:200]]
    numeric = sum(is_number(cell) for cell in below) / max(1, len(below))
    # A header or a row before the first sound one that is cut differently speaks against the separator.
    share = len(sound) / (len(table) + (0 if first == 0 else 0.5))
    return Guess(dialect, width, share, plain, numeric)


def _joined(lines: Sequence[str], quote: str) -> list[str]:
    """Join lines while a quote is open, as if every quote were sound: cells over several lines become one line."""
    joined: list[str] = []
    waiting: list[str] = []
    for line in lines:
        if len(joined) >= _SAMPLE_LINES:
            return joined
        if line.count(quote) % 2:
            waiting.append(line)
            if len(waiting) > 1:
                joined.append(" ".join(waiting))
                waiting = []
        elif waiting:
            waiting.append(line)
        else:
            joined.append(line)
    return joined + waiting


def _quote(sample: Sequence[str]) -> str:
    if any('"' in line for line in sample):
        return '"'
    apostrophes = sum(bool(re.search(r"(^|[,;\t|])\s*'[^']*'\s*([,;\t|]|$)", line)) for line in sample)
    return "'" if apostrophes > 0.8 * len(sample) else '"'


def _wrapped(sample: Sequence[str], quote: str, separator: str | None) -> Guess | None:
    """Recognise a table whose every line was quoted whole by a second export."""
    from hpi_core.tables.records import unwrap

    stripped = [line.strip() for line in sample]
    whole = [line for line in stripped if len(line) > 2 and line[0] == quote == line[-1]]
    if len(whole) < 2 or len(whole) < 0.8 * len(stripped):
        return None
    inner = [unwrap(line, quote) for line in whole]
    # A line of cells quoted one by one opens and closes quotes in between: its inside holds `","`, unescaped.
    if any(quote in line[1:-1].replace(quote * 2, "") for line in whole):
        return None
    wanted = (separator,) if separator is not None else _SEPARATORS
    guesses = [guess for s in wanted if (guess := _measure(inner, Dialect(s, quote))) is not None]
    best = max(guesses, key=_score, default=None)
    if best is None or best.share < 0.8:
        return None
    return replace(best, dialect=replace(best.dialect, wrapped=True))


def _single_column(sample: Sequence[str], quote: str) -> Guess | None:
    """Take lines of one word or number each for a table of one column; prose is none."""
    words = [line.strip() for line in sample]
    simple = sum(len(line.split()) == 1 or is_number(line) or line[0] == quote == line[-1] for line in words)
    numbers = sum(is_number(line.strip(quote)) for line in words[1:])
    # A heading of several words may stand above a column of numbers, not above a column of words.
    if simple < len(words) and (simple < len(words) - 1 or numbers < 0.5 * (len(words) - 1)):
        return None
    return Guess(Dialect(",", quote), 1, 1.0, 1.0, numbers / max(1, len(words) - 1))
