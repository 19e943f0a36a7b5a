"""Features that are kept: of curves that grow, only those are measured again that have other points than before.

What is measured of a curve rests on its own points alone, so a curve with the same points has the same features. Who
inspects a source again and again does so within `keeping()`; everybody else measures everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import polars as pl

from hpi_core.curves.features import SCHEMA, curve_features
from hpi_core.frames import ROW

# More points than this stay in their file, where looking at them costs as much as measuring them.
_MOST = 20_000_000
_CURVE = [ROW, "metric"]


@dataclass
class KeptFeatures:
    """The features of curves as they were measured last, each with a digest of the points they rest on.

    `digests` has the columns `_row`, `metric`, `digest`; `measured` counts the curves measured so far.
    """

    features: pl.DataFrame | None = None
    digests: pl.DataFrame | None = None
    maximised: Mapping[str, bool] | None = None
    measured: int = 0

    def of(self, curves: pl.LazyFrame, maximised: Mapping[str, bool]) -> pl.DataFrame:
        """Return what `curve_features` returns, measuring only curves that are not known."""
        if int(curves.select(pl.len()).collect().item()) > _MOST:
            return curve_features(curves, maximised)
        points = pl.struct("step", "value").hash(17)
        digests = (
            curves.group_by(_CURVE, maintain_order=True)
            .agg(points.sum().alias("digest") + points.count().hash(3))
            .collect()
        )
        if self.features is None or self.digests is None or dict(maximised) != self.maximised:
            features = curve_features(curves, maximised)
            self.measured += features.height
        else:
            known = digests.join(self.digests, on=digests.columns, how="semi", maintain_order="left").select(_CURVE)
            fresh = curves.join(known.lazy(), on=_CURVE, how="anti", maintain_order="left")
            again = curve_features(fresh, maximised)
            self.measured += again.height
            kept = self.features.join(known, on=_CURVE, how="semi", maintain_order="left")
            features = pl.concat([kept, again]).sort(_CURVE)
        self.features, self.digests, self.maximised = features, digests, dict(maximised)
        return features.select(SCHEMA.names())


_keeping: ContextVar[KeptFeatures | None] = ContextVar("features that are kept", default=None)


@contextmanager
def keeping(kept: KeptFeatures) -> Iterator[None]:
    """Measure within this context, and in this thread, only curves that `kept` does not know."""
    before = _keeping.set(kept)
    try:
        yield
    finally:
        _keeping.reset(before)


def features_of(curves: pl.LazyFrame, maximised: Mapping[str, bool]) -> pl.DataFrame:
    """Return the features of all curves, those that are kept taken as they are; see `curve_features`."""
    kept = _keeping.get()
    return curve_features(curves, maximised) if kept is None else kept.of(curves, maximised)
