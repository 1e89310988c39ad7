"""What an adapter is: how a peer calls a reward function, and how it reads what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from rewards.adapters.columns import Form
from rewards.types import GradeRequest

Arguments: TypeAlias = tuple[Sequence[object], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Options:
    """The parameters of an adopted function, by name."""

    given: Mapping[str, object]

    @property
    def arguments(self) -> Mapping[str, object]:
        """More keyword arguments for the function."""
        return self._mapping("arguments")

    @property
    def columns(self) -> Mapping[str, str]:
        """Its names of columns, and ours."""
        return {name: str(ours) for name, ours in self._mapping("columns").items()}

    def form(self, otherwise: Form) -> Form:
        """Texts or messages, where that was said."""
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
    """One peer.

    ask: the arguments of one call for these requests. read: what came back, one value a request.
    check: raises InvalidReward for a function that the peer could not call. batched: it wants a group in one call.
    gives: the names of what every call passes. columns: the other arguments come from columns of the row.
    options: the types of the peer's own parameters; each may be None.
    """

    ask: Callable[[Callable[..., object], Sequence[GradeRequest], Options], Arguments]
    read: Callable[[object, int, str], Sequence[object]]
    check: Callable[[Callable[..., object]], None]
    gives: Sequence[str]
    columns: bool = False
    batched: Callable[[Callable[..., object]], bool] = lambda _function: False
    options: Mapping[str, object] = field(default_factory=dict)
