"""Map the columns of rows: named by the caller, or guessed from the first rows and reported.

A row with the standard columns (`response` or `responses`, `reference`, `prompt`, `id`, `finish`) is used unchanged.
Otherwise, the first common name with a usable value is chosen, once for all rows. A name may be a path into objects:
`reward_model.ground_truth`. A chat (`messages`, `conversations`) that ends with an assistant turn is split into prompt
and response; a chat in the response column means its last turn. Content in parts is joined as text. How generation
ended (`finish_reason`) is read in the words of the usual servers.

Example:
    >>> columns = guess([{"question": "1+1?", "completion": "\\\\boxed{2}", "answer": 2, "task_id": "a"}], Columns())
    >>> columns.describe()
    'response = completion, reference = answer, prompt = question, id = task_id'
    >>> columns.read({"question": "1+1?", "completion": "\\\\boxed{2}", "answer": 2, "task_id": "a"})["reference"]
    2
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from data_prep.errors import BadRow
from rewards.parameters import nearest
from rewards.types import Json

Fields = Mapping[str, object]

RESPONSES = (
    *("completion", "completions", "output", "outputs", "generation", "generations", "generated_text"),
    *("model_output", "model_outputs", "prediction", "predictions", "candidates", "samples"),
)
CHATS = ("messages", "conversations", "conversation", "chat")
REFERENCES = (
    *("answer", "label", "ground_truth", "reward_model.ground_truth", "gold", "gold_answer", "expected_answer"),
    *("final_answer", "target", "reference_answer", "correct_answer", "solution"),
)
PROMPTS = ("question", "problem", "instruction", "query", "input")
IDS = ("problem_id", "question_id", "task_id", "unique_id", "uid", "idx", "extra_info.index")
FINISHES = ("finish_reason", "finish_reasons", "stop_reason", "stop_reasons")
TAGS = ("tags", "source", "data_source")
_OPTIONS = ("response", "chat", "reference", "prompt", "id", "finish", "group")
_THOUGHTS = ("thinking", "redacted_thinking", "reasoning")  # content part types that are not part of the response
_ROLES = {"human": "user", "gpt": "assistant", "model": "assistant"}
# Finish reasons of common servers, for a normal end and for the token limit
_FINISHED = {
    **dict.fromkeys(("stop", "stopped", "eos", "eos_token", "eos_found", "end_turn", "complete", "completed"), "stop"),
    **dict.fromkeys(("finished", "stop_sequence", "stop_string", "stop_token"), "stop"),
    **dict.fromkeys(("tool_calls", "tool_use", "function_call"), "stop"),
    **dict.fromkeys(("length", "max_length", "model_length", "token_limit", "truncated", "incomplete"), "length"),
    **dict.fromkeys(("max_tokens", "max_new_tokens", "max_output_tokens", "model_context_window_exceeded"), "length"),
    **dict.fromkeys(("abort", "aborted", "timeout", "content_filter"), "length"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Column names; empty = the standard name. chat: a column whose last turn is the response.

    group: a column shared by the samples of one problem; empty = id, prompt and reference. tags: columns to summarise
    by.
    """

    response: str = ""
    chat: str = ""
    reference: str = ""
    prompt: str = ""
    id: str = ""
    finish: str = ""
    group: str = ""
    tags: tuple[str, ...] = ()

    def describe(self) -> str:
        """The columns that do not have standard names, for messages."""
        named = {
            "response": self.response or (f"{self.chat}, its last turn" if self.chat else ""),
            "reference": self.reference,
            "prompt": self.prompt,
            "id": self.id,
            "finish": self.finish,
            "group": self.group,
            "tags": ", ".join(self.tags),
        }
        return ", ".join(f"{what} = {column}" for what, column in named.items() if column and column != what)

    def to_dict(self) -> dict[str, Json]:
        """The names for a manifest."""
        names = ("response", "chat", "reference", "prompt", "id", "group")
        # Omitted if empty, so that runs from before this option can resume.
        finish: dict[str, Json] = {"finish": self.finish} if self.finish else {}
        return {**{name: getattr(self, name) for name in names}, **finish, "tags": list(self.tags)}

    @property
    def plain(self) -> bool:
        """Whether all columns have standard names."""
        return not (self.response or self.chat or self.reference or self.prompt or self.id or self.finish)

    def read(self, row: Fields) -> dict[str, object]:
        """The row with standard column names. Raises BadRow if a chat does not end with a response."""
        made = dict(row)
        if self.chat:
            made |= _from_chat(row, self.chat)
        elif self.response:
            made.pop("response", None)
            made.pop("responses", None)
            value = said_in(value_at(row, self.response))
            if value is not None:
                made["responses" if isinstance(value, list | tuple) else "response"] = value
        for name in ("reference", "prompt", "id", "finish"):
            if column := getattr(self, name):
                made[name] = value_at(row, column)
        return made


