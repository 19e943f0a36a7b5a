"""`hpi`: the headless commands over the core, one file per command, found by walking this package.

stdout is data, stderr is narration. Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from hpi_core.errors import FilterError, HpiError
from hpi_core.exit_codes import ExitCode
from hpi_core.last_words import allow
from hpi_core.text import safe


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status; never lets a traceback out."""
    cap_threads()
    allow("hpi")
    _open_closed_streams()
    try:
        args, unknown = _parser().parse_known_args(argv)
        if unknown:  # argparse would show the usage of `hpi`, which tells nothing about the options of a command
            args.complain(f"there is no {' '.join(unknown)}; hpi {args.command} --help lists the options")
        code: ExitCode = args.run(args)
        sys.stdout.flush()
    except HpiError as error:
        return _explain(error)
    except BrokenPipeError:
        _leave_the_pipe()
        return ExitCode.BROKEN_PIPE
    except KeyboardInterrupt:
        _narrate("Interrupted.")
        return ExitCode.INTERRUPTED
    except (SystemExit, GeneratorExit):
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or error.filename is not None:
            return _crashed(error)
        _leave_the_pipe()
        _narrate(f"hpi: The output cannot be written: {error.strerror}.")
        return ExitCode.CANNOT_WRITE
    except BaseException as error:  # a panic in polars does not derive from Exception
        return _crashed(error)
    return code


def _open_closed_streams() -> None:
    """Give streams that the caller closed (`>&-`, some schedulers) somewhere to go: the exit status still counts."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end


def cap_threads() -> None:
    """Keep polars and the linear algebra libraries to at most 8 threads, unless the person has set them.

    On login nodes with many cores and thread limits, one thread per core cannot even be started.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for name in ("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, str(min(8, usable)))


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are safe to print: what was typed may be a file's name."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        _narrate(f"{self.prog}: {message}")
        self.exit(ExitCode.USAGE)


def _parser() -> argparse.ArgumentParser:
    import hpi_core.cli
    from hpi_core import __version__
    from hpi_core.cli.command import Command
    from hpi_core.plugins import discover

    parser = _Parser(
        prog="hpi",
        description="Find out why a hyperparameter sweep came back sick.",
        epilog="Exit status: 0 ok, 1 gate failed, 2 usage, 3 unreadable source, 4 repairs under --strict, "
        "5 cannot write, 6 chat or network, 70 a bug in hpi.",
    )
    parser.add_argument("--version", action="version", version=f"hpi {__version__}")
    commands: Any = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    discovery = discover(hpi_core.cli, "COMMAND")
    for module, reason in discovery.failed:
        _narrate(f"The command in {module} cannot be loaded: {reason}")
    for command in sorted((c for c in discovery.found if isinstance(c, Command)), key=lambda c: (c.order, c.name)):
        subparser = commands.add_parser(command.name, help=command.help, description=command.help)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run, command=command.name, complain=subparser.error)
    return parser


def _explain(error: HpiError) -> int:
    _narrate(f"hpi: {error.message}")
    if isinstance(error, FilterError) and error.text is not None:
        from hpi_core.cli.ink import cells_wide

        before = cells_wide(safe(error.text[: error.position], len(error.text) * 8))
        _narrate(f"  {error.text}\n  {' ' * before}^")
    if error.hint:
        _narrate(f"     {error.hint}")
    return error.exit_code


def _crashed(error: BaseException) -> int:
    from hpi_core.cli.crash_log import write_crash_log

    log = write_crash_log(error)
    _narrate(f"hpi failed unexpectedly ({type(error).__name__}). This is a bug in hpi; details: {log}")
    return ExitCode.CRASH


def _narrate(text: str) -> None:
    """Print lines for the person on stderr, harmless whatever stood in the data."""
    try:
        for line in text.split("\n"):
            print(safe(line), file=sys.stderr)
    except (BrokenPipeError, ValueError):  # nobody listens any more
        return


def _leave_the_pipe() -> None:
    """Point stdout at nothing, so that the interpreter's last flush has somewhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
