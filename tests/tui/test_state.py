"""The view state's transitions and the action table, without a terminal."""

from __future__ import annotations

from hpi_tui import state as transitions
from hpi_tui.actions import ACTIONS, SCOPES, footer_keys
from hpi_tui.cell_format import choose_format, number_writer
from hpi_tui.commands import SCOPES as SCOPE_CLASSES
from hpi_tui.layout import Wishes, layout_for
from hpi_tui.state import ColumnChoice, SortKey, ViewState

ALL = ("runs", "sick", "buckets")


def test_every_action_has_a_handler_a_scope_and_a_key_or_palette_entry() -> None:
    assert all(action.scope in SCOPES and action.help for action in ACTIONS)
    handlers = [name[3:] for scope in SCOPE_CLASSES for name in vars(scope) if name.startswith("do_")]
    assert len(handlers) == len(set(handlers))
    assert set(handlers) == {action.name for action in ACTIONS}


def test_no_key_means_two_things() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))


def test_help_and_commands_end_the_footer() -> None:
    for pane in ("runs", "sick", "buckets", "curves"):
        assert [says for _, says in footer_keys(pane)[-2:]] == ["help", "commands"]


def test_sorting_turns_then_stops_and_keeps_the_older_key() -> None:
    state = transitions.sort_by(ViewState(), "lr")
    state = transitions.sort_by(state, "loss")
    assert state.sorts == (SortKey("loss"), SortKey("lr"))
    state = transitions.sort_by(state, "loss")
    assert state.sorts == (SortKey("loss", True), SortKey("lr"))
    assert transitions.sort_by(state, "loss").sorts == (SortKey("lr"),)


def test_the_cursor_stays_within_the_rows() -> None:
    state = ViewState(shown=3)
    assert transitions.move_to(state, 99).cursor == 2
    assert transitions.move_to(state, -5).cursor == 0
    assert transitions.move_to(ViewState(shown=0), 1).cursor == 0


def test_jumps_go_back_and_forward() -> None:
    state = transitions.jumped(ViewState(), 4)
    state, target = transitions.jump_back(state, 9)
    assert target == 4
    state, target = transitions.jump_forward(state, 4)
    assert target == 9
    assert transitions.jump_forward(state, 9)[1] is None


def test_selecting_all_again_lets_go() -> None:
    rows = frozenset({1, 2})
    state = transitions.select_rows(ViewState(selection=frozenset({7})), rows)
    assert state.selection == {1, 2, 7}
    assert transitions.select_rows(state, rows).selection == {7}


def test_columns_are_pinned_moved_and_hidden() -> None:
    natural = ("a", "b", "c", "d")
    choice = transitions.toggle_pinned(ColumnChoice(), "c")
    choice = transitions.toggle_hidden(choice, "b")
    assert choice.arranged(natural) == ("c", "a", "d")
    moved = transitions.move_in_order(ColumnChoice(), "a", 2, natural)
    assert moved.arranged(natural) == ("b", "c", "a", "d")


def test_a_narrowed_filter_keeps_an_or_together() -> None:
    state = transitions.with_filter(ViewState(), "a > 1 or b > 1")
    assert transitions.narrowed(state, "c == 2").filter == "(a > 1 or b > 1) and c == 2"


def test_one_number_format_per_column() -> None:
    write = number_writer(choose_format([2.896, 3.1, 2.9341], log=False))
    assert [write(value).text for value in (2.896, 3.1, float("inf"), None)] == ["2.896", "3.100", "+inf", "–"]
    assert write(float("nan")).odd
    assert number_writer(choose_format([0.0185, 0.00157], log=True))(0.0185).text == "1.85e-2"
    assert number_writer(choose_format([0.05, 0.1, 0.3], log=False))(0.1).text == "0.10"


def test_layouts_by_size() -> None:
    def shape(width: int, height: int) -> str:
        return layout_for(width, height, panes=ALL, focus="runs").shape

    assert [shape(19, 10), shape(59, 20), shape(80, 24), shape(120, 40), shape(200, 60)] == [
        "tiny", "list", "one", "two", "three",
    ]  # fmt: skip


def test_at_every_size_the_focused_pane_has_room_and_no_pane_covers_another() -> None:
    for width in (*range(1, 220, 9), 60, 80, 100, 120, 160, 200):
        for height in range(1, 80, 3):
            for focus in ALL:
                chosen = layout_for(width, height, panes=ALL, focus=focus, wishes=Wishes(240, 12, 20))
                if chosen.shape == "tiny":
                    continue
                place = chosen.place(focus)
                assert place is not None
                assert place.width > 0 < place.height
                cells = [
                    (x, y)
                    for _, p in chosen.places
                    for y in range(p.y, p.y + p.height)
                    for x in (p.x, p.x + p.width - 1)
                ]
                assert len(cells) == len(set(cells)) or any(p.width == 1 for _, p in chosen.places)
                assert all(x < width and y < height for x, y in cells)
