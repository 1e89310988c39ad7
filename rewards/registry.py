"""`@reward` registers a function or class as a grader that configurations can name.

    @reward("concise")                                   # a score without right and wrong: verdict `scored`
    def concise(request: GradeRequest, *, limit: int = 100) -> float:
        return -len(request.response) / limit

    @reward("exact", correctness=True)                   # a score in [0, 1], which is also the correctness
    def exact(request: GradeRequest) -> bool: ...

    @reward("signed", correctness=(-1, 1))               # -1 is wrong, 1 is right
    def signed(request: GradeRequest) -> float: ...

    @reward("judge")                                     # asynchronous: concurrent requests in one worker
    async def judge(request: GradeRequest) -> float: ...

    @reward("rank", batched=True)                        # a whole group per call, one score each
    def rank(requests: Sequence[GradeRequest]) -> list[float]: ...

    @reward("tokens", setup=load_tokenizer)              # loaded once per process; the second argument
    def tokens(request: GradeRequest, tokenizer: Tokenizer) -> float: ...

    @reward("mine")                                      # a Grader class with the parameters of __init__
    class Mine: ...

`find` resolves a name to a registered reward, a built-in one (imported on first use), one of another installed package
(an entry point of the group `rlvr.rewards`; `package:name` is explicit), or a function in a file or module
(`./my_rewards.py:concise`, `my_package.rewards:concise`). With a trainer as prefix, it adopts a function written for
that trainer: `trl:trl.rewards:accuracy_reward` (`rewards.adapters`).

Workers import the same module again, so nothing is pickled; `rewards.sources` describes which parts of a script or
notebook a worker runs.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import TypeVar

from rewards.anonymous import find_anonymous, name_anonymous
from rewards.declared import (
    AtOnce,
    Bound,
    Concurrency,
    Controls,
    Ready,
    References,
    Reward,
    Scale,
    Seconds,
    Setup,
    Source,
    Validate,
    checked_range,
    checked_references,
    empty_response,
)
from rewards.errors import InvalidReward, UnknownReward
from rewards.finite import finite
from rewards.installed import entries_of, installed, load_installed, not_brought
from rewards.outcome import ZERO_TO_ONE, Range
from rewards.parameters import nearest
from rewards.signatures import made_from, source_of
from rewards.sources import load_file, load_module

Target = TypeVar("Target", bound=Callable[..., object])

_REGISTERED: dict[str, Reward] = {}
# Built-in rewards; importing the module registers them on first use.
_BUILTIN = {
    "math": "rewards.math.grader",
    "countdown": "rewards.countdown",
    "code": "rewards.code.grader",
    "choice": "rewards.rules.choice",
    "exact": "rewards.rules.short_text",
    "f1": "rewards.rules.short_text",
    "format": "rewards.rules.format",
    "json_schema": "rewards.rules.json_schema",
    "language": "rewards.rules.language",
    "length": "rewards.rules.length",
    "process": "rewards.executable",
    "regex": "rewards.rules.regex",
    "repetition": "rewards.rules.repetition",
    "tag_count": "rewards.rules.tag_count",
}


def reward(
    name: str,
    *,
    batched: bool = False,
    correctness: bool | Range | Callable[[Mapping[str, object]], Range | None] = False,
    floor: Bound | None = None,
    ceiling: Bound | None = None,
    version: str = "1",
    concurrency: int | Concurrency | None = None,
    controls: Controls = empty_response,
    seconds: Seconds | None = None,
    ready: Ready | None = None,
    validate: Validate | None = None,
    at_once: AtOnce | None = None,
    setup: Setup | None = None,
    in_process: bool = False,
    references: References = (),
) -> Callable[[Target], Target]:
    """Register the decorated function or class under a name. Returns it unchanged, so it can be called and tested
    directly.

    batched: the function takes a sequence of requests (a group) and returns one value for each.
    correctness: the reward has right and wrong. True: the score is in [0, 1] and is the correctness. A pair such as
        `correctness=(-1, 1)`: the scores of wrong and right; the correctness is the score's position between them. May
        be a function of the parameters. Otherwise there is no correctness, and the verdict is `scored`.
    floor, ceiling: the lowest and highest score, or functions of all parameters, by name. A score outside them is
        ungraded. A response that hangs the grader is paid the floor (0 if undeclared).
    version: change it when grades change; it is recorded in every graded row.
    concurrency: for asynchronous functions and classes, the number of concurrent requests per worker, or a function of
        the parameters.
    controls: makes requests that a healthy grader must answer from a suspected one; see docs/design/blame.md.
    seconds: for slow graders (that run programs or query a server): time beyond the pool's deadline, as a function of
        the request. It must be fast and must not depend on the response.
    ready: called with the parameters in each worker before its first grade; raises an error that says what is missing
        on this machine. A run then stops before its first token.
    validate: called with all parameters by keyword whenever they are checked, after their types; raises a ValueError
        that names the invalid value.
    at_once: takes the function's arguments and returns the grade that the function would give, or None. Called first,
        in the caller's process or in a worker, so it must run in time linear in the response and never wait.
    setup: loads what a function needs (a tokenizer, a model, a client), once per process before the first grade; its
        result is the function's second argument. It may take parameters and may be asynchronous. For a class, define a
        method `setup` instead.
    in_process: grade in the calling process, where a hang cannot be killed and is `ungraded` after the deadline.
    references: the reference types that it can judge, such as ("math",), or a function of the parameters. A row without
        one of these is a bad row and is not graded.

    Raises:
        InvalidReward: an invalid name, signature or bound, or a name that is already taken.
    """
    _check_name(name)
    _check_version_and_seconds(name, version, seconds)
    scale = _scale(name, correctness, floor, ceiling)
    if not callable(references):
        checked_references(name, references)
    declared = sys._getframe(1)

    def register(target: Target) -> Target:
        made = made_from(name, target, source_of(declared), version=version, setup=setup, batched=batched)
        register_made(
            replace(
                made,
                scale=scale,
                floor=floor,
                ceiling=ceiling,
                concurrency=_checked_concurrency(made, concurrency),
                controls=controls,
                seconds=seconds,
                ready=ready,
                validate=validate,
                at_once=at_once,
                in_process=in_process,
                references=references,
            )
        )
        return target

    return register


def _check_name(name: object) -> None:
    if callable(name):
        spelt = getattr(name, "__name__", "mine")
        raise InvalidReward(f'@reward without a name: write @reward("{spelt}")')
    if not isinstance(name, str) or not name or ":" in name or any(c.isspace() for c in name):
        raise InvalidReward(f"a reward's name must be a word without ':' and spaces, not {name!r}")


def _check_version_and_seconds(name: str, version: object, seconds: object) -> None:
    if not isinstance(version, str) or not version:
        raise InvalidReward(f"reward {name!r}: version must be a non-empty string, not {version!r}")
    if seconds is not None and not callable(seconds):
        raise InvalidReward(
            f"reward {name!r}: seconds is {seconds!r}; give a function of the request, such as lambda request: 5.0"
        )


def _checked_concurrency(made: Reward, declared: int | Concurrency | None) -> int | Concurrency:
    """The declared concurrency, or else the default of the kind of reward. Raises InvalidReward."""
    if isinstance(declared, int) and (declared < 1 or (not made.asynchronous and declared > 1)):
        raise InvalidReward(
            f"reward {made.name!r}: concurrency is {declared}; it must be at least 1, and 1 for what does not await "
            "(several workers grade it side by side)"
        )
    return declared or made.concurrency


def _scale(name: str, correctness: object, floor: Bound | None, ceiling: Bound | None) -> Scale:
    """The declared range from wrong to right, checked along with the bounds."""
    if correctness is not False and (floor is not None or ceiling is not None):
        raise InvalidReward(
            f"reward {name!r} has right and wrong, so its scores are in [0, 1], or in the range that correctness=(low, "
            "high) says; drop floor, ceiling"
        )
    if callable(correctness):
        return correctness
    if correctness is not False:
        return ZERO_TO_ONE if correctness is True else checked_range(correctness, f"reward {name!r}: correctness")
    for key, bound in (("floor", floor), ("ceiling", ceiling)):
        if bound is not None and not callable(bound) and finite(bound) is None:
            raise InvalidReward(f"reward {name!r}: {key} must be finite, not {bound!r:.80}")
    if isinstance(floor, int | float) and isinstance(ceiling, int | float) and floor > ceiling:
        raise InvalidReward(f"reward {name!r}: floor {floor} is above ceiling {ceiling}")
    return None


def register_made(made: Reward) -> None:
    """Register a reward. Raises InvalidReward if another definition has its name."""
    held = _REGISTERED.get(made.name)
    again = held is not None and (held.source.file, held.qualname) == (made.source.file, made.qualname)
    if held is not None and not again:
        here, there = made.source.file or made.source.module, held.source.file or held.source.module
        raise InvalidReward(
            f"reward {made.name!r} is already registered by {held.qualname} in {there}; "
            f"choose another name for {made.qualname} in {here}"
        )
    if made.name in _BUILTIN and made.source.module.partition(".")[0] != "rewards":
        raise InvalidReward(f"reward {made.name!r} is a name of this package's own; choose another")
    _REGISTERED[made.name] = made


def forget(file: str) -> None:
    """Unregister the rewards of a file that is about to be reloaded."""
    for made in _declared_in(file):
        _REGISTERED.pop(made.name, None)


# --- finding --------------------------------------------------------------------------------------------------------


def names() -> list[str]:
    """All names that `find` knows, sorted: registered, built-in, and of installed packages."""
    return sorted({*_REGISTERED, *_BUILTIN, *installed()})


def find(name: str) -> Reward:
    """The reward of that name; also `./my_rewards.py:concise`, `module:function` and `package:name`.

    Raises:
        UnknownReward: suggests the nearest known names, or what to install.
        InvalidReward: the file or package cannot be imported, the target is not a reward, or the name is no text.
    """
    if not isinstance(name, str):
        raise InvalidReward(f"a reward is named by text, such as 'math' or './my_rewards.py:concise', not {name!r:.80}")
    if (passed := find_anonymous(name)) is not None:
        return passed
    if ":" in name and name not in _REGISTERED:
        try:
            return _named_by_place(name)
        except UnknownReward as error:
            if not entries_of(name):  # else it is PACKAGE:NAME
                raise not_brought(name, error) from error
    if name not in _REGISTERED and name in _BUILTIN:
        importlib.import_module(_BUILTIN[name])
    if name not in _REGISTERED and entries_of(name):
        _register_installed(name)
    if name not in _REGISTERED:
        if name.endswith(".py"):
            held = ", ".join(_held_by(load_file(name))) or "none"
            raise UnknownReward(f"{name} is a file; name the reward in it: {name}:FUNCTION (it has: {held})")
        raise UnknownReward(
            f"no reward is called {name!r}{nearest(name, names())} (known: {', '.join(names())}); "
            "one of your own is named by its file: ./my_rewards.py:function; one of another package has a name here "
            "once that package is installed into this environment: pip install PACKAGE"
        )
    return _REGISTERED[name]


def _register_installed(name: str) -> None:
    """Import another package's reward of that name; it may use `@reward`, or be a plain function."""
    target, module = load_installed(name)
    if name in _REGISTERED:
        return
    held = next((made for made in list(_REGISTERED.values()) if made.target is target), None)
    source = Source(module=module.__name__, file=os.path.realpath(module.__file__ or ""))
    _REGISTERED[name] = made_from(name, target, source) if held is None else held


