"""Every action of the app: its name, its keys, what it says in the help, its scope, and its place in the footer.

Bindings, help, palette and footer are made from this one table. An action `sort` is carried out by the method
`do_sort` of `hpi_tui.commands`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

SCOPES = ("move", "panes", "decide", "select", "find", "look", "global")


@dataclass(frozen=True)
class Action:
    """One thing a person can do; `keys` in Textual's names, `footer` its rank in the footer or None."""

    name: str
    keys: tuple[str, ...]
    help: str
    scope: str
    footer: int | None = None
    short: str = ""


ACTIONS: list[Action] = [
    Action("down", ("j", "down"), "next trial", "move"),
    Action("up", ("k", "up"), "previous trial", "move"),
    Action("left", ("h", "left"), "column to the left", "move"),
    Action("right", ("l", "right"), "column to the right", "move"),
    Action("first", ("g", "home"), "first trial", "move"),
    Action("last", ("G", "end"), "last trial", "move"),
    Action("half_down", ("ctrl+d",), "half a page down", "move"),
    Action("half_up", ("ctrl+u",), "half a page up", "move"),
    Action("page_down", ("pagedown",), "a page down", "move"),
    Action("page_up", ("pageup",), "a page up", "move"),
    Action("back", ("ctrl+o",), "back to before the jump", "move"),
    Action("forward", ("ctrl+n",), "forward again", "move"),
    Action("next_sick", ("right_square_bracket",), "next sick trial", "move", 56, "next sick"),
    Action("previous_sick", ("left_square_bracket",), "previous sick trial", "move"),
    Action("best", ("B",), "go to the best trial", "move", 60, "best"),
    Action("next_change", ("right_curly_bracket",), "next change in this column", "move"),
    Action("runs", ("1",), "Runs: every trial", "panes"),
    Action("sick", ("2",), "Sick: trials to decide", "panes"),
    Action("buckets", ("3",), "Buckets: sick ranges", "panes"),
    Action("curves", ("4",), "Curves: the trial's course", "panes"),
    Action("chat", ("5",), "Chat: ask about the sweep", "panes"),
    Action("ask", ("C",), "ask about what is here", "panes"),
    Action("next_pane", ("tab",), "next pane", "panes"),
    Action("previous_pane", ("shift+tab",), "previous pane", "panes"),
    Action("open", ("enter",), "open or unfold", "panes", 52, "open"),
    Action("zoom", ("plus",), "zoom the pane", "panes", 58, "zoom"),
    Action("restore", ("underscore",), "restore the panes", "panes"),
    Action("escape", ("escape",), "stop, close or go back", "panes"),
    Action("show_decided", ("H",), "show decided trials", "panes"),
    Action("acknowledge", ("a",), "acknowledge", "decide", 1, "ack"),
    Action("rerun", ("r",), "rerun", "decide", 2, "rerun"),
    Action("ignore", ("i",), "ignore", "decide", 3, "ignore"),
    Action("note", ("n",), "note", "decide", 4, "note"),
    Action("clear_decision", ("A",), "clear the decision", "decide"),
    Action("repeat", ("full_stop",), "repeat the last decision", "decide"),
    Action("undo", ("u",), "undo", "decide", 5, "undo"),
    Action("redo", ("ctrl+r",), "redo", "decide"),
    Action("select", ("space",), "select the trial", "select", 40, "select"),
    Action("select_range", ("v",), "select from, then to here", "select"),
    Action("select_shown", ("asterisk",), "select all shown", "select"),
    Action("filter", ("slash",), "filter", "find", 20, "filter"),
    Action("clear_filter", ("backslash",), "clear the filter", "find"),
    Action("filter_to_cell", ("equals_sign",), "keep what equals this cell", "find"),
    Action("drop_cell", ("exclamation_mark",), "drop what equals this cell", "find"),
    Action("sort", ("s",), "sort, reverse, stop", "find", 30, "sort"),
    Action("clear_sort", (), "order of the source", "find"),
    Action("group", ("number_sign",), "group by configuration", "find"),
    Action("views", ("V",), "views: what else can be shown", "look", 54, "views"),
    Action("importance", ("I",), "importance of hyperparameters", "look", None, "importance"),
    Action("together", ("P",), "two hyperparameters together", "look", None, "two together"),
    Action("choose_two", (), "choose two to see together", "look"),
    Action("map", (), "map of buckets", "look"),
    Action("course", (), "curves of the trial", "look"),
    Action("scatter", (), "objective over a hyperparameter", "look"),
    Action("best_so_far", (), "best so far, over trial order", "look"),
    Action("distribution", (), "distribution of a hyperparameter", "look"),
    Action("parallel", (), "parallel coordinates", "look"),
    Action("columns", ("c",), "columns", "look", 50, "columns"),
    Action("metric", ("m",), "next metric", "look", None, "metric"),
    Action("parameter", ("p",), "next hyperparameter", "look", None, "hyperparameter"),
    Action("time_axis", ("x",), "over steps or time", "look", None, "step or time"),
    Action("log_axis", ("L",), "log or linear axis", "look", None, "log"),
    Action("smooth", ("tilde",), "smooth the curves", "look", None, "smooth"),
    Action("overlay", ("o",), "lay over: selected, sick", "look", None, "overlay"),
    Action("multiples", ("M",), "metrics, trials side by side", "look", None, "side by side"),
    Action("values", ("t",), "values as a table", "look", None, "table"),
    Action("clip", ("percent_sign",), "clip to 1st–99th percentile", "look", None, "clip"),
    Action("zoom_in", ("greater_than_sign",), "closer", "look", None, "closer"),
    Action("zoom_out", ("less_than_sign",), "further away", "look", None, "further"),
    Action("ledger", ("D",), "repairs of the source", "look"),
    Action("roles", ("O",), "roles and objective", "global", 70, "roles"),
    Action("reload", ("R",), "read the source again", "global"),
    Action("another", ("E",), "another experiment or store", "global"),
    Action("follow", ("ctrl+f",), "follow the source", "global", 72, "follow"),
    Action("accept_incomplete", (), "accept a cut-off record", "global"),
    Action("export", ("e",), "export to a file", "global", 62, "export"),
    Action("report", ("w",), "write the report", "global"),
    Action("copy", ("y",), "copy the row", "global", 80, "copy"),
    Action("quit", ("q", "ctrl+c"), "quit", "global", 90, "quit"),
    Action("help", ("question_mark",), "help", "global", 100, "help"),
    Action("palette", ("colon", "ctrl+p"), "commands", "global", 101, "commands"),
]

