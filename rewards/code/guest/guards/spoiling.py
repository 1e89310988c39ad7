"""In the checker: *spoiling*, where a program changes an argument so that the test agrees with its answer.

`assert solve(xs) == sorted(xs)` holds for a program that empties `xs` and returns an empty list. Sorting in place is
honest, and so is removing items if the test looks at what is left. So a change counts as spoiling only if the test
judges the answer by something that it computes from the same container, of which the program has changed the content,
and does not itself say what is right (`expecting.py` decides that from its text). Then the container gets its content
back, and the test computes from that; an answer that is the container itself becomes a copy of it. A container that was
empty is there to be filled, and keeps what the program put into it.

The same applies to text in memory, to files in temporary folders, and to an object of the test that the program has
cleared: one of its containers is now empty, or an attribute is now 0, blank or None. An attribute with another value is
left as it is, because that is what methods of the program do, and what a test looks at afterwards.
"""

from __future__ import annotations

import ast
import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import FrameType, FunctionType
from typing import Any

from ..proxies import proxies
from ..shared import files
from ..sources import context, shapes
from . import changes, counted, destinations, expecting, roles
from .expecting import Found
from .inside import attributes_of

_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


def renew(case: object, given: Any, frames: Callable[[], Iterable[FrameType | None]]) -> None:
    """Called before a request. Restores what the program spoiled in an earlier case, if the test judges the answer by
    something computed from it.
    """
    if not (due := changes.of_earlier_cases(case, given)):
        return
    changes.present.extend(due)
    names_of = functools.partial(_names_of, bare=False, resized=False)
    if any(_judged(frame, names_of) is Found.MEETS for frame in frames()):
        for change in due:  # what the program does with it now is recorded anew
            change.put_back()
    changes.present.clear()


def allow(frame: FrameType | None) -> None:
    """Called with an answer. If the test ignores it, drop changes that the call asked for: adding its arguments to a
    container, or removing them.
    """
    changes.note_unseen()
    called = _thrown_away(frame) if any(change.told for change in changes.present) else []
    if named := [context.name_of(call.func) for call in called]:
        changes.drop((counted.PUT, counted.TAKEN) if all(map(counted.takes_out, named)) else (counted.PUT,))


def _thrown_away(frame: FrameType | None) -> list[ast.Call]:
    """The call that a test executes, if it is a whole statement."""
    if frame is None:
        return []
    parents = context.parents_around(frame)
    return [call for call in context.running_calls(frame) if isinstance(parents[call], ast.Expr)]


def judged(frame: FrameType | None, answer: Any, handed: Callable[[], list[Any]]) -> Found:
    """Whether the running test judges the answer by something computed from changed values. handed: all objects of the
    test that the program holds, into which it may also put its answer.
    """
    found = _judged_all(frame, answer, handed)
    if found is Found.UNCLEAR and _is_answer_itself(frame, answer):
        found = Found.NOTHING
    return Found.UNCLEAR if found is not Found.MEETS and answer is not None and _runs_text(frame) else found


def _runs_text(frame: FrameType | None) -> bool:
    """Whether text that the test executes asks the program: a statement that is timed, an example of a docstring."""
    inner: FrameType | None = sys._getframe(1) if frame is not None else None
    while inner is not None and inner is not frame:
        name = inner.f_code.co_filename
        if name.startswith("<") and not name.startswith("<frozen") and context.tree_of(name) is None:
            return True
        inner = inner.f_back
    return False


def _judged_all(frame: FrameType | None, answer: Any, handed: Callable[[], list[Any]]) -> Found:
    bare = any(change.lost for change in changes.present) and not changes.reaches(answer, changes.present)
    resized = any(change.resized for change in changes.present)
    emptied_ones = [change for change in changes.present if change.lost and change.emptied and not change.attribute]
    vanished = len(emptied_ones) > 1 or any(change.vanished for change in changes.present)
    names_of = functools.partial(_names_of, bare=bare, resized=resized)
    found = _judged(frame, lambda held: replace(names_of(held), vanished=vanished))
    lost = [change for change in changes.present if change.lost]
    if found is Found.MEETS or not lost:
        return found
    emptied = all(change.emptied for change in lost)
    filled = [*(change.value for change in changes.present), *changes.filled]
    to_be_filled = destinations.among([*handed(), *changes.let_go], filled, {id(change.value) for change in lost})

    def names_of_filled(held: dict[str, Any]) -> roles.Names:
        names = _names_of(held, bare=emptied, resized=resized)
        grown, others = to_be_filled.names(held)
        answers = names.answers | grown | (others - names.changed)
        return replace(names, answers=answers, changed=names.changed - grown, equal=True)

    of_filled = _judged(frame, names_of_filled)
    return found if found is Found.SAYS and of_filled is not Found.MEETS else of_filled


def _is_answer_itself(frame: FrameType | None, answer: Any) -> bool:
    """Whether what the program has changed can only be its answer: there is one such value, and no other result."""
    if frame is None or changes.filled or len({id(change.value) for change in changes.present}) != 1:
        return False
    called = (shapes.root(call.func) for call in _thrown_away(frame))
    return answer is None or any(proxies.is_proxy(context.value_of(frame, name)) for name in called)


def is_read_again(frame: FrameType | None, path: str, written: set[str]) -> bool:
    """Whether the running test judges the answer by the content of a file with this real path. written: paths of other
    files, which are answers, too.
    """

    def names_of(held: dict[str, Any]) -> roles.Names:
        texts = ((name, value) for name, value in held.items() if files.is_path(value))
        paths = {name: os.path.realpath(value) for name, value in texts}
        again = {name for name, real in paths.items() if real == path}
        return _names(held, again, True, {name for name, real in paths.items() if real in written})

    return _judged(frame, names_of) is Found.MEETS