def _named_by_place(name: str) -> Reward:
    from rewards.adapters import ADAPTERS, adopted_reward, names_function

    kind, _, rest = name.partition(":")
    if kind in ADAPTERS and names_function(kind, rest, names()):
        return adopted_reward(kind, name, *function_at(rest, as_written=True))
    target, source, qualname = function_at(name)
    if isinstance(target, Reward):
        return target
    return replace(made_from(name, target, source), qualname=qualname)


def function_at(place: str, *, as_written: bool = False) -> tuple[Callable[..., object] | Reward, Source, str]:
    """Resolve `./my_rewards.py:concise` or `my_package.rewards:concise` to a function or a registered reward.

    as_written: return the function itself even if its file registers it for another trainer.

    Raises UnknownReward, InvalidReward.
    """
    path, _, function = place.rpartition(":")
    module = load_file(path) if is_path(path) else load_module(path)
    held = getattr(module, "__file__", None)  # notebooks have none
    file = os.path.realpath(held) if held else ""
    target: object = module
    for part in function.split("."):
        target = getattr(target, part, None)
    here = _declared_in(file or path)
    if as_written and callable(target):
        found = [made for made in here if made.target is target]
    else:
        found = [made for made in here if function in (made.name, made.qualname)]
    if found:
        return found[0], found[0].source, found[0].qualname
    if not callable(target):
        known = _held_by(module)
        meant = f"; parameters of {path} are given as '{{reward: {path}, parameters: {{NAME: VALUE}}}}'"
        there = nearest(function, known) if target is None else f", which is {target!r:.80} and no function"
        raise UnknownReward(
            f"{path} has no reward {function!r}{there} (it has: {', '.join(known) or 'none'})"
            f"{meant if path in names() else ''}"
        )
    return target, Source(module=module.__name__, file=file), function


