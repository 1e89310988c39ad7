"""Where rewards come from: files and modules, imported here and again in each worker.

A module is imported under its own name; a file by its path. Of a script that does not tell being run from being
imported, and of a notebook, a worker runs only the statements that the rewards need (`rewards.excerpt`). What no worker
can make again (a lambda, a function inside another, what was typed at a prompt) is graded in the calling process, and
`why_here` says why.
"""

from __future__ import annotations

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
"""The name of the module that a worker makes of a script's or notebook's statements."""

_FILES: dict[str, str] = {}  # the names of modules that are imported by their path
_COUNT = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """What a worker imports. text, kept: the statements of a script to run in place of importing `file`.

    package: that the script belongs to, where it was run as `python -m package.script`.
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
    """What a worker needs to make these rewards, and why it cannot make them; an empty text: it can."""
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
    """What of the running script or notebook a worker needs."""
    names = [name for made in rewards for name in (made.name, made.qualname.partition(".")[0])]
    spelt, file = ", ".join(map(_spell, rewards)), rewards[0].source.file
    text = _text_of(file) if file else _notebook()
    if not text:
        return None, f"{spelt} was defined in an interactive session, which no worker can import"
    package = getattr(sys.modules.get("__main__"), "__package__", None) or ""
    try:
        if file and has_main_guard(text):
            if any(under_main_guard(text, made.name) for made in rewards):
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
    """Which statements of the notebook's cells a worker runs for a reward, by their places; none of other rewards.

    Cells are only ever added, so the same places are the same statements.
    """
    if made.source.file or made.source.module != "__main__" or not made.source.at_import:
        return ()
    return _kept(_notebook(), (made.name, made.qualname.partition(".")[0]))


@lru_cache(maxsize=64)  # each call of `grade` asks
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
    """The cells that were run, in their order, as IPython keeps them; empty where there is no IPython.

    A cell that is no Python by itself, such as one that could not be read, is left out.
    """
    cells = getattr(sys.modules.get("__main__"), "_ih", None)
    return _readable(tuple(cells)) if isinstance(cells, list) else ""


@lru_cache(maxsize=1)
def _readable(cells: tuple[object, ...]) -> str:
    good = []
    for cell in cells:
        try:
            compile(str(cell), "<cell>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            continue
        good.append(str(cell))
    return "\n".join(good)


# --- importing ------------------------------------------------------------------------------------------------------


def load_file(path: str) -> ModuleType:
    """Import a Python file by its path, once; it may import what stands beside it.

    Raises UnknownReward (no such file), InvalidReward (it does not load, or another package of its name goes before).
    """
    file = os.path.realpath(path)
    with reloading.LOCK:
        name = _FILES.get(file) or _imported_already(file) or _named(path, file)
    which = f"{path}, which is {name}," if "." in name else path
    try:
        module = importlib.import_module(name)
    except InvalidReward:
        raise
    except (Exception, SystemExit) as error:  # whatever the user's file raises while loading is shown as theirs
        raise InvalidReward(f"{which} {why_not(error)}") from error
    if os.path.realpath(module.__file__ or "") != file:
        raise InvalidReward(f"{path} is {name}, and another module of that name goes before it: {module.__file__}")
    return module


def _imported_already(file: str) -> str:
    """The name under which a program has imported a file, or does so now."""
    for name, loaded in list(sys.modules.items()):
        held = getattr(loaded, "__file__", None) or ""
        if os.path.basename(held) == os.path.basename(file) and os.path.realpath(held) == file:
            return name
    return ""


def _named(path: str, file: str) -> str:
    """The name under which a file is imported from now on: of a part of a package its own."""
    if not os.path.isfile(file):
        raise UnknownReward(f"there is no file {path!r} to take a reward from (looked at {file})")
    if not file.endswith(tuple(SOURCE_SUFFIXES)):
        raise InvalidReward(f"{path!r} is not a Python file; a reward is named ./my_rewards.py:function")
    folder, own = os.path.split(os.path.splitext(file)[0])
    root, name = _in_package(folder, own) if _imports_relatively(file) else (folder, own)
    if root not in sys.path:
        sys.path.append(root)  # last, so that nothing there hides another module
    if root == folder:
        name = re.sub(r"\W", "_", f"_rewards_file_{next(_COUNT)}_{own}")
        reloading.import_file_as(file, name)
    else:
        reloading.watch(file)
    _FILES[file] = name
    return name


def _imports_relatively(file: str) -> bool:
    """Whether a file has `from .other import name`, which only a part of a package may have."""
    return re.search(r"^\s*from\s+\.", _text_of(file), flags=re.MULTILINE) is not None


def _in_package(folder: str, name: str) -> tuple[str, str]:
    """The folder in which the package of a module lies, and the module's whole name."""
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = f"{package}.{name}"
    return folder, name


def forget_changed(path: str, forget: Callable[[str], None]) -> None:
    """Let a file be imported anew that was imported by its path, where it or what it imports from beside it was
    written since: workers would import another.

    forget: what else is known of a file, given its real path.
    """
    file = os.path.realpath(path)
    with reloading.LOCK:
        if file not in _FILES:
            return
        for changed in reloading.forget_changed(file):
            _FILES.pop(changed, None)
            forget(changed)


def why_not(error: BaseException) -> str:
    """Why what stands before these words could not be imported, and what to install for it."""
    missing = _to_install(error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    return f"cannot be imported: {type(error).__name__}: {error}{missing}"


def _to_install(module: str) -> str:
    """What to install for a module that is missing; nothing where its package is there and lacks it."""
    package = module.partition(".")[0]
    there = not package or package in sys.modules or importlib.util.find_spec(package) is not None
    return "" if there else f"; it is not installed here: pip install {package}"


def load_module(name: str) -> ModuleType:
    """Import a module by its dotted name. Raises UnknownReward (no such module), InvalidReward (it does not load)."""
    if name == "__main__" and EXCERPT in sys.modules:
        return sys.modules[EXCERPT]
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # whatever another's module raises while it loads is shown as its own
        missing = error.name or name if isinstance(error, ModuleNotFoundError) else ""
        if missing and (name == missing or name.startswith(f"{missing}.")):
            here = os.path.join(".", *name.split(".")) + ".py"  # a command does not import from where it is
            what = f"; {here} is a file: name it {here}:function" if os.path.isfile(here) else _to_install(missing)
            raise UnknownReward(
                f"there is no module {missing!r} to take a reward from{what}; or name a file: ./my_rewards.py:function"
            ) from error
        raise InvalidReward(f"the module {name!r} {why_not(error)}") from error


def import_shipped(source: Mapping[str, Json]) -> None:
    """In a worker: import, or run, what declared a reward in the parent. Raises InvalidReward."""
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
    except (Exception, SystemExit) as error:  # whatever the user's statements raise is shown as theirs
        raise InvalidReward(
            f"the statements of {file or 'the notebook'} that declare a reward cannot be run in a worker: "
            f"{type(error).__name__}: {error}"
        ) from error
