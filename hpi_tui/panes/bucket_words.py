"""What the Buckets pane says in words: the claim of the chosen pair with what is behind it, and the list of claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, paint, title

if TYPE_CHECKING:
    from hpi_core.charts.bucket_bars import PairChart
    from hpi_core.charts.bucket_words import PairWords
    from hpi_core.charts.buckets import BucketMap, Claim

_NAME_WIDEST, _LABEL = 24, 10
_GAP = "  "
_COUNTS, _ELSEWHERE, _RATIO, _FALSE_RATE, _STRENGTH = range(1, 6)


@dataclass(frozen=True)
class Said:
    """The row of the pair with its sentence, and the lines behind it."""

    head: list[Strip]
    notes: list[Strip]


def said_lines(look: Look, view: BucketMap, pair: PairChart, width: int, most: int) -> Said:
    """Draw what is said of a pair: in its title row where it fits, else below it in at most `most` lines."""
    from hpi_core.charts.bucket_words import pair_words

    words = pair_words(view, pair)
    column = view.column(pair.issue)
    tag = pair.issue if column is None else column.tag
    name = _cut(safe(pair.parameter), min(_NAME_WIDEST, max(6, width // 3)))
    label = [Run(f" {name} × {tag}", "text", True)]
    sentence = look.sign(words.claim + words.sentence)
    used = cell_len(look.sign(label[0].text)) + 2
    aside = [Run(f"{words.aside} ", "muted")] if words.aside else []
    beside = cell_len(look.sign(words.aside)) + 3 if aside else 1
    if used + cell_len(sentence) + beside <= width:
        head = [title(look, width, label, [Run(_GAP), *_sentence(words)], aside, False)]
    elif used + cell_len(sentence) + 1 <= width:
        head = [title(look, width, label, [Run(_GAP), *_sentence(words)], [], False)]
        words = _with_aside(words)
    elif most > 1:
        short = used + beside <= width
        head = [title(look, width, label, [], aside if short else [], False)]
        head += [paint(look, [Run(f"  {line}")], width) for line in wrapped(sentence, width - 3)[:most]]
        words = words if short else _with_aside(words)
    else:
        # One line and too little room: a claim names parameter and issue itself.
        begin = [Run(" ")] if words.claim else [*label, Run(_GAP)]
        head = [paint(look, [*begin, *_sentence(words)], width, "band" if look.fills else "ground")]
        words = _with_aside(words)
    notes = []
    for caption, text in words.notes:
        first, *rest = wrapped(look.sign(text), max(10, width - _LABEL - 3)) or [""]
        token = "strong" if caption == "next" else "muted" if caption == "how" else "text"
        notes.append(paint(look, [Run(f"  {caption.ljust(_LABEL)}", "muted"), Run(first, token)], width))
        notes += [paint(look, [Run(" " * (_LABEL + 2)), Run(line, token)], width) for line in rest]
    return Said(head, notes)


def claim_lines(
    look: Look, view: BucketMap, chosen: tuple[str, str] | None, width: int, room: int, active: bool
) -> list[tuple[Strip, tuple[str, str] | None]]:
    """Draw all claims, strongest first, in at most `room` lines, each with the pair it speaks of."""
    from hpi_core.charts.buckets import claims_in_order

    claims = claims_in_order(view)
    if not claims or room < 2:
        return []
    known = [cell for cell in (view.cells or {}).values() if cell.state != "few"]
    state = [Run(f"  {len(claims):,} of {len(known):,} pairs with enough trials, strongest first", "muted")]
    rows = room - 1
    at = next((at for at, claim in enumerate(claims) if chosen in _speaks_of(claim)), 0)
    first = max(0, min(at - rows // 2, len(claims) - rows))
    right = [Run(f"+{len(claims) - rows:,} ", "muted")] if len(claims) > rows else []
    lines: list[tuple[Strip, tuple[str, str] | None]] = [
        (title(look, width, [Run(" claims", "text", True)], state, right, False), None)
    ]
    shown = claims[first : first + rows]
    texts = [_claim_cells(look, claim) for claim in shown]
    wide = [max(cell_len(row[k]) for row in texts) for k in range(len(texts[0]))]
    rest = width - 11
    kept = _columns_kept(wide, rest)
    wide[0] = max(8, min(wide[0], rest - sum(_taken(wide, k) for k in kept)))
    for claim, cells in zip(shown, texts, strict=True):
        pairs = _speaks_of(claim)
        here = chosen in pairs
        token = "err" if claim.column.tone == "error" else claim.column.tone
        runs = [Run(f"  {claim.column.tag.ljust(8)} ", token), Run(_left(look, cells[0], wide[0]), "text", here)]
        for k in kept:
            if k == _ELSEWHERE:
                runs.append(Run("  elsewhere", "muted"))
            gap = " " if k == _ELSEWHERE else _GAP
            text = cells[k].ljust(wide[k]) if k in (_FALSE_RATE, _STRENGTH) else cells[k].rjust(wide[k])
            runs.append(Run(gap + text, "muted" if k == _FALSE_RATE else "text"))
        ground = ("cur" if active else "cur2") if here and look.fills else "cur2" if here else "ground"
        lines.append((paint(look, runs, width, ground), pairs[0]))
    return lines


def _speaks_of(claim: Claim) -> list[tuple[str, str]]:
    """Return the pairs of parameter and issue a claim speaks of."""
    return [(name, claim.column.issue) for name in claim.parameters]


def _columns_kept(wide: list[int], room: int) -> list[int]:
    """Return which columns beside the claim itself have room; counts elsewhere and the ratio go first."""
    kept = [_COUNTS, _ELSEWHERE, _RATIO, _FALSE_RATE, _STRENGTH]
    for dropped in (_ELSEWHERE, _RATIO, _STRENGTH, _COUNTS):
        if wide[0] + sum(_taken(wide, k) for k in kept) <= room:
            break
        kept.remove(dropped)
    return kept


def _taken(wide: list[int], column: int) -> int:
    return wide[column] + (12 if column == _ELSEWHERE else 2)


def wrapped(text: str, width: int) -> list[str]:
    """Break a text at spaces into lines of at most `width` cells; a longer word is cut where it must be."""
    lines: list[str] = []
    line = ""
    for word in text.replace(" %", "\xa0%").split(" "):
        rest = word.replace("\xa0", " ")
        while cell_len(rest) > width:
            if line:
                lines.append(line)
                line = ""
            piece = set_cell_size(rest, width).rstrip()
            lines.append(piece)
            rest = rest[len(piece) :] if piece and rest.startswith(piece) else ""
        if line and cell_len(line) + 1 + cell_len(rest) > width:
            lines.append(line)
            line = rest
        else:
            line = f"{line} {rest}".strip()
    return [*lines, line] if line else lines


def _sentence(words: PairWords) -> list[Run]:
    if not words.claim:
        return [Run(words.sentence, "muted")]
    return [Run(words.claim, "text", True), Run(words.sentence, "text")]


def _with_aside(words: PairWords) -> PairWords:
    """Move what found no room beside the sentence to the lines below it."""
    from dataclasses import replace

    return replace(words, aside="", notes=(("strength", words.aside), *words.notes)) if words.aside else words


def _claim_cells(look: Look, claim: Claim) -> tuple[str, ...]:
    from hpi_core.charts.bucket_words import counts_of, false_rate, printed, ratio_of

    sick, n, elsewhere_sick, elsewhere_n = counts_of(claim.made)
    return (
        look.sign(printed(claim.made.text)),
        f"{sick:,}/{n:,}",
        f"{elsewhere_sick:,}/{elsewhere_n:,}",
        look.sign(ratio_of(claim.made)),
        false_rate(claim.made.q),
        claim.strength,
    )


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _left(look: Look, text: str, width: int) -> str:
    return set_cell_size(text if cell_len(text) <= width else look.sign(_cut(text, width)), width)