_DECIDE = (
    (("acknowledge",), "ack"), (("rerun",), "rerun"), (("ignore",), "ignore"), (("note",), "note"), (("undo",), "undo"),
)  # fmt: skip
_OF_PANE: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "sick": (*_DECIDE, (("open",), "unfold"), (("previous_sick", "next_sick"), "group"), (("show_decided",), "decided"),
             (("export",), "export"), (("zoom",), "zoom")),
    "buckets": ((("left", "right"), "issue"), (("down", "up"), "parameter"), (("open",), "trials"),
                (("importance",), "importance"), (("together",), "two together"), (("views",), "views"),
                (("zoom",), "zoom"), (("export",), "export")),
    "importance": ((("importance",), "buckets"), (("left", "right"), "question"), (("down", "up"), "parameter"),
                   (("open",), "its buckets"), (("together",), "two together"), (("views",), "views"),
                   (("zoom",), "zoom")),
    "together": ((("left", "down", "up", "right"), "square"), (("open",), "trials"), (("parameter",), "beside"),
                 (("metric",), "issue"), (("together",), "choose two"), (("escape",), "buckets"), (("views",), "views"),
                 (("zoom",), "zoom")),
    "scatter": ((("parameter",), "hyperparameter"), (("log_axis",), "log"), (("down", "up"), "trial"),
                (("escape",), "curves"), (("views",), "views"), (("zoom",), "full")),
    "best": ((("log_axis",), "log"), (("down", "up"), "trial"), (("escape",), "curves"), (("views",), "views"),
             (("zoom",), "full")),
    "distribution": ((("parameter",), "hyperparameter"), (("down", "up"), "trial"), (("escape",), "curves"),
                     (("views",), "views"), (("zoom",), "full")),
    "parallel": ((("parameter",), "hyperparameter first"), (("log_axis",), "log"), (("down", "up"), "trial"),
                 (("filter",), "filter"), (("escape",), "curves"), (("views",), "views"), (("zoom",), "full")),
    "no curves": ((("parameter",), "hyperparameter"), (("log_axis",), "log"), (("down", "up"), "trial"),
                  (("previous_sick", "next_sick"), "sick"), (("views",), "views"), (("zoom",), "full")),
    "curves": ((("left", "right"), "read out"), (("metric",), "metric"), (("log_axis",), "log"), (("overlay",), "over"),
               (("multiples",), "grid"), (("values",), "table"), (("zoom_out", "zoom_in"), "zoom"),
               (("clip",), "clip"), (("smooth",), "smooth"), (("time_axis",), "time"),
               (("previous_sick", "next_sick"), "sick"), (("down", "up"), "trial"), (("zoom",), "full")),
}  # fmt: skip

