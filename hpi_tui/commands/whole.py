"""What the keys for the whole app do: columns, roles, reload, copy, help, quit."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

from dataclasses import replace

from hpi_core.text import safe
from hpi_tui import state as transitions
from hpi_tui.commands.scope import Scope
from hpi_tui.tables import ADDED, STATUS


class Whole(Scope):
    """Opens the other screens, reads again, copies and leaves."""

    def do_columns(self) -> None:
        table = self.screen.table
        if table is None:
            return
        from hpi_tui.screens.columns import ColumnsScreen

        def choose(choice: object) -> None:
            if isinstance(choice, transitions.ColumnChoice):
                self.screen.go(replace(self.screen.state, columns=choice))

        screen = ColumnsScreen(self.screen.look, table, self.screen.state)
        self.screen.app.push_screen(screen, choose)

    def do_ledger(self) -> None:
        table = self.screen.table
        if table is None or table.sweep.ledger.is_empty():
            self.say("Nothing was repaired or refused in this source.")
            return
        from hpi_tui.screens.ledger import LedgerScreen

        self.screen.app.push_screen(LedgerScreen(self.screen.look, table.sweep))

    def do_roles(self) -> None:
        screen = self.screen
        if screen.table is None:
            return
        from hpi_core.roles import RoleOverrides
        from hpi_tui.screens.roles import RolesScreen

        sweep = screen.table.sweep

        def changed(overrides: object) -> None:
            if not isinstance(overrides, RoleOverrides):
                return
            from hpi_core.errors import HpiError
            from hpi_core.settings import remember_roles

            screen.overrides = overrides
            try:
                remember_roles(sweep.source.location, overrides)
            except HpiError as error:
                self.say(str(error))
            screen.following.pause()
            screen.jobs.reassign(sweep, overrides)

        screen.app.push_screen(RolesScreen(screen.look, sweep, screen.overrides), changed)

    def do_reload(self) -> None:
        screen = self.screen
        screen.progress, screen.error = "reading again", None
        screen.following.pause()
        known = None if screen.table is None else screen.table.sweep
        screen.jobs.load(screen.overrides, screen.complete, look=screen.following.look, known=known)
        screen.relayout()
        screen.refresh_chrome()

    def do_another(self) -> None:
        self.say(self.screen.picking.begin())

    def do_follow(self) -> None:
        self.say(self.screen.following.toggle())

    def do_accept_incomplete(self) -> None:
        self.screen.complete = True
        self.do_reload()

    def do_copy(self) -> None:
        screen, table = self.screen, self.screen.table
        row = screen.cursor.row_here()
        if table is None or row is None:
            return
        from hpi_tui.copying import rows_as_text

        chosen = [shown for shown in table.view.tolist() if shown in screen.state.selection] or [row]
        names = [name for name in screen.runs.names if name not in (*ADDED, STATUS)]
        text = rows_as_text(table.sweep, chosen, names)
        screen.app.copy_to_clipboard(text)
        many = f"{len(chosen):,} trials" if len(chosen) > 1 else "Row"
        self.say(f"{many} copied: {safe(text, 300)}")

    def do_quit(self) -> None:
        screen = self.screen
        unread = screen.table is None and screen.error is not None
        screen.app.exit(return_code=int(screen.error.exit_code) if unread and screen.error else 0)

    def do_help(self) -> None:
        self._push_help(searching=False)

    def do_palette(self) -> None:
        self._push_help(searching=True)

    def _push_help(self, *, searching: bool) -> None:
        from hpi_tui.screens.help import HelpScreen

        def run(name: object) -> None:
            if isinstance(name, str):
                self.screen.call_after_refresh(self.screen.commands.carry_out, name)

        self.screen.app.push_screen(HelpScreen(self.screen.look, self.screen.source_name, searching=searching), run)
