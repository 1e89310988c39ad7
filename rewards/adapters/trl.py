"""TRL: `f(prompts, completions, completion_ids, **columns) -> list[float | None]`, over a list of completions.

Adopting: a function gets the columns that it names (all if it has `**kwargs`), each as a list. Prompts and completions
are text or messages according to `form: text | chat`, else the annotation of `completions`, else text. `None` means
ungraded, as in TRL. Token ids are not available. The function is called with one group at a time.

Exporting: pass `to_trl("math")` to `GRPOTrainer(reward_funcs=[...])` or a similar trainer. A response that could not be
judged is `None`, which TRL leaves out of the group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Literal, NamedTuple, TypeAlias

from rewards.adapters.adapter import Adapter, Arguments, Options
from rewards.adapters.columns import (
    ANSWERS,
    as_json,
    chosen,
    columns_of,
    completion_of,
    form_of,
    listed,
    named,
    prompt_of,
    reference_of,
    require_arguments,
    takes_all,
    text_of,
    turns_of,
)
from rewards.errors import InvalidReward, InvalidRow
from rewards.grading import RewardLike, grade
from rewards.outcome import values_of
from rewards.pluralize import pluralize
from rewards.spec import RewardSpec
from rewards.spec_properties import check
from rewards.types import GradeRequest, Json, messages_from

RewardFunction: TypeAlias = Callable[..., list[float | None]]

# Arguments that TRL's trainers pass besides the columns of the data set.
_OF_TRAINER = ("completion_ids", "trainer_state", "log_extra", "log_metric", "environments")
_GIVEN = ("prompts", "completions", "trainer_state", "log_extra", "log_metric")


def _said_to_nobody(*_said: object) -> None:
    """Stands in for TRL's logging callbacks: there is no trainer to log to."""


def _ask(function: Callable[..., object], requests: Sequence[GradeRequest], options: Options) -> Arguments:
    form = options.form(form_of(function, "completions", "text"))
    rows = [columns_of(request) for request in requests]
    names, any_of_them = named(function), takes_all(function)
    own = ("prompts", "completions", *_OF_TRAINER, *options.arguments)
    required = [name for name, needed in names.items() if needed and name not in own]
    held = {name for row in rows for name in row}
    more = [
        name for name in names if name not in own and name not in required and options.columns.get(name, name) in held
    ]
    if any_of_them:
        more += [name for name in sorted(held) if name not in own and name not in names]
    columns: dict[str, list[object]] = {}
    for name in [*required, *more, *(n for n in options.columns if any_of_them and n not in names)]:
        ours = options.columns.get(name, name)
        columns[name] = [row.get(ours) if name in more else chosen(row, [name], options.columns)[name] for row in rows]
    given: dict[str, object] = {
        "prompts": [prompt_of(request, form) for request in requests],
        "completions": [completion_of(request, form) for request in requests],
        "trainer_state": None,
        "log_extra": _said_to_nobody,
        "log_metric": _said_to_nobody,
    }
    return (), {name: value for name, value in {**given, **columns}.items() if any_of_them or name in names}


def _read(value: object, count: int, _reward: str) -> Sequence[object]:
    values = values_of(value)
    if values is None or len(values) != count:
        seen = f"{value!r:.80}" if values is None else pluralize(len(values), "value")
        raise ValueError(
            f"it returned {seen} for {pluralize(count, 'completion')}; TRL's functions return a list, one each"
        )
    return values


def _check(function: Callable[..., object]) -> None:
    require_arguments("TRL", function, ["completions"])
    if named(function).get("completion_ids"):
        raise InvalidReward("it takes 'completion_ids', and there are no token ids here: it grades inside TRL only")


ADAPTER = Adapter(
    ask=_ask,
    read=_read,
    check=_check,
    gives=_GIVEN,
    columns=True,
    batched=lambda _function: True,
    options={"columns": dict[str, str] | None, "form": Literal["text", "chat"] | None},
)


def to_trl(
    reward: RewardLike,
    *,
    reference: str | None = None,
    name: str = "",
    workers: int | None = None,
    deadline: float | None = None,
) -> RewardFunction:
    """Export one of our rewards as a TRL reward function.

    reference: the column with the reference (an object with a `type`) or bare answer; None = whichever of `reference`,
    `answer`, `solution`, `ground_truth`, ... the data set has. The other columns become the request's metadata.
    name: the reward's name in TRL's metrics. workers, deadline: see `rewards.grade`.

    Raises:
        UnknownReward, InvalidReward: no such reward.
        InvalidRow (when called): no such column, or two candidates; columns of a different length than the completions;
        a malformed row.

    Example:
        GRPOTrainer(model=..., reward_funcs=[to_trl("math", reference="solution")], train_dataset=data, args=...)
    """
    spec = RewardSpec.from_dict(reward)
    check(spec)
    label = name or "_".join(leaf.label for leaf in spec.leaves())
    # A partial of plain data can be pickled: AsyncGRPOTrainer sends reward functions to a process of its own.
    made = partial(_reward_function, _Exported(spec.to_dict(), reference, label, workers, deadline))
    made.__name__ = made.__qualname__ = label  # type: ignore[attr-defined]  # TRL's metrics are named by it
    return made


class _Exported(NamedTuple):
    """What `to_trl` was given; the reward as data."""

    reward: Json
    reference: str | None
    label: str
    workers: int | None
    deadline: float | None


def _reward_function(
    exported: _Exported,
    /,
    prompts: Sequence[object] | None = None,
    completions: Sequence[object] = (),
    **columns: object,
) -> list[float | None]:
    requests = _requests(prompts, completions, columns, exported.reference)
    spec = RewardSpec.from_dict(exported.reward)
    results = grade(spec, requests, workers=exported.workers, deadline=exported.deadline)
    log = columns.get("log_metric")
    if callable(log) and results:
        log(f"{exported.label}/ungraded", sum(result.score is None for result in results) / len(results))
    return [result.score for result in results]


def _requests(
    prompts: Sequence[object] | None,
    completions: Sequence[object],
    columns: Mapping[str, object],
    reference: str | None,
) -> list[GradeRequest]:
    rows = {
        name: column for name, column in columns.items() if name not in _OF_TRAINER and isinstance(column, Sequence)
    }
    holder = reference_column(rows, reference)
    count = len(listed("completions", completions))
    rows = {  # a plain string is not a column, except as the reference
        name: listed(f"column {name!r}", column, count)
        for name, column in rows.items()
        if name == holder or not isinstance(column, str | bytes)
    }
    asked = [None] * count if prompts is None else listed("prompts", prompts, count)
    groups = [number for number, (_, same) in enumerate(groupby(asked)) for _ in same]
    return [
        GradeRequest(
            response=text_of(completion),
            messages=messages_from(turns_of(asked[i])),
            reference=reference_of(None if holder is None else rows[holder][i]),
            metadata={name: as_json(column[i]) for name, column in rows.items() if name != holder},
            group_id=str(groups[i]),
            sample_id=i,
        )
        for i, completion in enumerate(completions)
    ]


def reference_column(columns: Mapping[str, object], named_column: str | None) -> str | None:
    """The name of the column with the reference; None if there is none. Raises InvalidRow."""
    if named_column is not None:
        if named_column not in columns:
            raise InvalidRow(f"the data set has no column {named_column!r} (it has: {', '.join(columns) or 'none'})")
        return named_column
    found = [name for name in ("reference", *ANSWERS) if name in columns]
    if len(set(found)) > 1 and found[0] != "reference":
        raise InvalidRow(f"the columns {', '.join(found)} could each hold the answer; name one: reference={found[0]!r}")
    return found[0] if found else None