def value_at(row: Fields, path: str) -> object:
    """The value of a column, or at a path into objects; None if it does not exist."""
    if path in row or "." not in path:
        return row.get(path)
    value: object = row
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def guess(rows: Sequence[Fields], given: Columns) -> Columns:
    """Guess the columns that are not given from the first rows. Nothing is guessed if they have standard columns."""
    found: dict[str, str] = {}
    if not given.response and not given.chat:
        if any(_has_response(row) for row in rows):
            if any(isinstance(row.get("response"), list) for row in rows):  # a list of texts, or a chat of one turn
                found["response"] = "response"
        elif column := _first(rows, RESPONSES, _is_response):
            found["response"] = column
        elif column := _first(rows, CHATS, _is_chat):
            found["chat"] = column
    # A column that is used as response is not used for anything else.
    taken = {given.response, given.chat, found.get("response", ""), found.get("chat", "")}
    for name, candidates, usable in (
        ("reference", REFERENCES, _is_reference),
        ("prompt", PROMPTS, _is_prompt),
        ("id", IDS, _is_identity),
        ("finish", FINISHES, _is_finish),
    ):
        if not getattr(given, name) and not any(row.get(name) is not None for row in rows):
            if name == "prompt" and (given.chat or "chat" in found):
                continue
            if column := _first(rows, [c for c in candidates if c not in taken], usable):
                found[name] = column
    tags = given.tags or tuple(c for c in [_first(rows, TAGS, _is_tag)] if c)
    return replace(given, **found, tags=tags)


class Named:
    """Looks for named columns that exist in no row, which are probably misspelt.

    Example:
        >>> named = Named(Columns(reference="answr"))
        >>> named.look({"response": "4", "answer": "4"})
        >>> named.describe()
        "the first row does not have --reference 'answr', did you mean 'answer'?; their columns: response, answer"
    """

    def __init__(self, given: Columns) -> None:
        named = [(option, getattr(given, option)) for option in _OPTIONS] + [("by", column) for column in given.tags]
        self.missing = [(option, column) for option, column in named if column]
        self._names: dict[str, None] = {}
        self._rows = 0

    def look(self, row: Fields) -> None:
        """Record the columns of another row."""
        self._rows += 1
        self._names.update(dict.fromkeys(row))
        self.missing = [
            (option, column) for option, column in self.missing if column not in row and value_at(row, column) is None
        ]

    @property
    def near(self) -> bool:
        """Whether a missing column has a name similar to an existing one."""
        return any(nearest(column, [*self._names]) for _, column in self.missing)

    def describe(self) -> str:
        """A message about the columns missing so far; empty = none, or there was no row."""
        if not self.missing or not self._rows:
            return ""
        names = [*self._names]
        told = [f"--{option} {column!r}{nearest(column, names).replace('; ', ', ')}" for option, column in self.missing]
        none = "the first row does not have" if self._rows == 1 else f"none of the first {self._rows} rows has"
        return f"{none} {', '.join([told[0], *(f'nor {one}' for one in told[1:])])}; their columns: {', '.join(names)}"


