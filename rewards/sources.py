"""Import the files and modules that define rewards, here and again in each worker.

A module is imported by name, a file by path. For a notebook, or a script without a main guard, a worker runs only the
statements that the rewards need (`rewards.excerpt`). What a worker cannot recreate (a lambda, a nested function, input
at a prompt) is graded in the calling process, and `why_here` says why.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import itertools
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import SOURCE_SUFFIXES
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from rewards import reloading
from rewards.errors import InvalidReward, UnknownReward
from rewards.excerpt import compiled, declares, has_main_guard, needed, under_main_guard
from rewards.local_imports import is_installed
from rewards.types import Json

if TYPE_CHECKING:
    from rewards.declared import Reward

EXCERPT = "__rewards_main__"
"""The module name under which a worker runs the statements of a script or notebook."""

_FILES: dict[str, str] = {}  # module names of files imported by path
_COUNT = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """What a worker imports. text, kept: statements of a script to run instead of importing `file`.

    package: of a script run as `python -m package.script`.
    """

    module: str
    file: str
    text: str = ""
    kept: tuple[int, ...] = ()
    package: str = ""

    def to_dict(self) -> dict[str, Json]:
        kept: Json = list(self.kept)
        return {"module": self.module, "file": self.file, "text": self.text, "kept": kept, "package": self.package}


def shipped(rewards: Sequence[Reward]) -> tuple[list[Shipped], str]:
    """What a worker needs to recreate these rewards, and why it cannot (empty if it can)."""
    sources: dict[str, Shipped] = {}
    of_main: list[Reward] = []
    for made in rewards:
        if not made.source.at_import:
            return [], f"{_spell(made)} is defined inside a function or as a lambda, which no worker can import"
        if made.source.module == "__main__" or _is_running(made):
            of_main.append(made)
        elif not made.source.file:
            return [], f"{_spell(made)} was defined in an interactive session, which no worker can import"
        else:
            sources[made.source.module] = Shipped(module=made.source.module, file=made.source.file)
    if not of_main:
        return list(sources.values()), ""
    main, why = _of_main(of_main)
    return ([*sources.values(), main], "") if main is not None else ([], why)


def _is_running(made: Reward) -> bool:
    """Whether its module is the one that `python -m` runs."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and made.source.module == spec.name


def _of_main(rewards: Sequence[Reward]) -> tuple[Shipped | None, str]:
    """The parts of the running script or notebook that a worker needs."""
    names = [name for made in rewards for name in (made.name, made.qualname.partition(".")[0])]
    spelt, file = ", ".join(map(_spell, rewards)), rewards[0].source.file
    text = _text_of(file) if file else _notebook()
    if not text:
        return None, f"{spelt} was defined in an interactive session, which no worker can import"
    package = getattr(sys.modules.get("__main__"), "__package__", None) or ""
    try:
        if file and has_main_guard(text):
            if any(under_main_guard(text, made.name.rpartition(":")[2]) for made in rewards):
                return None, f"{spelt} is defined under the main guard of {file}, where an import does not come"
            return Shipped(module=rewards[0].source.module, file=file), ""
        unsaid = [made.name for made in rewards if ":" not in made.name and not declares(text, made.name)]
        if unsaid:
            return None, f"reward {unsaid[0]!r} is declared under a name that its file does not spell out"
        excerpt = needed(text, names)
    except SyntaxError as error:
        return None, f"{spelt} stands in a text that cannot be read: {error}"
    if excerpt.missing:
        missing = ", ".join(excerpt.missing)
        return None, f"{spelt} uses {missing}, which no statement at the top level of {file or 'the notebook'} makes"
    return Shipped(module=EXCERPT, file=file, text=text, kept=excerpt.kept, package=package), ""


def of_cells(made: Reward) -> tuple[int, ...]:
    """Indices of the notebook statements that a worker runs for a reward; empty for rewards from elsewhere.

    Cells are only ever added, so equal indices mean equal statements.
    """
    if made.source.file or made.source.module != "__main__" or not made.source.at_import:
        return ()
    return _kept(_notebook(), (made.name, made.qualname.partition(".")[0]))


@lru_cache(maxsize=64)  # called by every `grade`
def _kept(text: str, names: tuple[str, ...]) -> tuple[int, ...]:
    try:
        return needed(text, names).kept
    except SyntaxError:
        return ()


def _spell(made: Reward) -> str:
    return f"reward {made.name!r}"


def _text_of(file: str) -> str:
    try:
        with open(file, encoding="utf-8") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _notebook() -> str:
    """The executed cells, in order, from IPython's history; empty without IPython.

    Cells with syntax errors are skipped.
    """
    cells = getattr(sys.modules.get("__main__"), "_ih", None)
    return _readable(tuple(cells)) if isinstance(cells, list) else ""