def _judged(frame: FrameType | None, names_of: Callable[[dict[str, Any]], roles.Names]) -> Found:
    """Whether any function of the test that is waiting for the answer judges it so."""
    whole: Found | None = None
    decided = seen = False
    given: roles.Returned = ()
    outside: frozenset[str] = frozenset()
    for each in _frames(frame):
        tree = context.tree_of(each.f_code.co_filename)
        if tree is None or not ((names := names_of(_held(each))).changed or given):
            continue
        names = replace(names, answers=names.answers | (outside - names.programs - names.changed))
        found, given, outside, decides, sees = _read(tree, context.place_of(each), names, given)
        if found is Found.SAYS and not decided:
            return found
        decided, seen = decided or decides, seen or sees
        if found is not Found.SAYS:
            whole = max(whole or Found.NOTHING, found)
    if whole is Found.NOTHING and not seen:
        return Found.UNCLEAR
    return whole or Found.NOTHING


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame and those that wait for it. One around a comprehension is left out: it is read with that."""
    inner = None
    while frame is not None:
        in_comprehension = inner is not None and inner.co_name in _COMPREHENSIONS
        if not (in_comprehension and inner in frame.f_code.co_consts):
            yield frame
        inner = frame.f_code
        frame = frame.f_back


@functools.lru_cache(maxsize=256)  # a loop of the test calls repeatedly
def _read(tree: ast.Module, place: context.Span, names: roles.Names, given: roles.Returned) -> expecting.Read:
    scopes = shapes.functions_around(tree, place[0])
    statement = shapes.statement_at(scopes[0], place)
    if scopes == [tree]:
        scopes += context.later_cases(tree)
    if statement is None:
        return expecting.Read(Found.UNCLEAR)
    calls = context.calls_at(tree, place)
    if not calls:  # it is iterating over an earlier result
        inside = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
        walked = names.programs | (shapes.generators(tree) if given else set())
        calls = [call for call in inside if isinstance(call.func, ast.Name) and call.func.id in walked]
    return expecting.read(scopes, statement, calls, names, given)


def _held(frame: FrameType) -> dict[str, Any]:
    """Names and values visible in a frame. A comprehension has its own frame."""
    frames = [frame]
    while frames[-1].f_code.co_name.startswith("<") and (outer := frames[-1].f_back) is not None:
        if outer.f_code.co_filename != frame.f_code.co_filename:
            break
        frames.append(outer)
    held = dict(frame.f_globals)
    for each in reversed(frames):
        held |= each.f_locals
    return held


def _names_of(held: dict[str, Any], *, bare: bool, resized: bool) -> roles.Names:
    """Names, and attributes of named objects, for changed values or containers of them: `xs`, `self.data`."""
    changed: set[str] = set()
    kept: set[str] = set()
    parted: set[str] = set()
    blank = {name for name, value in held.items() if type(value) in counted.HOLDERS and not value}
    for name, value in held.items():
        if proxies.is_proxy(value):  # accessing anything would ask the program
            continue
        parts = attributes_of(value)
        touched = {attribute for attribute, part in parts.items() if changes.reaches(part, changes.present)}
        touched |= {change.attribute for change in changes.present if change.value is value and change.attribute}
        changed |= {f"{name}.{attribute}" for attribute in touched}
        if _is_test_case(value):
            changed |= {f"{name}.{method}" for method in _methods_that_read(touched, type(value))}
            continue
        lost = [change for change in changes.present if change.lost and not change.told]
        without = {attribute for attribute in touched if changes.reaches(parts.get(attribute), lost)}
        changed |= {f"{name}.{method}" for method in _methods_that_read(without, type(value))}
        if changes.reaches(value, changes.present):
            changed.add(name)
            kept |= {f"{name}.{attribute}" for attribute in parts.keys() - touched}
        elif touched:
            parted.add(name)
    names = _names(held, changed, resized)
    return replace(names, bare=bare, kept=frozenset(kept), parted=frozenset(parted), blank=frozenset(blank - changed))


def _names(held: dict[str, Any], changed: set[str], resized: bool, written: Iterable[str] = ()) -> roles.Names:
    asked = {name for name, value in held.items() if proxies.is_proxy(value) and _can_be_called(value)}
    answers = {name for name, value in held.items() if proxies.is_proxy(value)}.union(written) - asked - changed
    return roles.Names(
        answers=frozenset(answers), programs=frozenset(asked), changed=frozenset(changed), resized=resized
    )


def _can_be_called(value: Any) -> bool:
    return callable(value) or proxies.is_module(value)


def _is_test_case(value: Any) -> bool:
    return type(value).__name__.startswith("Test") or hasattr(type(value), "assertEqual")


def _methods_that_read(attributes: set[str], kind: type) -> set[str]:
    """Methods and properties of a test that use one of these attributes, or another such method."""
    parts = [(name, part) for above in kind.__mro__ for name, part in vars(above).items()]
    functions = [(name, part.fget if isinstance(part, property) else part) for name, part in parts]
    codes = [(name, part.__code__) for name, part in functions if isinstance(part, FunctionType)]
    methods = {name: {*code.co_names} for name, code in codes if context.tree_of(code.co_filename) is not None}
    found: set[str] = set()
    while new := {name for name, used in methods.items() if used & (attributes | found)} - found:
        found |= new
    return found
