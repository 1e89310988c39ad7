"""MBPP+ (Liu et al. 2023, arXiv 2305.01210): MBPP's functions with many more inputs.

The set publishes only inputs, as JSON. The expected outputs are those of the reference solution, which runs in the
sandbox once, when the set is prepared. Inputs on which it raises, returns a huge value or needs more memory than a
response gets are skipped (25, of tasks 255, 462 and 630). A value that JSON cannot represent, or that takes more than
30 s of CPU time, makes the row bad. So the result does not depend on the machine's speed.

JSON has no tuples or complex numbers, so `SHAPES` gives the argument types by task id; they were derived from the calls
in MBPP's asserts. In the tasks of `UNORDERED` these asserts compare sets, since the order is not specified, and in
those of `TRUTH` any true value counts as True: these have a reference of type `asserts`, the others of type `function`.
Expected floats are compared with the set's own tolerance, or 1e-6.

Example:
    >>> shaped([[1, 2], 3], ("tuple",))
    [{'$tuple': [1, 2]}, 3]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from data_prep.errors import BadRow
from data_prep.problem import Problem
from data_prep.sources.answers import text_of
from data_prep.sources.code.prompts import block, question, signatures
from data_prep.sources.code.reading import made, raw_text
from data_prep.sources.code.running import SECONDS, Answer, ReferenceRuns
from rewards.code.values import tagged, untagged
from rewards.types import Json
from sandbox.errors import SandboxUnavailable

_TOLERANCE = 1e-6
_RUNS = ReferenceRuns()


# --- arguments --------------------------------------------------------------------------------------------------------


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _tuples_all_the_way(value: object) -> object:
    return tuple(map(_tuples_all_the_way, value)) if isinstance(value, list) else value


_SHAPES: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        "as it is": lambda value: value,
        "tuple": _tuple,
        "tuples": _tuples_all_the_way,
        "list of tuples": lambda value: [*map(_tuple, value)] if isinstance(value, list) else value,
        "dict of tuples": lambda value: (
            {key: _tuple(v) for key, v in value.items()} if isinstance(value, dict) else value
        ),
        "float": lambda value: float(value),  # type: ignore[arg-type]  # text or a number in these rows
        "complex": lambda value: complex(value),  # type: ignore[call-overload]
    }
)


def _table(*lines: tuple[tuple[str, ...], Sequence[int]]) -> Mapping[int, tuple[str, ...]]:
    return MappingProxyType({task: shapes for shapes, tasks in lines for task in tasks})


SHAPES: Mapping[int, tuple[str, ...]] = _table(
    (("list of tuples",), (63, 64, 70, 94, 117, 120, 140, 237, 272, 299, 400, 409, 417, 438, 614, 780)),
    (("list of tuples", "list of tuples"), (473,)),
    (("list of tuples", "as it is"), (75, 413, 444, 753)),
    (("tuple",), (98, 104, 116, 132, 143, 145, 222, 394, 421, 424, 470, 630, 726, 740, 744)),
    (("tuple", "tuple"), (2, 261, 273, 429, 560, 579, 616, 809)),
    (("tuple", "as it is"), (250, 405, 446, 617, 720, 763, 808)),
    (("as it is", "tuple"), (106, 750)),
    (("tuples",), (278, 580, 596, 615, 791)),
    (("tuples", "tuples"), (259, 445)),
    (("dict of tuples",), (722,)),
    (("float", "complex"), (124,)),
    (("complex",), (252,)),
)
"""The types of a task's arguments, in order; arguments without a type are unchanged."""

UNORDERED = frozenset({2, 7, 111, 140, 232, 579, 769})
TRUTH = frozenset({737, 787, 794})


def shaped(args: Sequence[object], shapes: Sequence[str]) -> Json:
    """Convert arguments to these types, as tagged JSON."""
    rest = ("as it is",) * (len(args) - len(shapes))
    return [tagged(_SHAPES[shape](arg)) for shape, arg in zip((*shapes, *rest), args, strict=True)]


# --- rows -------------------------------------------------------------------------------------------------------------


