"""What a program may know about a function that a test hands over: the names and kinds of its parameters.

Programs need them to curry, to check types, to inject dependencies. An annotation is sent only if it is a type, and a
default only if it is None or a plain value of an annotated parameter: anything else, above all the default of a lambda,
could hold what the test expects.

A shape is `(positional names, how many are positional-only, defaults, *name, keyword names, defaults, **name,
annotations)`. A default is sent as one of the three numbers below, or as a tuple that holds it.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

REQUIRED, NONE, OTHER = 0, 1, 2
_TOLD = (bool, int, float, str)
_VARIABLE, _KEYWORDS = 0x04, 0x08
NONE_AT_ALL = ((), 0, (), "", (), (), "", ())
_ANY = ((), 0, (), "args", (), (), "kwargs", ())
_makers: dict[Any, Callable[..., Any]] = {}


def shape_of(value: Any, is_told: Callable[[Any], bool]) -> tuple[Any, ...]:
    """In the checker: the shape of a function or a bound method of a test. is_told: of an annotation."""
    function = getattr(value, "__func__", value)
    if type(function) is not types.FunctionType:
        return _ANY
    code, names = function.__code__, function.__code__.co_varnames
    count, only = code.co_argcount, code.co_kwonlyargcount
    given = function.__defaults__ or ()
    keywords = function.__kwdefaults__ or {}
    only_names = names[count : count + only]
    at = count + only
    rest = names[at] if code.co_flags & _VARIABLE else ""
    more = names[at + bool(rest)] if code.co_flags & _KEYWORDS else ""
    bound = type(value) is types.MethodType and count > 0
    told = function.__annotations__.items() if function.__annotations__ else ()
    annotations = {name: kind for name, kind in told if kind is None or is_told(kind)}

    def state(name: str, default: object) -> int | tuple[object]:
        if default is None:
            return NONE
        return (default,) if name in annotations and type(default) in _TOLD else OTHER

    return (
        names[bound:count],
        max(code.co_posonlyargcount - bound, 0),
        ((REQUIRED,) * (count - len(given)) + tuple(map(state, names[count - len(given) :], given)))[bound:],
        rest,
        only_names,
        tuple(state(name, keywords[name]) if name in keywords else REQUIRED for name in only_names),
        more,
        tuple(annotations.items()),
    )


def with_defaults(value: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """In the checker: a program that fills in the defaults passes `...` for those which it was not told."""
    function = getattr(value, "__func__", value)
    hidden = any(given is ... for given in (*args, *kwargs.values()))
    if not hidden or type(function) is not types.FunctionType:
        return args, kwargs
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[type(value) is types.MethodType : code.co_argcount]
    own = dict(zip(names[len(names) - len(defaults) :], defaults, strict=False)) | (function.__kwdefaults__ or {})
    args = tuple(own.get(name, each) if each is ... else each for name, each in _named(names, args))
    return args, {name: own.get(name, each) if each is ... else each for name, each in kwargs.items()}


def _named(names: tuple[str, ...], args: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    return zip((*names, *("" for _ in args)), args, strict=False)


def function_of(shape: tuple[Any, ...], call: Callable[..., Any], is_async: bool) -> Any:
    """In the candidate: a function with this shape that passes its arguments on. call: takes any arguments."""
    names, _, states, rest, only, only_states, more, annotations = shape
    others = {REQUIRED, NONE} < {REQUIRED, NONE, *states, *only_states}
    if others or not all(name.isidentifier() for name in (*names, rest, *only, more) if name):
        made = _loose(call, is_async)
        _sign(made, shape)
    else:
        made = _maker(shape[:7], is_async)(call)
    if annotations:
        made.__annotations__ = dict(annotations)
    return made


def _loose(call: Callable[..., Any], is_async: bool) -> Any:
    return _maker(_ANY[:7], is_async)(call)


def _maker(shape: tuple[Any, ...], is_async: bool) -> Callable[..., Any]:
    """Makes functions of one shape; compiled once."""
    key = (*shape, is_async)
    if key not in _makers:
        names, posonly, states, rest, only, only_states, more = shape
        given = [name if state == REQUIRED else f"{name}=None" for name, state in zip(names, states, strict=True)]
        if posonly:
            given.insert(posonly, "/")
        keywords = [
            name if state == REQUIRED else f"{name}=None" for name, state in zip(only, only_states, strict=True)
        ]
        star = [f"*{rest}"] if rest else ["*"] if keywords else []
        parameters = ", ".join([*given, *star, *keywords, *([f"**{more}"] if more else [])])
        passed = [*names, *([f"*{rest}"] if rest else []), *(f"{name}={name}" for name in only)]
        passed += [f"**{more}"] if more else []
        head, wait = ("async ", "await ") if is_async else ("", "")
        source = (
            f"def make(\0call):\n {head}def function({parameters}): return {wait}\0call({', '.join(passed)})\n"
            " return function\n"
        )
        made: dict[str, Any] = {}
        exec(source.replace("\0", "of_test_"), made)
        _makers[key] = made["make"]
    return _makers[key]


def _sign(made: Any, shape: tuple[Any, ...]) -> None:
    if all(name.isidentifier() for name in (*shape[0], *shape[4])):
        made.__signature__ = signature_of(shape)


def signature_of(shape: tuple[Any, ...]) -> Any:
    """In the candidate: a shape as an `inspect.Signature`; a default that was not sent is `...`."""
    import inspect

    names, posonly, states, rest, only, only_states, more, annotations = shape
    kinds, told = inspect.Parameter, dict(annotations)
    defaults = {REQUIRED: kinds.empty, NONE: None, OTHER: ...}

    def parameter(name: str, kind: Any, state: Any = REQUIRED) -> inspect.Parameter:
        default = state[0] if type(state) is tuple else defaults[state]
        return kinds(name, kind, default=default, annotation=told.get(name, kinds.empty))

    found = [
        parameter(name, kinds.POSITIONAL_ONLY if at < posonly else kinds.POSITIONAL_OR_KEYWORD, states[at])
        for at, name in enumerate(names)
    ]
    found += [parameter(rest, kinds.VAR_POSITIONAL)] if rest else []
    found += [parameter(name, kinds.KEYWORD_ONLY, state) for name, state in zip(only, only_states, strict=True)]
    found += [parameter(more, kinds.VAR_KEYWORD)] if more else []
    return inspect.Signature(found, return_annotation=told.get("return", kinds.empty))