def _first(rows: Sequence[Fields], names: Iterable[str], usable: Callable[[object], bool]) -> str:
    return next((name for name in names if any(usable(value_at(row, name)) for row in rows)), "")


def _has_response(row: Fields) -> bool:
    return row.get("response") is not None or row.get("responses") is not None


def _is_response(value: object) -> bool:
    several = isinstance(value, list) and bool(value) and (isinstance(value[0], str) or _is_chat(value[0]))
    return isinstance(value, str) or several or _is_chat(value)


def said_in(value: object) -> object:
    """The last turn of a chat that stands for a response, usually its only one; other values unchanged."""
    return turns_of(value)[-1]["content"] if _is_chat(value) else value  # type: ignore[index]  # an assistant turn


def _is_chat(value: object) -> bool:
    turns = turns_of(value) if isinstance(value, list) else []
    return bool(turns) and isinstance(turns[-1], Mapping) and turns[-1].get("role") == "assistant"


def _is_reference(value: object) -> bool:
    return isinstance(value, str | int | float | list | Mapping) and not isinstance(value, bool)


def _is_prompt(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def _is_identity(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_finish(value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    told = [one.get("type") if isinstance(one, Mapping) else one for one in values]
    return bool(told) and all(isinstance(one, str) and one.lower() in _FINISHED for one in told)


def _is_tag(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(tag, str) for tag in value))


def turns_of(value: object) -> list[object]:
    """Normalise a chat to turns with `role` and `content` text, from `from` and `value` or content parts."""
    made: list[object] = []
    for turn in value if isinstance(value, list) else []:
        if isinstance(turn, Mapping) and "role" not in turn and "from" in turn:
            speaker = str(turn["from"])
            made.append({"role": _ROLES.get(speaker, speaker), "content": turn.get("value")})
        elif isinstance(turn, Mapping):
            made.append({**turn, "content": _text_of(turn.get("content"))})
        else:
            made.append(turn)
    return made


def prompt_of(value: object) -> list[object]:
    """The text turns of a prompt: pictures are dropped, and a turn that only calls a tool may be empty."""
    return [
        {**turn, "content": _readable(turn.get("content"), turn.get("role"))} if isinstance(turn, Mapping) else turn
        for turn in turns_of(value)
    ]


def _readable(content: object, role: object) -> object:
    if content is None and role in ("assistant", "tool"):
        return ""
    if not isinstance(content, list) or not all(isinstance(part, Mapping) for part in content):
        return content
    return "".join(text for part in content if isinstance(text := part.get("text"), str))


def _text_of(content: object) -> object:
    """Join content parts if all are text or thoughts, which are dropped; other content is returned unchanged."""
    if not isinstance(content, list) or not content:
        return content
    said = [part for part in content if not (isinstance(part, Mapping) and part.get("type") in _THOUGHTS)]
    texts = [part.get("text") if isinstance(part, Mapping) else None for part in said]
    return "".join(map(str, texts)) if all(isinstance(text, str) for text in texts) else content


def _from_chat(row: Fields, column: str) -> dict[str, object]:
    turns = turns_of(value_at(row, column))
    last = turns[-1] if turns else None
    if not isinstance(last, Mapping) or last.get("role") != "assistant":
        raise BadRow(field=column, expected="a chat whose last turn is the assistant's", found=value_at(row, column))
    return {"response": last.get("content"), "prompt": turns[:-1]}


def finish_of(value: object, column: str) -> str:
    """Convert a finish reason to that of a request. Raises BadRow."""
    if isinstance(value, Mapping):  # the format of SGLang
        value = value.get("type")
    if value is None or value == "":
        return "stop"
    found = _FINISHED.get(value.lower()) if isinstance(value, str) else None
    if (
        found is None and column in FINISHES
    ):  # a finish reason by its name; an unknown value does not mean the token limit
        return "stop"
    if found is None:
        known = "'stop', 'length' (cut off), or a server's word for it such as 'eos', 'end_turn' or 'max_tokens'"
        raise BadRow(field=column, expected=known, found=value)
    return found
