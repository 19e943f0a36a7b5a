"""The filter language: which trials to show, in one line; compiled to one polars expression.

    lr > 0.01 and status == failed        comparisons: < <= > >= == (or =) != (or ≤ ≥ ≠), joined by and, or, not, ( )
    1e-4 < lr <= 0.01                     chained: both must hold
    val_loss > train_loss                 a column against a column
    val_loss is nan                       is [not] nan | missing | inf | finite | set (neither missing nor nan)
    optimizer in (adam, "my lion")        [not] in a list of values
    notes ~ oom    notes =~ "^CUDA.*"     holds the text (case does not matter); matches the regular expression
    `odd name` == 3                       backticks around a column name of odd characters, "quotes" around odd text
    issue:nonfinite_metric   issue:any    what was found; also severity:error, decision:rerun, trial:17
    cuda error                            free text: found in any text column, the id or the status

A missing value and NaN match no comparison, not even `!=`; `is` asks for them. A column may be named by the end of its
name (`lr` for `params_lr`) where only one column has it. `status` also takes the normalised words (completed, failed,
oom, timeout, pruned, running, unknown) beside the source's own; `_status` is always the normalised one.

Grammar (keywords in any case):

    filter  : [any]
    any     : all ("or" all)*
    all     : no ("and" no)*
    no      : "not" no | "(" any ")" | test | text+
    test    : value (("<"|"<="|"≤"|">"|">="|"≥"|"=="|"="|"!="|"≠") value)+
            | value "is" ["not"] word
            | value ["not"] "in" "(" value ("," value)* ")"
            | value ("~"|"=~"|"!~") value
    value   : word | number | "text" | 'text' | `column`
"""

from hpi_core.filter.completion import Completion, complete
from hpi_core.filter.condition import condition
from hpi_core.filter.language import Filter, parse

__all__ = ["Completion", "Filter", "complete", "condition", "parse"]