def read(fields: Mapping[str, object]) -> Problem:
    """Read a row: `prompt`, `entry_point`, `canonical_solution`, `base_input`, `plus_input`, `atol`. Raises BadRow."""
    entry_point, solution = text_of(fields, "entry_point"), raw_text(fields, "canonical_solution")
    task = _number(fields)
    inputs = _inputs(fields, SHAPES.get(task, ()))
    try:
        wanted = signatures(solution, {entry_point})
        truth = f"lambda *args: bool({entry_point}(*args))"
        source = f"{solution}\ntruth = {truth}\n" if task in TRUTH else solution
        answers = _RUNS.answers(source, "truth" if task in TRUTH else entry_point, inputs)
    except SyntaxError as error:
        raise BadRow(f"the solution is no Python: {error}", field="canonical_solution") from error
    except SandboxUnavailable as error:
        raise BadRow(f"the reference solution cannot be run: {error}", field="canonical_solution") from error
    if late := [args for args, answer in zip(inputs, answers, strict=True) if answer.late]:
        raise BadRow(
            f"the reference solution has not answered after {SECONDS:g} s of CPU time, which is asked for "
            f"{len(late)} of {len(answers)} inputs: {late[0]!s:.200}",
            field="canonical_solution",
        )
    if opaque := [answer.error for answer in answers if answer.without_form]:
        # Refuse the row: without these inputs its tests may be much weaker, such as a search that never succeeds.
        raise BadRow(
            f"the reference solution answers {len(opaque)} of {len(answers)} inputs with what has no form: {opaque[0]}",
            field="canonical_solution",
        )
    known = [(args, answer) for args, answer in zip(inputs, answers, strict=True) if not answer.error]
    if not known or not wanted:
        raise BadRow(
            f"the reference solution answers none of its inputs: {answers[0].error}", field="canonical_solution"
        )
    asserts = [_assert(task, entry_point, args, answer) for args, answer in known]
    reference: dict[str, Json] = {"type": "asserts", "asserts": list(asserts), "setup": "from math import inf, nan"}
    if task not in UNORDERED | TRUTH:
        reference = {"type": "function", "entry_point": entry_point, **_cases(known, fields.get("atol"))}
    return made(
        question(_sentence(fields), f"Write it in Python as `{wanted[0]}`. For example:", block(asserts[0])),
        reference,
        source="mbpp_plus",
        name=task,
    )


def finish() -> None:
    """Close the sandbox in which the reference solutions ran."""
    _RUNS.close()


def _number(fields: Mapping[str, object]) -> int:
    text = str(fields.get("task_id")).rpartition("/")[2]
    if not text.isdecimal():
        raise BadRow(field="task_id", expected="a number, which says the types of the arguments", found=text)
    return int(text)


def _sentence(fields: Mapping[str, object]) -> str:
    """The prompt without its docstring quotes."""
    return text_of(fields, "prompt").strip("'\"").strip()


def _inputs(fields: Mapping[str, object], shapes: Sequence[str]) -> list[Json]:
    found: list[Json] = []
    for column in ("base_input", "plus_input"):
        rows = fields.get(column) or []  # the set uses {} for none
        if not isinstance(rows, list) or not all(isinstance(args, list) for args in rows):
            raise BadRow(field=column, expected="a list of lists of arguments", found=rows)
        try:
            found += [shaped(args, shapes) for args in rows]
        except (TypeError, ValueError) as error:
            raise BadRow(f"an argument is not of the task's type: {error}", field=column) from error
    if not found:
        raise BadRow(field="base_input", expected="at least one list of arguments", found=found)
    return found


def _assert(task: int, entry_point: str, args: Json, answer: Answer) -> str:
    values, expected = untagged(args), untagged(answer.value)
    assert isinstance(values, list)
    call = f"{entry_point}({', '.join(map(_source, values))})"
    if task in TRUTH:
        # Compare by identity: the program would decide the truth value of its own objects.
        right = "value is not None and value is not False" if expected else "value is None or value is False"
        return f"value = {call}\nassert {right}"
    if task in UNORDERED and isinstance(expected, list | tuple | set):
        return f"assert set({call}) == {_source(set(expected))}"
    return f"assert {call} == {_source(expected)}"


def _source(value: object) -> str:
    """A value as source, deterministic across processes, unlike `repr` of a set of strings."""
    if isinstance(value, set | frozenset):
        members = "{" + ", ".join(sorted(map(_source, value))) + "}" if value else "set()"
        return members if isinstance(value, set) else f"frozenset({members})"
    if isinstance(value, list):
        return "[" + ", ".join(map(_source, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_source, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_source(key)}: {_source(v)}" for key, v in value.items()) + "}"
    return repr(value)


def _cases(known: Sequence[tuple[Json, Answer]], tolerance: object) -> dict[str, Json]:
    cases: list[Json] = [{"args": args, "expected": answer.value} for args, answer in known]
    given = float(tolerance) if isinstance(tolerance, int | float) else 0.0
    if not given and not any(_holds_float(answer.value) for _, answer in known):
        return {"cases": cases}
    return {"cases": cases, "compare": {"float": given or _TOLERANCE}}


def _holds_float(value: Json) -> bool:
    if isinstance(value, float):
        return True
    if isinstance(value, Mapping):
        return any(map(_holds_float, value.values()))
    return isinstance(value, list) and any(map(_holds_float, value))
