"""Finds files of other projects and loads single ones: importing all of verl or OpenRLHF would load their trainers.

A project is looked for where it is installed, and among the peers that `make test` installs (`.venv/peers`).
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

_PEERS = Path(sys.prefix) / "peers"


def peer_file(package: str, path: str) -> Path:
    """The path of a file of a package, without importing it. Raises ModuleNotFoundError."""
    found = importlib.util.find_spec(package)
    places = list(found.submodule_search_locations or ()) if found is not None else []
    for folder in [*map(Path, places), _PEERS / package]:
        if (folder / path).is_file():
            return folder / path
    raise ModuleNotFoundError(f"{package} is not installed: make test puts it into {_PEERS}", name=package)


@cache
def peer_module(package: str, path: str) -> ModuleType:
    """A file of a package, loaded as a separate module. An `__init__.py` may import the files next to it."""
    file = peer_file(package, path)
    name = f"peer_{package}_{Path(path).with_suffix('').as_posix().replace('/', '_')}"
    places = [str(file.parent)] if file.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=places)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    if file.is_relative_to(_PEERS) and str(_PEERS) not in sys.path:
        sys.path.append(str(_PEERS))  # last: it holds what the project needs and is not installed here
    spec.loader.exec_module(made)
    return made
