"""`hpi-tui`: parse the command line, read the head of the source, start the app.

Nothing heavy is imported before the first paint.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpi_core.errors import HpiError, UsageError
from hpi_core.exit_codes import ExitCode
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.roles import RoleOverrides
    from hpi_core.sweep import Sweep
    from hpi_core.tables.locations import Found
    from hpi_core.tables.table import TableReader
    from hpi_tui.tables import PreviewTable

SOURCE_VARIABLE = "HPATH_RESULTS_CSV"
_DEMO = "demo"
_HEAD_ROWS = 80  # more than the largest terminal shows


def main(argv: Sequence[str] | None = None) -> int:
    """Run the app and return its exit status; never lets a traceback out."""
    from hpi_core.cli import cap_threads

    gc.disable()  # nothing of what starting makes is rubbish; the app turns it on again
    cap_threads()
    args = _parser().parse_args(argv)
    try:
        return _open(args)
    except HpiError as error:
        _narrate(f"hpi-tui: {error.message}")
        if error.hint:
            _narrate(f"         {error.hint}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        return 130
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic in polars does not derive from Exception
        return _crashed(error)
    finally:
        gc.enable()


def _parser() -> argparse.ArgumentParser:
    from hpi_core import __version__
    from hpi_core.cli.source import one_character

    parser = argparse.ArgumentParser(
        prog="hpi-tui", description="Open a hyperparameter sweep in the terminal.",
        epilog="Exit status: 0 ok, 2 usage, 3 unreadable source, 70 a bug in hpi-tui.",
    )  # fmt: skip
    add = parser.add_argument
    add("source", nargs="*", metavar="SOURCE", help=f"files, folders, globs, or - for stdin (else ${SOURCE_VARIABLE})")
    add("--demo", action="store_true", help="open the bundled demo sweep")
    add("--objective", metavar="METRIC", help="the metric trials are ranked by")
    direction = parser.add_mutually_exclusive_group()
    direction.add_argument("--minimize", dest="direction", action="store_const", const="min", help="low is good")
    direction.add_argument("--maximize", dest="direction", action="store_const", const="max", help="high is good")
    add("--role", dest="roles", action="append", default=[], metavar="COLUMN=ROLE", help="what a column is")
    add("--separator", type=one_character, metavar="CHARACTER", help="what separates the cells: ';', tab, space, …")
    add("--encoding", metavar="NAME", help="the encoding of a text file: utf-16, latin-1, cp1252, …")
    add("--experiment", "--study", metavar="NAME", help="which of a store's experiments or studies to open")
    add("--curves", action="append", default=[], metavar="FILE", help="curves of the trials: CSV, Parquet or JSONL")
    add("--outside-logs", action="store_true", help="also open logs a column names outside the folder of SOURCE")
    add("--follow", action="store_true", help="follow the source while it grows (^f in the app)")
    add("--bell", action="store_true", help="ring when a followed trial turns out sick")
    add("--complete", action="store_true", help="accept a last record that has no line end")
    add("--theme", choices=("dark", "light", "auto"), help="colours for a dark or a light terminal")
    add("--ascii", action="store_true", help="no glyphs beyond ASCII")
    add("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    add("--plain", action="store_true", help="print the page of `hpi inspect` instead of opening the app")
    add("--version", action="version", version=f"hpi-tui {__version__}")
    return parser


def _open(args: argparse.Namespace) -> int:
    from hpi_core.last_words import allow
    from hpi_core.tables.locations import find
    from hpi_tui import terminal

    locations = _locations(args)
    _check_roles(args.roles)
    if args.plain or not terminal.is_usable(os.environ.get("TERM", "")):
        return _inspect(args, locations)
    data: bytes | None = None
    if "-" in locations:
        try:
            data = terminal.take_data_from_stdin()
        except OSError:
            raise UsageError("There is no terminal to read keys from.", "Use `hpi inspect -` instead.") from None
    found = find(locations)
    if data is not None:
        terminal.offer_as_stdin(data)
    elif not os.isatty(0):
        terminal.take_keys_from_terminal()
    terminal.draw_on_the_terminal()
    terminal.remember_attributes()
    allow("hpi-tui", terminal.restore)
    return _run(args, locations, found, data)


def _run(args: argparse.Namespace, locations: list[str], found: Found, data: bytes | None) -> int:
    from hpi_tui.preferences import prefer

    wish = prefer(None if data is not None else locations[0])
    from hpi_tui.app import HpiApp  # not before the keys are chosen: its bindings are made when it is imported
    from hpi_tui.follow_turns import Source
    from hpi_tui.theme import detect

    def load(**how: Any) -> Sweep:
        if data is not None:
            from hpi_tui.terminal import offer_as_stdin

            offer_as_stdin(data)
        sweep = read_with_memory(locations, args, **how)
        return replace(sweep, source=replace(sweep.source, name=_DEMO)) if args.demo else sweep

    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    look = detect(theme=args.theme or wish.theme, ascii_only=args.ascii or wish.ascii, encoding=encoding)
    name = _DEMO if args.demo else found.name
    follow = replace(wish.follow, at_once=args.follow, call="bell" if args.bell else wish.follow.call)
    app = HpiApp(
        load, name, look, preview=_preview(found, args), complete=args.complete, notes=wish.notes,
        source=Source(tuple(locations), tuple(args.curves)), follow=follow,
    )  # fmt: skip
    app.run(mouse=not args.no_mouse)
    code = app.return_code or 0
    if app.failure is not None:
        code = _crashed(app.failure)
    if app.jobs.working:  # a reader deep in native code need not be waited for
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def read_with_memory(
    locations: list[str],
    args: argparse.Namespace,
    *,
    overrides: RoleOverrides | None,
    complete: bool,
    through: TableReader | None = None,
    store: str | None = None,
    experiment: str | None = None,
    ask_again: bool = False,
    **how: Any,
) -> Sweep:
    """Read the sources with the person's word on roles: given in the app, on the command line, or remembered.

    `through` reads the tables of files in place of their readers; `store` and `experiment` are what the person picked
    where the locations hold several; `ask_again` asks although an experiment was named.
    """
    import hpi_core
    from hpi_core.roles import RoleOverrides
    from hpi_core.settings import recall_roles
    from hpi_core.tables.table import ReadOptions

    curves = tuple(args.curves) or None
    how_to_read = ReadOptions(
        complete,
        args.encoding,
        args.separator,
        experiment or (None if ask_again else args.experiment),
        curves,
        args.outside_logs,
        through,
        ask=True,
    )
    if overrides is None and (args.objective or args.direction or args.roles):
        roles = tuple((column, role) for column, _, role in (text.rpartition("=") for text in args.roles))
        overrides = RoleOverrides(objective=args.objective, direction=args.direction, roles=roles)
    sweep = hpi_core.read(locations if store is None else [store], options=how_to_read, overrides=overrides, **how)
    if overrides is not None:
        return sweep
    kept = recall_roles(sweep.source.location)
    if not (kept.objective or kept.direction or kept.roles):
        return sweep
    remembered = RoleOverrides(kept.objective, kept.direction, kept.roles, origin="remembered")
    try:
        return sweep.with_roles(remembered)
    except UsageError:  # the file has other columns than when the choice was made
        return sweep


def _locations(args: argparse.Namespace) -> list[str]:
    if args.demo:
        from hpi_core import demo

        return [str(demo.path()), str(demo.curves_path())]
    if args.source:
        return list(args.source)
    if named := os.environ.get(SOURCE_VARIABLE):
        return [named]
    raise UsageError("No source was named.", f"Try hpi-tui sweep.csv, hpi-tui --demo, or set {SOURCE_VARIABLE}.")


def _check_roles(roles: list[str]) -> None:
    for text in roles:
        column, equals, role = text.rpartition("=")
        if not (column and equals and role):
            raise UsageError(f"--role {safe(text)} is not of the form COLUMN=ROLE.", "Try --role lr=hyperparameter")


def _preview(found: Found, args: argparse.Namespace) -> PreviewTable | None:
    """Read the head of the source, unless it is told apart in a way the head alone does not show."""
    from hpi_core.readers.preview import preview
    from hpi_tui.tables import PreviewTable

    if (len(found.contents) != 1 and not args.demo) or args.separator or args.encoding:
        return None
    try:
        head = preview(found.contents[0], _HEAD_ROWS)
    except (HpiError, OSError, ValueError):
        return None
    return None if head is None else PreviewTable(head.names, head.rows)


def _inspect(args: argparse.Namespace, locations: list[str]) -> int:
    from hpi_core.cli import main as headless

    gc.enable()
    if args.objective:
        locations += ["--objective", args.objective]
    if args.direction:
        locations += ["--minimize" if args.direction == "min" else "--maximize"]
    for role in args.roles:
        locations += ["--role", role]
    if args.separator:
        locations += ["--separator", args.separator]
    if args.encoding:
        locations += ["--encoding", args.encoding]
    if args.experiment:
        locations += ["--experiment", args.experiment]
    if args.outside_logs:
        locations += ["--outside-logs"]
    for file in args.curves:
        locations += ["--curves", file]
    if args.complete:
        locations += ["--complete"]
    return headless(["inspect", *locations])


def _crashed(error: BaseException) -> int:
    from hpi_core.cli.crash_log import write_crash_log

    _narrate(f"hpi-tui failed unexpectedly ({type(error).__name__}). This is a bug; details: {write_crash_log(error)}")
    return int(ExitCode.CRASH)


def _narrate(text: str) -> None:
    try:
        print(safe(text), file=sys.stderr)
    except (OSError, ValueError):  # nobody listens any more
        return
