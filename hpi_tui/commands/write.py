"""What the keys of writing do: export the reruns, the table, the report or the summary to the working folder."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hpi_tui.commands.scope import Scope

if TYPE_CHECKING:
    from hpi_tui.exports import Shown


class Write(Scope):
    """Offers the exports and has a worker write the chosen one."""

    def do_export(self) -> None:
        shown = self._shown()
        if shown is None:
            return
        from hpi_tui.screens.export import ExportScreen

        def write(name: object) -> None:
            if isinstance(name, str):
                self._write(shown, name)

        self.screen.app.push_screen(ExportScreen(self.screen.look, shown), write)

    def do_report(self) -> None:
        shown = self._shown()
        if shown is not None:
            self._write(shown, "report")

    def _shown(self) -> Shown | None:
        screen = self.screen
        if screen.table is None:
            self.say("There is nothing to write before the source is read.")
            return None
        if screen.arranging:  # what is shown is not yet what the filter shows
            self.say("Still filtering: press the key again in a moment.")
            return None
        from hpi_tui.exports import Shown

        return Shown(screen.table.sweep, screen.standing, screen.table.view, dict(screen.decided), screen.state.filter)

    def _write(self, shown: Shown, name: str) -> None:
        from hpi_tui.exports import exports, free_path

        one = next(one for one in exports() if one.name == name)
        path = free_path(shown, one.ending, Path.cwd())
        self.say(f"Writing {path.name} …")
        self.screen.jobs.write(lambda: one.write(shown, path))
