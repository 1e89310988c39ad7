"""verifiers 0.4: `f(task, trace) -> float | dict of scores`, as its configs plug them, and whole tasks.

| adopted | what a response is paid |
|---|---|
| a function that takes `trace` | what it returns; the sum, if it returns several scores by name |
| a subclass of verifiers' `Task` | its rewards, weighted and summed by verifiers (`Task.score`); each is a part |

Both get verifiers' own objects, so it must be installed: a trace with the row's messages and the response as its only
model call, and task data with the row's prompt and columns (of the type that the task or the annotation of `task`
states). There is no runtime, as when verifiers scores traces later; what requires one is refused. A reward's `weight`
counts in its task only.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_type_hints

from rewards.adapters.adapter import Adapter, Arguments, Options
from rewards.adapters.columns import columns_of, named
from rewards.errors import InvalidReward
from rewards.outcome import Detailed
from rewards.types import GradeRequest, Json

_GIVES = ("task", "trace")


def is_task(function: Callable[..., object]) -> bool:
    """Whether it is a subclass of verifiers' `Task`; verifiers is not imported for this."""
    bases = function.__mro__ if inspect.isclass(function) else ()
    return any(base.__name__ == "Task" and base.__module__.startswith("verifiers.") for base in bases)


def takes_trace(function: Callable[..., object]) -> bool:
    """Whether it is a reward of verifiers 0.4, not a function of a rubric."""
    return is_task(function) or bool(named(function).get("trace"))


def scoring(function: Callable[..., object]) -> Callable[..., object]:
    """The function itself; for a task, one that scores a trace by all rewards of the task."""
    if not is_task(function):
        return function
    task_class: Any = function

    async def score(task: object, trace: Any) -> dict[str, float]:
        await task_class(task).score(trace)
        return {name: reward.value for name, reward in trace.rewards.items()}

    score.__annotations__["task"] = task_class.data_type()
    return score


def ready(_parameters: Mapping[str, Json]) -> None:
    """Import verifiers, which takes seconds, before the first grade. Raises InvalidReward if it is missing."""
    try:
        importlib.import_module("verifiers.v1")
    except ImportError as error:
        raise InvalidReward(
            f"rewards with a trace need verifiers, 0.4 or newer: pip install verifiers ({error})"
        ) from error


def _ask(function: Callable[..., object], requests: Sequence[GradeRequest], options: Options) -> Arguments:
    (request,) = requests
    data = _data(_data_type(function), request, options.columns)
    given = {"task": data, "trace": _trace(data, request)}
    return (), {name: given[name] for name in _GIVES if name in named(function)}


def _data_type(function: Callable[..., object]) -> Any:
    """The type of a task's data that the annotation of `task` states, else one that takes any column."""
    task = importlib.import_module("verifiers.v1.task")
    try:
        stated = get_type_hints(function).get("task")
    except NameError:  # a name that is imported for type checkers only
        stated = None
    found = inspect.isclass(stated) and issubclass(stated, task.TaskData) and stated is not task.TaskData
    return stated if found else task.WireTaskData


def _data(data_type: Any, request: GradeRequest, renamed: Mapping[str, str]) -> Any:
    columns = columns_of(request)
    columns |= {theirs: columns[ours] for theirs, ours in renamed.items() if ours in columns}
    base = importlib.import_module("verifiers.v1.task").TaskData.model_fields
    more = {name: value for name, value in columns.items() if name not in base}
    turns = [message.to_dict() for message in request.messages]
    prompt = turns[0]["content"] if [turn["role"] for turn in turns] == ["user"] else turns or None
    return data_type.model_validate({**more, "id": request.problem_id or None, "prompt": prompt})


def _trace(data: object, request: GradeRequest) -> object:
    trace = importlib.import_module("verifiers.v1.trace")
    config = importlib.import_module("verifiers.v1.configs.agent").AgentConfig()
    turns = [message.to_dict() for message in request.messages]
    nodes = [*turns, {"role": "assistant", "content": request.response}]
    last = len(turns)
    return trace.Trace(
        task=trace.TraceTask(type=type(data).__name__, data=data),
        agent=trace.AgentInfo(config=config),
        nodes=[{"parent": i - 1 if i else None, "message": m, "sampled": i == last} for i, m in enumerate(nodes)],
        calls=[trace.ModelCall(node=last, finish_reason=request.finish)],
        is_completed=True,
        ok=True,
    )


def _read(value: object, _count: int, _reward: str) -> Sequence[object]:
    if not isinstance(value, Mapping):
        return [value]
    if not value:
        raise ValueError("it returned no score; a task needs a reward that requires no runtime")
    return [Detailed(sum(value.values()), dict(value))]


def _check(function: Callable[..., object]) -> None:
    spelt = getattr(function, "__qualname__", repr(function))
    rewards = [member for _, member in inspect.getmembers(function) if getattr(member, "reward", None) is True]
    for scorer in rewards if is_task(function) else [function]:
        if named(scorer).get("runtime"):
            raise InvalidReward(f"{spelt!r} needs a runtime of verifiers ({scorer.__name__}), and there is none here")
    if not is_task(function) and named(function).get("self"):
        raise InvalidReward(
            f"{spelt!r} is a method; name its task, verifiers:PLACE:{spelt.rpartition('.')[0] or 'TASK'}"
        )


ADAPTER = Adapter(
    ask=_ask,
    read=_read,
    check=_check,
    gives=_GIVES,
    options={"columns": dict[str, str] | None},
    ready=ready,
)
