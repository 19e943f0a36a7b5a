"""discover(): walk a package, collect the objects its modules declare, and report what failed to import."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Discovery:
    """Objects found, in the order of their modules' names, and module name -> reason for those that failed."""

    found: tuple[object, ...]
    failed: tuple[tuple[str, str], ...]


def discover(package: ModuleType, attribute: str) -> Discovery:
    """Import every module of `package` and collect its `attribute`; a module without it declares nothing.

    One module that fails to import costs only itself.
    """
    found: list[object] = []
    failed: list[tuple[str, str]] = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if info.name.startswith("_"):
            continue
        name = f"{package.__name__}.{info.name}"
        try:
            module = importlib.import_module(name)
        except Exception as error:
            failed.append((info.name, f"{type(error).__name__}: {error}"))
            continue
        if hasattr(module, attribute):
            found.append(getattr(module, attribute))
    return Discovery(tuple(found), tuple(failed))
