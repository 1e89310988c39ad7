"""verifiers: a rubric function, `f(prompt, completion, answer, state, info, task, ...) -> float`.

Rubrics are in verifiers before 0.4; `rewards.adapters.verifiers_task` takes the rewards of 0.4.

It gets the arguments that it names, from these and the columns of the row. Prompts and completions are messages, unless
the annotation or `form: text` says otherwise. A function over a group (it names `completions`, `answers`, `states`,
..., or is annotated to return a list) gets a whole group per call. If a function raises, a verifiers rubric scores 0;
here the response is ungraded. A function that names `parser` gets verifiers' default `Parser`.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_origin

from rewards.adapters.adapter import Adapter, Arguments, Options
from rewards.adapters.columns import (
    Form,
    MissingColumn,
    answer_of,
    chosen,
    columns_of,
    completion_of,
    form_of,
    named,
    prompt_of,
    takes_all,
)
from rewards.errors import InvalidReward
from rewards.outcome import Detailed, values_of
from rewards.pluralize import pluralize
from rewards.types import GradeRequest

# Argument of a function over a group -> argument of a function over one response.
_OF_GROUPS = {
    "prompts": "prompt",
    "completions": "completion",
    "answers": "answer",
    "states": "state",
    "tasks": "task",
    "infos": "info",
}
_OF_ONE = tuple(_OF_GROUPS.values())


def _over_group(function: Callable[..., object]) -> bool:
    returns = inspect.signature(function).return_annotation
    return bool(_OF_GROUPS.keys() & named(function)) or returns is list or get_origin(returns) is list


def _row(request: GradeRequest, form: Form) -> dict[str, object]:
    """The arguments available for one response, by name."""
    answer = answer_of(request)
    info = dict(request.metadata)
    row: dict[str, object] = {
        "prompt": prompt_of(request, form),
        "completion": completion_of(request, form),
        "answer": "" if answer is None else answer,
        "task": info.get("task", "default"),
        "info": info,
    }
    return {**row, "state": {**row, "input": dict(row)}}


def _ask(function: Callable[..., object], requests: Sequence[GradeRequest], options: Options) -> Arguments:
    group = _over_group(function)
    form = options.form(form_of(function, "completions" if group else "completion", "chat"))
    rows = [_row(request, form) for request in requests]
    names, any_of_them = named(function), takes_all(function)
    if group:
        given: dict[str, object] = {theirs: [row[ours] for row in rows] for theirs, ours in _OF_GROUPS.items()}
    else:
        columns = columns_of(requests[0])
        given = dict(rows[0])
        more = [name for name in names if name not in given and name not in ("parser", *options.arguments)]
        wanted = [name for name in more if names[name] or options.columns.get(name, name) in columns]
        given |= chosen(columns, wanted, options.columns)
        if any_of_them:
            given = {**{name: v for name, v in columns.items() if name not in names}, **given}
    if "parser" in names and "parser" not in options.arguments:
        given["parser"] = _parser()
    return (), {name: value for name, value in given.items() if any_of_them or name in names}


def _parser() -> object:
    try:
        return importlib.import_module("verifiers").Parser()
    except (ImportError, AttributeError) as error:
        raise MissingColumn(
            "it takes 'parser', which a rubric makes: pip install 'verifiers<0.4', or give the function one of your own"
        ) from error


def _read(value: object, count: int, _reward: str) -> Sequence[object]:
    values = values_of(value)
    if values is None and count == 1:
        if isinstance(value, Mapping) and "score" in value:
            return [Detailed(value["score"], {name: item for name, item in value.items() if name != "score"})]
        return [value]
    if values is None or len(values) != count:
        seen = f"{value!r:.80}" if values is None else pluralize(len(values), "value")
        raise ValueError(f"it returned {seen} for {pluralize(count, 'response')}; return one each, in order")
    return values


def _check(function: Callable[..., object]) -> None:
    known = {*_OF_ONE, *_OF_GROUPS}
    if not known & named(function).keys() and not takes_all(function):
        raise InvalidReward(
            f"{getattr(function, '__qualname__', function)!r} is no function of a rubric: it takes "
            f"({', '.join(named(function))}), and none of {', '.join(_OF_ONE)}; nor of a task, which takes trace"
        )


ADAPTER = Adapter(
    ask=_ask,
    read=_read,
    check=_check,
    gives=(*_OF_ONE, *_OF_GROUPS),
    columns=True,
    batched=_over_group,
    options={"columns": dict[str, str] | None, "form": Literal["text", "chat"] | None},
)