def _declared_in(place: str) -> list[Reward]:
    """The rewards registered by a file, or by a module without a file."""
    return [made for made in list(_REGISTERED.values()) if (made.source.file or made.source.module) == place]


def _held_by(module: ModuleType) -> list[str]:
    """The names allowed after the colon: registered rewards, functions, and re-exported names."""
    held = getattr(module, "__file__", None)
    here = _declared_in(os.path.realpath(held) if held else module.__name__)
    functions = [n for n, v in vars(module).items() if inspect.isfunction(v) and v.__module__ == module.__name__]
    return sorted({*(made.name for made in here), *functions, *map(str, getattr(module, "__all__", ()))})


def is_path(place: str) -> bool:
    """Whether the part before the colon is a file path, not a dotted module name."""
    return place.endswith(".py") or os.sep in place or not all(part.isidentifier() for part in place.split("."))


def file_of(name: str) -> str | None:
    """The file in a reward name: `./mine.py` for `trl:./mine.py:concise`; None if there is none."""
    if ":" not in name or find_anonymous(name):
        return None
    from rewards.adapters import ADAPTERS

    kind, _, rest = name.partition(":")
    path = (rest if ":" in rest and kind in ADAPTERS else name).rpartition(":")[0]
    return path if is_path(path) else None


def name_of(target: Callable[..., object]) -> str:
    """The name of a function that was passed in place of a name: that of `@reward`, else see `rewards.anonymous`.

    Raises InvalidReward if it is not a reward.
    """
    registered = next((made.name for made in list(_REGISTERED.values()) if made.target is target), None)
    return registered or name_anonymous(target)