@lru_cache(maxsize=1)
def _readable(cells: tuple[object, ...]) -> str:
    good = []
    for cell in cells:
        try:
            compile(str(cell), "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except (SyntaxError, ValueError):
            continue
        good.append(str(cell))
    return "\n".join(good)


# --- importing ------------------------------------------------------------------------------------------------------


def load_file(path: str) -> ModuleType:
    """Import a Python file by path, once; its local imports work.

    Raises UnknownReward (no such file), InvalidReward (the import fails, or another package shadows its name).
    """
    file = os.path.realpath(path)
    with reloading.LOCK:
        name = _FILES.get(file) or _imported_already(file) or _named(path, file)
    which = f"{path}, which is {name}," if "." in name else path
    try:
        module = importlib.import_module(name)
    except InvalidReward:
        raise
    except (Exception, SystemExit) as error:  # user code; report it as theirs
        raise InvalidReward(f"{which} {why_not(error)}") from error
    if os.path.realpath(module.__file__ or "") != file:
        raise InvalidReward(f"{path} is {name}, and another module of that name goes before it: {module.__file__}")
    return module


def _imported_already(file: str) -> str:
    """The name under which the program has imported a file, or is importing it."""
    for name, loaded in list(sys.modules.items()):
        held = getattr(loaded, "__file__", None) or ""
        if os.path.basename(held) == os.path.basename(file) and os.path.realpath(held) == file:
            return name
    return ""


def _named(path: str, file: str) -> str:
    """The module name for importing a file; its real name if it is part of a package."""
    if not os.path.isfile(file):
        raise UnknownReward(f"there is no file {path!r} to take a reward from (looked at {file})")
    if not file.endswith(tuple(SOURCE_SUFFIXES)):
        raise InvalidReward(f"{path!r} is not a Python file; a reward is named ./my_rewards.py:function")
    folder, own = os.path.split(os.path.splitext(file)[0])
    root, name = _in_package(folder, own) if _imports_relatively(file) else (folder, own)
    if root not in sys.path:
        sys.path.append(root)  # last, so that it shadows no other module
    if root == folder:
        name = re.sub(r"\W", "_", f"_rewards_file_{next(_COUNT)}_{own}")
        reloading.import_file_as(file, name)
    else:
        reloading.watch(file)
    _FILES[file] = name
    return name


def _imports_relatively(file: str) -> bool:
    """Whether a file has relative imports, and so must be part of a package."""
    return re.search(r"^\s*from\s+\.", _text_of(file), flags=re.MULTILINE) is not None


def _in_package(folder: str, name: str) -> tuple[str, str]:
    """The parent folder of a module's package, and the module's full name."""
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = f"{package}.{name}"
    return folder, name


def forget_changed(path: str, forget: Callable[[str], None]) -> None:
    """Unload a file imported by path if it or one of its local imports has changed since: workers would import the new
    version.

    forget: called with the real path of each changed file.
    """
    file = os.path.realpath(path)
    with reloading.LOCK:
        if file not in _FILES:
            return
        for changed in reloading.forget_changed(file):
            _FILES.pop(changed, None)
            forget(changed)


def why_not(error: BaseException) -> str:
    """Why a module could not be imported, and what to install."""
    missing = _to_install(error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    return f"cannot be imported: {type(error).__name__}: {error}{missing}"


def _to_install(module: str) -> str:
    """What to install for a missing module; empty if its package is installed but lacks it."""
    package = module.partition(".")[0]
    there = not package or package in sys.modules or importlib.util.find_spec(package) is not None
    return "" if there else f"; it is not installed here: pip install {package}"


def load_module(name: str) -> ModuleType:
    """Import a module by its dotted name. Raises UnknownReward (no such module), InvalidReward (the import fails)."""
    if name == "__main__" and EXCERPT in sys.modules:
        return sys.modules[EXCERPT]
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # foreign code; report it as theirs
        missing = error.name or name if isinstance(error, ModuleNotFoundError) else ""
        if missing and (name == missing or name.startswith(f"{missing}.")):
            here = os.path.join(".", *name.split(".")) + ".py"  # not on sys.path for scripts
            what = f"; {here} is a file: name it {here}:function" if os.path.isfile(here) else _to_install(missing)
            raise UnknownReward(
                f"there is no module {missing!r} to take a reward from{what}; or name a file: ./my_rewards.py:function"
            ) from error
        raise InvalidReward(f"the module {name!r} {why_not(error)}") from error


def import_shipped(source: Mapping[str, Json]) -> None:
    """In a worker: import or run the code that declared a reward in the parent. Raises InvalidReward."""
    module, file, text = str(source["module"]), str(source["file"]), str(source["text"])
    if text:
        _run_excerpt(module, file, text, source["kept"], str(source["package"]))  # type: ignore[arg-type]  # positions
        return
    if not is_installed(Path(file)):
        reloading.watch_folder_of(file)
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is not None and spec.origin and os.path.realpath(spec.origin) == file:
        importlib.import_module(module)
    else:
        load_file(file)


def _run_excerpt(name: str, file: str, text: str, kept: Sequence[int], package: str) -> None:
    module = ModuleType(name)
    module.__package__ = package
    if file:
        module.__file__ = file
    sys.modules[name] = module
    try:
        exec(compiled(text, kept, file or "<notebook>"), module.__dict__)
    except (Exception, SystemExit) as error:  # user code; report it as theirs
        raise InvalidReward(
            f"the statements of {file or 'the notebook'} that declare a reward cannot be run in a worker: "
            f"{type(error).__name__}: {error}"
        ) from error
