"""What every reader of stores must keep: one suite, inherited whole by the tests of each reader.

A reader's test class derives from `StoreConformance` and says which stores it has (`stores`), how to damage one, and
what stands in them. Everything else is asked here, through the library's public door.

    class TestOptuna(StoreConformance):
        reader = "optuna"

        def stores(self, folder):
            return [Store(write_study(folder / "study.db"), trials=3, statuses={"completed": 3}, points=6)]
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from hpi_core import frames
from hpi_core.errors import Cancelled, HpiError, SourceError
from hpi_core.readers._reading import choose_store
from hpi_core.sweep import Sweep
from hpi_core.tables.table import ReadOptions

# A reader may hold a few copies of what it returns, and the interpreter's own needs beside them.
MEMORY_FACTOR = 12
MEMORY_FREE = 48 << 20


@dataclass(frozen=True)
class Store:
    """A store as a test wrote it, and what must be found in it.

    `statuses` counts trials by normalised status, `points` all points of all curves, `columns` are some that must be
    there, `experiment` picks one of several.
    """

    path: Path
    trials: int
    statuses: Mapping[str, int] = field(default_factory=dict)
    points: int = 0
    columns: Sequence[str] = ()
    experiment: str | None = None


GARBAGE: Mapping[str, Callable[[bytes], bytes]] = {
    "zeros": lambda data: bytes(len(data)),
    "noise": lambda data: hashlib.sha256(data).digest() * (1 + len(data) // 32),
    "holes": lambda data: data[: len(data) // 3] + bytes(len(data) // 3) + data[2 * (len(data) // 3) :],
    "pickle": lambda _: b"cposix\nsystem\n(S'touch hpi-was-tricked'\ntR.",
    "protocol4": lambda _: b"\x80\x04\x95\x20\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93.",
    "yaml": lambda _: b"a: !!python/object/apply:os.system ['touch hpi-was-tricked']\nb: &x [*x, *x]\n",
    "lfs": lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n",
    "long": lambda data: data + b"x" * (1 << 20),
    "utf16": lambda _: "loss: 1\n".encode("utf-16"),
}


class StoreConformance:
    """The suite; a class that inherits it sets `reader` and `stores`."""

    reader: str = ""
    # Strings that must never be run, though they stand in the store's text; a file of this name would prove it.
    trap = "hpi-was-tricked"

    def stores(self, folder: Path) -> Sequence[Store]:
        """Write the reader's stores into an empty folder, the largest first."""
        raise NotImplementedError

    @pytest.fixture
    def written(self, tmp_path: Path) -> Iterator[list[Store]]:
        folder = tmp_path / "stores"
        folder.mkdir()
        yield list(self.stores(folder))
        for path in tmp_path.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)

    def test_what_is_in_it_is_found(self, written: list[Store]) -> None:
        for store in written:
            sweep = read(store)
            assert sweep.source.kind == self.reader, store.path.name
            assert sweep.trials.height == store.trials, store.path.name
            assert points(sweep) == store.points, store.path.name
            if store.statuses:
                counts = dict(sweep.trials[frames.STATUS].value_counts().iter_rows())
                assert counts == dict(store.statuses), store.path.name
            assert set(store.columns) <= set(sweep.trials.columns), store.path.name

    def test_what_is_returned_keeps_the_shapes_of_the_house(self, written: list[Store]) -> None:
        for store in written:
            sweep = read(store)
            assert sweep.ledger.schema == frames.LEDGER
            assert sweep.trials[frames.ROW].to_list() == list(range(sweep.trials.height))
            assert sweep.roles.id is not None
            assert sweep.trials[sweep.roles.id].n_unique() == sweep.trials.height
            if sweep.curves is None:
                continue
            curves = sweep.curves.collect()
            assert curves.schema == frames.CURVES
            assert curves.null_count().sum_horizontal().item() == 0
            assert curves.select("_row", "metric", "step").is_unique().all()
            assert curves.select("_row", "metric", "step").equals(
                curves.select("_row", "metric", "step").sort("_row", "metric", "step")
            )
            assert curves["_row"].is_in(sweep.trials[frames.ROW].implode()).all()

    def test_it_claims_by_content_and_never_by_name_alone(self, written: list[Store], tmp_path: Path) -> None:
        for number, store in enumerate(written):
            renamed = tmp_path / f"nothing-{number}.dat"
            _copy(store.path, renamed)
            chosen = choose_store(str(renamed))
            assert chosen is not None, store.path.name
            assert chosen.name == self.reader, store.path.name
            empty = tmp_path / f"empty-{number}" / store.path.name
            empty.parent.mkdir()
            if store.path.is_dir():
                empty.mkdir()
            else:
                empty.write_bytes(b"")
            chosen = choose_store(str(empty))
            assert chosen is None or chosen.name != self.reader, store.path.name

    def test_nothing_in_the_store_is_changed_or_left_behind(self, written: list[Store], tmp_path: Path) -> None:
        for store in written:
            before = _state_of(store.path.parent)
            read(store)
            choose_store(str(store.path))
            assert _state_of(store.path.parent) == before, store.path.name
        assert not list(tmp_path.rglob(self.trap))
        assert not Path(self.trap).exists()

    @pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
    def test_a_store_that_may_not_be_written_is_read(self, written: list[Store]) -> None:
        for store in written:
            for path in [store.path, *store.path.rglob("*")] if store.path.is_dir() else [store.path]:
                path.chmod(0o555 if path.is_dir() else 0o444)
            store.path.parent.chmod(0o555)
        try:
            for store in written:
                assert read(store).trials.height == store.trials, store.path.name
        finally:
            for store in written:
                store.path.parent.chmod(0o755)
                for path in [store.path, *store.path.rglob("*")]:
                    path.chmod(0o755 if path.is_dir() else 0o644)

    def test_reading_it_twice_gives_the_same(self, written: list[Store]) -> None:
        for store in written:
            one, two = read(store), read(store)
            assert one.trials.equals(two.trials)
            assert one.ledger.equals(two.ledger)
            assert one.source.fingerprint == two.source.fingerprint != ""

    def test_a_cut_file_costs_itself_or_is_refused_in_a_sentence(self, written: list[Store], tmp_path: Path) -> None:
        for share in (0.0, 0.5, 0.95):
            self._damaged(written, partial(_cut, share))
        assert not list(tmp_path.rglob(self.trap))

    @pytest.mark.parametrize("kind", sorted(GARBAGE))
    def test_garbage_in_a_file_costs_itself_or_is_refused_in_a_sentence(
        self, kind: str, written: list[Store], tmp_path: Path
    ) -> None:
        self._damaged(written, GARBAGE[kind])
        assert not list(tmp_path.rglob(self.trap))
        assert not Path(self.trap).exists()

    def test_hostile_entries_of_a_folder_are_not_followed(self, written: list[Store], tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.mkdir()
        (secret / "token").write_text("hunter2-secret-token")
        for store in {store.path: store for store in written}.values():
            if not store.path.is_dir():
                continue
            for folder in _some([path for path in [store.path, *store.path.rglob("*")] if path.is_dir()], 12):
                (folder / "loop").symlink_to(store.path)
                (folder / "outside").symlink_to(secret)
                (folder / "token").symlink_to(secret / "token")
                (folder / "gone").symlink_to(tmp_path / "not-there")
                os.mkfifo(folder / "pipe")
            sweep = read(store)
            assert sweep.trials.height == store.trials
            assert "hunter2-secret-token" not in str(sweep.trials.to_dicts())

    def test_it_tells_of_its_progress_and_can_be_stopped(self, written: list[Store]) -> None:
        store = written[0]
        told: list[tuple[str, float | None]] = []
        thread = threading.get_ident()

        def progress(what: str, fraction: float | None) -> None:
            assert threading.get_ident() == thread
            assert fraction is None or 0 <= fraction <= 1
            told.append((what, fraction))

        options = ReadOptions(experiment=store.experiment)
        hpi_core.read(store.path, options=options, progress=progress)
        assert told
        with pytest.raises(Cancelled):
            hpi_core.read(store.path, options=options, cancelled=lambda: True)

    def test_memory_is_bounded(self, written: list[Store]) -> None:
        store = written[0]
        read(store)
        tracemalloc.start()
        try:
            sweep = read(store)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        curves = 0 if sweep.curves is None else sweep.curves.collect().estimated_size()
        assert peak < MEMORY_FACTOR * (sweep.trials.estimated_size() + curves) + MEMORY_FREE

    def _damaged(self, written: list[Store], damage: Callable[[bytes], bytes]) -> None:
        """Damage a few files of every store, one at a time, and read: what opens has no more trials than before."""
        for store in written:
            for target in _some(_files(store.path)):
                sound = target.read_bytes()
                target.write_bytes(damage(sound))
                self._read_or_refused(store)
                target.write_bytes(sound)

    def _read_or_refused(self, store: Store) -> None:
        """Read a damaged store: a sweep of no more trials than the sound one, or one sentence with what to do."""
        try:
            sweep = read(store)
        except HpiError as error:
            assert isinstance(error, SourceError)  # noqa: PT017 - either answer is a good one
            assert error.message.strip()  # noqa: PT017
            assert "\n" not in error.message  # noqa: PT017
            return
        if sweep.source.kind == self.reader:
            assert sweep.trials.height <= store.trials


def read(store: Store) -> Sweep:
    """Read a store through the library's public door."""
    return hpi_core.read(store.path, options=ReadOptions(experiment=store.experiment))


def points(sweep: Sweep) -> int:
    """Return how many points all the curves of a sweep have."""
    return 0 if sweep.curves is None else int(sweep.curves.select(pl.len()).collect().item())


def _cut(share: float, data: bytes) -> bytes:
    return data[: int(len(data) * share)]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink())


def _some(paths: Sequence[Path], count: int = 6) -> list[Path]:
    """Return a few of the paths, spread evenly, one of each name first."""
    named = {path.name: path for path in reversed(paths)}
    few = list(named.values()) if len(named) <= count else list(paths)
    step = max(1, len(few) // count)
    return few[::step][:count]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
        return
    shutil.copyfile(source, target)
    for end in ("-wal", "-shm", "-journal"):
        beside = Path(f"{source}{end}")
        if beside.exists():
            shutil.copyfile(beside, f"{target}{end}")


def _state_of(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Return mode, time of change and content of everything below a folder."""
    state = {}
    for path in sorted(folder.rglob("*")):
        told = path.lstat()
        data = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(told.st_mode) else ""
        state[str(path)] = (told.st_mode, told.st_mtime_ns, data)
    return state
