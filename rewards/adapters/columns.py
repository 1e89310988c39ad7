"""Map our rows to what other trainers pass: data set columns, the answer, and prompts as text or messages.

| theirs | ours |
|---|---|
| a column | a key of `metadata`; a field of the reference; a key of the object in a `data` reference |
| `answer`, `solution`, `ground_truth`, `gold`, `label`, ... | the answer, if no column has that name |
| `prompt` as messages, `completion` as messages | the row's messages; one assistant message |
| both as text | the contents of the messages, joined by newlines; the response |
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias, cast

from rewards.errors import InvalidReward, InvalidRow
from rewards.parameters import nearest
from rewards.pluralize import pluralize
from rewards.types import (
    AnyOf,
    DataReference,
    GradeRequest,
    Json,
    MathReference,
    NoReference,
    Reference,
    reference_from,
    reference_text,
)

Form: TypeAlias = Literal["text", "chat"]

ANSWERS = ("answer", "solution", "ground_truth", "gold", "label", "target", "reference")
_NO_COLUMNS = ("type", "policy", "tolerance", "unit", "require_evaluated", "require_simplified")


class MissingColumn(LookupError):
    """A function requires a column that the row does not have."""


def answer_of(request: GradeRequest) -> object:
    """The answer in the form of other trainers: text, or a list if there are several; None if there is none."""
    reference = request.reference
    if isinstance(reference, MathReference):
        answer = reference.answer
        return (
            list(answer.answers) if isinstance(answer, AnyOf) else list(answer) if isinstance(answer, tuple) else answer
        )
    if isinstance(reference, DataReference):
        return reference.value
    if isinstance(reference, NoReference):
        return None
    row = reference.to_dict()
    for name in ("answer", "answers", "target"):
        if name in row:
            return row[name]
    return {name: value for name, value in row.items() if name != "type"}


def columns_of(request: GradeRequest) -> dict[str, object]:
    """All values of a row that a function may ask for as columns, by name."""
    reference, answer = request.reference, answer_of(request)
    fields: Mapping[str, object] = reference.to_dict()
    if isinstance(reference, DataReference):
        fields = reference.value if isinstance(reference.value, Mapping) else {}
    elif isinstance(reference, MathReference):
        fields = {}
    columns = {str(name): value for name, value in fields.items() if name not in _NO_COLUMNS}
    columns |= dict(request.metadata)
    if answer is not None:
        columns = dict.fromkeys(ANSWERS, answer) | columns
    return columns


def chosen(columns: Mapping[str, object], names: Iterable[str], renamed: Mapping[str, str]) -> dict[str, object]:
    """The values of the columns that a function names. renamed: the function's column names -> the row's.

    Raises MissingColumn.
    """
    found: dict[str, object] = {}
    for name in names:
        ours = renamed.get(name, name)
        if ours not in columns:
            have = sorted(columns)
            raise MissingColumn(
                f"it takes {name!r}, and the row has no {ours!r}{nearest(ours, have)} "
                f"(it has: {', '.join(have) or 'none'}); parameter `columns` maps its names to the row's"
            )
        found[name] = columns[ours]
    return found


def prompt_of(request: GradeRequest, form: Form) -> object:
    """The prompt as messages or as text."""
    if form == "chat":
        return [message.to_dict() for message in request.messages]
    return "\n".join(message.content for message in request.messages)


def completion_of(request: GradeRequest, form: Form) -> object:
    """The response as messages or as text."""
    return [{"role": "assistant", "content": request.response}] if form == "chat" else request.response


def text_of(value: object) -> str:
    """The text of a prompt or completion given as text or messages; several messages are joined by newlines.

    Raises InvalidRow.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        value = [value]
    if isinstance(value, Sequence) and all(isinstance(turn, Mapping) and "content" in turn for turn in value):
        contents = [_content(turn["content"]) for turn in value if turn.get("role", "assistant") != "tool"]
        return "\n".join(content for content in contents if content)
    raise InvalidRow(f"a completion must be text or messages, not {value!r:.80}")


def turns_of(prompt: object) -> object:
    """A prompt whose message contents are plain text: content blocks, as in multimodal prompts, are joined.

    Raises InvalidRow.
    """
    if not isinstance(prompt, list | tuple):
        return prompt
    return [
        {**turn, "content": _content(turn["content"])} if isinstance(turn, Mapping) and "content" in turn else turn
        for turn in prompt
    ]


def _content(content: object) -> str:
    """The text of one message, which may be a list of content blocks."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if isinstance(content, Sequence):
        return "".join(str(block.get("text", "")) for block in content if isinstance(block, Mapping))
    raise InvalidRow(f"the content of a message must be text, not {content!r:.80}")


def listed(name: str, value: object, count: int | None = None, of: str = "completions") -> Sequence[object]:
    """Check that an argument of a trainer is a list. count: its required length; None = any.

    Raises InvalidRow.
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Collection):
        raise InvalidRow(f"{name} must be a list, not {value!r:.80}")
    if count is not None and len(value) != count:
        raise InvalidRow(f"{name} has {pluralize(len(value), 'item')}, and {of} has {count}; one for each is needed")
    return cast("Sequence[object]", value)


def reference_of(value: object) -> Reference:
    """Parse a trainer's ground truth: a reference, its JSON text, or a bare answer.

    Raises InvalidRow.
    """
    value = as_json(value)
    return reference_from(reference_text(value) or value)


def form_of(function: Callable[..., object], argument: str, otherwise: Form) -> Form:
    """Whether a function takes text or messages, according to the annotation of `argument`; else `otherwise`."""
    parameter = inspect.signature(function).parameters.get(argument)
    spelt = "" if parameter is None or parameter.annotation is inspect.Parameter.empty else str(parameter.annotation)
    if "dict" in spelt.lower() or "message" in spelt.lower():
        return "chat"
    return "text" if "str" in spelt else otherwise


def takes_all(function: Callable[..., object]) -> bool:
    """Whether a function has a `**kwargs` parameter."""
    parameters = inspect.signature(function).parameters.values()
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)


def named(function: Callable[..., object]) -> dict[str, bool]:
    """The parameters of a function by name -> whether each is required."""
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_ONLY)
    parameters = inspect.signature(function).parameters
    return {name: p.default is inspect.Parameter.empty for name, p in parameters.items() if p.kind in plain}


def require_arguments(peer: str, function: Callable[..., object], names: Sequence[str]) -> None:
    """Check that a function has the trainer's parameters, or `**kwargs`. Raises InvalidReward."""
    has = named(function)
    missing = [name for name in names if name not in has]
    if missing and not takes_all(function):
        raise InvalidReward(
            f"{getattr(function, '__qualname__', function)!r} is no reward function of {peer}: it takes "
            f"({', '.join(has)}), and {peer} calls it with {', '.join(names)}"
        )


def as_json(value: object) -> Json:
    """Convert a value to JSON; values that JSON cannot represent become text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if callable(getattr(value, "tolist", None)):  # an array, a tensor, a number of numpy's
        return as_json(value.tolist())  # type: ignore[attr-defined]
    return str(value)