# The menu of views: where they stand, and for each its action, its name and what it shows.
VIEWS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("in place 3", (
        ("map", "buckets", "which parameters go with which issues and results"),
        ("importance", "importance", "how much each hyperparameter matters, and which way"),
        ("together", "two together", "how many are sick for two hyperparameters side by side"),
        ("choose_two", "two of your choice", "the same for any two"),
    )),
    ("in place 4", (
        ("course", "curves", "the trial under the cursor against the best and the median"),
        ("scatter", "scatter", "the objective over trial order and over a hyperparameter"),
        ("best_so_far", "best so far", "what the search had found after each trial"),
        ("distribution", "distribution", "which values were tried, and how many of these are sick"),
        ("parallel", "parallel coordinates", "every trial as a line across what matters most"),
    )),
)  # fmt: skip

# Keys of the chat alone, where every other key types; `/` begins a command.
CHAT_KEYS = (
    ("Enter", "send"), ("Esc", "cancel, leave"), ("Tab", "citations"), ("Up", "earlier"), ("Down", "suggested"),
    ("PgUp PgDn", "read"), ("^j", "new line"), ("/", "commands"),
)  # fmt: skip

_SHOWN = {
    "question_mark": "?", "colon": ":", "slash": "/", "backslash": "\\", "equals_sign": "=", "asterisk": "*",
    "number_sign": "#", "plus": "+", "underscore": "_", "space": "Space", "enter": "Enter", "escape": "Esc",
    "exclamation_mark": "!", "percent_sign": "%",
    "right_curly_bracket": "}", "right_square_bracket": "]", "left_square_bracket": "[",
    "full_stop": ".", "tilde": "~", "greater_than_sign": ">", "less_than_sign": "<",
    "tab": "Tab", "shift+tab": "Shift-Tab", "pagedown": "PgDn", "pageup": "PgUp", "up": "Up",
    "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End",
}  # fmt: skip


def key_shown(key: str) -> str:
    """Return a key as a person reads it: `^d`, `/`, `PgUp`."""
    if key.startswith("ctrl+"):
        return f"^{key[5:]}"
    return _SHOWN.get(key, key)


def keys_shown(action: Action) -> str:
    """Return all keys of an action, or an empty string where it stands in the palette alone."""
    return " ".join(key_shown(key) for key in action.keys)


def footer_keys(pane: str) -> list[tuple[str, str]]:
    """Return what the footer says while a pane has the keys: a key and what it does; help and commands stand last."""
    ranked = sorted((action for action in ACTIONS if action.footer is not None), key=lambda action: action.footer or 0)
    keys = [(key_shown(action.keys[0]), action.short or action.help) for action in ranked if action.keys]
    if pane == "chat":
        return [*CHAT_KEYS, ("^p", "palette")]
    own = [(_first_keys(names), says) for names, says in _OF_PANE.get(pane, ())]
    return keys if not own else [*((key, says) for key, says in own if key), *keys[-2:]]


def _first_keys(names: tuple[str, ...]) -> str:
    return " ".join(
        key_shown(action.keys[0]) for name in names for action in ACTIONS if action.name == name and action.keys
    )


def rebind(chosen: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Give actions other keys, before the app is built; a key is taken from the action that had it.

    Args:
        chosen: name of an action -> its keys as a person writes them: `f`, `?`, `PgUp`, `^d` or `ctrl+d`.

    Returns:
        A sentence for every name that is no action.
    """
    written = {shown.lower(): key for key, shown in _SHOWN.items()}
    known = {action.name for action in ACTIONS}
    keys = {
        name: tuple(dict.fromkeys(_key_written(word, written) for word in words))
        for name, words in chosen.items()
        if name in known
    }
    taken = {key for words in keys.values() for key in words}
    for at, action in enumerate(ACTIONS):
        kept = tuple(key for key in action.keys if key not in taken)
        ACTIONS[at] = replace(action, keys=keys.get(action.name, kept))
    return [f"keys.{name} is no action; the help (?) lists them." for name in chosen if name not in known]


def _key_written(word: str, written: Mapping[str, str]) -> str:
    if len(word) == 2 and word[0] == "^":
        return f"ctrl+{word[1].lower()}"
    if len(word) == 1 and word.isalnum():
        return word
    if (key := written.get(word.lower())) is not None:
        return key
    if len(word) == 1:
        import unicodedata

        return unicodedata.name(word, word).lower().replace("-", "_").replace(" ", "_")  # as Textual names keys
    return word
