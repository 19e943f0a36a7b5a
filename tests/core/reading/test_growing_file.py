"""A file that is being written, cut at every byte: what was finished is read, the rest is never taken for a value."""

from __future__ import annotations

import pytest

from hpi_core.errors import SourceError
from tests.core.reading.delimited import check_every_line_counts, kinds, read

PLAIN = "trial,status,lr,loss\n1,completed,0.001,0.25\n2,failed,1e-05,nan\n3,completed,0.5,0.125\n"
QUOTED = 'trial,note,loss\n1,"größer, besser",0.25\n2,"say ""no""\nor yes",0.5\n3,"done",0.75\n'


@pytest.mark.parametrize("text", [PLAIN, PLAIN.replace("\n", "\r\n"), QUOTED], ids=["plain", "CR LF", "quoted"])
def test_cut_at_every_byte(text: str) -> None:
    data = text.encode()
    whole = read(data)
    rows = whole.frame.rows()
    header = data.index(b"\n") + 1
    for size in range(header, len(data) + 1):
        part = data[:size]
        if not part[header:].strip():
            with pytest.raises(SourceError):
                read(part)
            continue
        table = read(part)
        check_every_line_counts(table, part)
        cut = part[-1:] not in (b"\n", b"\r")
        complete = table.frame.height - len(table.incomplete)
        assert len(table.incomplete) == kinds(table).get("incomplete", 0)
        if cut:
            assert table.incomplete == {table.frame.height - 1}, part
        if text is not QUOTED:
            assert table.frame.height == part[header:].replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + cut
            assert [str(row) for row in table.frame.head(complete).rows()] == [str(row) for row in rows[:complete]]


def test_a_half_written_number_is_no_value() -> None:
    table = read("trial,epochs,loss\n1,5,0.25\n2,6,0.5\n3,7,0.")
    assert table.frame.rows() == [("1", 5, 0.25), ("2", 6, 0.5), ("3", 7, None)]
    assert table.incomplete == {2}
    assert table.ledger.select("kind", "row", "line").rows() == [("incomplete", 2, 4)]


def test_the_cut_record_does_not_change_the_types_of_the_others() -> None:
    table = read("trial,epochs,loss\n1,5,0.25\n2,6,0.5\n3,fi")
    assert table.frame.rows()[2] == ("3", None, None)
    assert [str(t) for t in table.frame.dtypes] == ["String", "Int64", "Float64"]


def test_complete_accepts_a_last_record_without_a_line_end() -> None:
    table = read("trial,epochs,loss\n1,5,0.25\n2,6,0.5", complete=True)
    assert table.frame.rows() == [("1", 5, 0.25), ("2", 6, 0.5)]
    assert table.incomplete == frozenset()
    assert kinds(table) == {}


def test_the_only_record_may_be_incomplete() -> None:
    table = read("trial,loss\n1,0.2")
    assert table.frame.height == 1
    assert table.incomplete == {0}
