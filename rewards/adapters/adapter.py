"""The type of an adapter: how another trainer calls a reward function and reads its return value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from rewards.adapters.columns import Form
from rewards.declared import Ready
from rewards.types import GradeRequest

Arguments: TypeAlias = tuple[Sequence[object], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Options:
    """The parameters of an adopted function, by name."""

    given: Mapping[str, object]

    @property
    def arguments(self) -> Mapping[str, object]:
        """Additional keyword arguments for the function."""
        return self._mapping("arguments")

    @property
    def columns(self) -> Mapping[str, str]:
        """The function's column names -> the row's."""
        return {name: str(ours) for name, ours in self._mapping("columns").items()}

    def form(self, otherwise: Form) -> Form:
        """`form: text | chat` if given, else `otherwise`."""
        given = self.given.get("form")
        return otherwise if given is None else "chat" if given == "chat" else "text"

    def text(self, name: str) -> str | None:
        given = self.given.get(name)
        return None if given is None else str(given)

    def _mapping(self, name: str) -> Mapping[str, object]:
        given = self.given.get(name)
        return given if isinstance(given, Mapping) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """How one trainer ("peer") calls its reward functions.

    ask: builds the arguments of one call for these requests.
    read: splits the return value into one value per request (value, number of requests, reward name).
    check: raises InvalidReward if the trainer could not call the function. batched: whether it takes a whole group.
    gives: names of the arguments that every call passes. columns: the other arguments are columns of the row.
    options: types of the adapter's own parameters; each may be None.
    ready: raises if what the calls need is not installed; None = they need nothing.
    """

    ask: Callable[[Callable[..., object], Sequence[GradeRequest], Options], Arguments]
    read: Callable[[object, int, str], Sequence[object]]
    check: Callable[[Callable[..., object]], None]
    gives: Sequence[str]
    columns: bool = False
    batched: Callable[[Callable[..., object]], bool] = lambda _function: False
    options: Mapping[str, object] = field(default_factory=dict)
    ready: Ready | None = None
