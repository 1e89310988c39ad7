"""A reward specification as data: a named reward, a weighted sum or a gate, as in configurations.

    math                                                           one reward
    {reward: length, parameters: {limit: 200}, label: brief}       with parameters and a label
    {reward: "./mine.py:pays", in_process: true}                   graded in the calling process, with no limit on time
    {sum: [{reward: math, weight: 1.0}, {reward: format, weight: 0.2}]}
    {gate: format, then: math, closed: 0.0}                        math is paid only if the format holds
    {gate: repetition, at_least: -0.1, then: math}                 the gate holds from this score
    {gate: math, then: brief, else: long}                          if it does not hold, `long` is paid

In Python a function may replace a name. Specifications nest: parts of sums, gates and their branches may be any of
these forms. `rewards.composite` defines the resulting score, correctness and verdict.

Example:
    >>> spec = RewardSpec.from_dict({"gate": "format", "then": "math"})
    >>> RewardSpec.from_dict(spec.to_dict()) == spec
    True
    >>> [leaf.label for leaf in spec.leaves()]
    ['format', 'math']
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from rewards.errors import InvalidReward
from rewards.finite import finite
from rewards.parameters import nearest
from rewards.types import Json

_NONE: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One reward by name (or `file.py:function`) with its parameters. `label` names its score among the parts.

    in_process: grade in the calling process, together with everything it is composed with.
    """

    reward: str
    parameters: Mapping[str, Json] = field(default_factory=lambda: _NONE)
    label: str = ""
    in_process: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One summand. `decides`: the sum takes its correctness from this part. A part of weight 0 is only reported."""

    spec: RewardSpec
    weight: float = 1.0
    decides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedSum:
    """The sum of weight times score."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Where `gate` holds, `then` is graded and paid; otherwise `otherwise` is, or the score is `closed`.

    at_least: the score from which the gate holds; None = where it is right, or above 0 where it has no right and wrong.
    """

    gate: RewardSpec
    then: RewardSpec
    closed: float = 0.0
    at_least: float | None = None
    otherwise: RewardSpec | None = None

    @property
    def children(self) -> tuple[RewardSpec, ...]:
        return (self.gate, self.then) if self.otherwise is None else (self.gate, self.then, self.otherwise)


Node: TypeAlias = Named | WeightedSum | Gate


@dataclass(frozen=True, slots=True)
class RewardSpec:
    """A specification: a named reward or a tree of them."""

    node: Node

    def __post_init__(self) -> None:
        counts = Counter(leaf.label for leaf in self.leaves())
        twice = [label for label, n in counts.items() if n > 1]
        if twice and not isinstance(self.node, Named):
            raise InvalidReward(
                f"two parts of a reward are called {twice[0]!r}; give one of them a label of its own (label: NAME)"
            )

    @classmethod
    def named(cls, reward: str, *, label: str = "", **parameters: Json) -> RewardSpec:
        """One reward: `RewardSpec.named("math", policy="strict")`."""
        return cls(_named({"reward": reward, "parameters": parameters, "label": label}, "reward"))

    @classmethod
    def from_dict(cls, value: object) -> RewardSpec:
        """Read a name or one of the forms above.

        Raises:
            InvalidReward: an unknown key (suggests the nearest known one) or a value of the wrong type; says where.
        """
        return _read(value, "reward")

    def to_dict(self) -> dict[str, Json]:
        """The inverse of `from_dict`."""
        return _WRITE[type(self.node)](self.node)

    def leaves(self) -> Iterator[Leaf]:
        """The named rewards of the tree, in order."""
        if isinstance(self.node, Named):
            yield Leaf(label=_label(self.node), named=self.node)
            return
        children = [p.spec for p in self.node.parts] if isinstance(self.node, WeightedSum) else self.node.children
        for child in children:
            yield from child.leaves()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A named reward of a specification, and the name of its score among the parts."""

    label: str
    named: Named


def _label(named: Named) -> str:
    return named.label or named.reward.rpartition(":")[2]


# --- reading and writing --------------------------------------------------------------------------------------------


def _known(row: Mapping[object, object], keys: tuple[str, ...], where: str) -> None:
    for key in row:
        if key not in keys:
            hint = "; a colon of YAML needs a blank behind it" if ":" in str(key) else nearest(str(key), keys)
            raise InvalidReward(f"{where} has an unknown key {key!r}{hint} (keys: {', '.join(keys)})")


def _number(value: object, where: str) -> float:
    number = finite(value)
    if number is None:
        raise InvalidReward(f"{where} must be a finite number, not {value!r:.80}")
    return number


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidReward(f"{where} must be true or false, not {value!r:.80}")
    return value


def _named(row: Mapping[str, object], where: str) -> Named:
    name, parameters, label = row["reward"], row.get("parameters"), row.get("label")
    if callable(name):
        name = _name_of(name)
    if not isinstance(name, str) or not name:
        raise InvalidReward(f"{where}.reward must be the name of a reward, not {name!r:.80}")
    if parameters is not None and not isinstance(parameters, Mapping):
        raise InvalidReward(f"{where}.parameters must be a table, not {parameters!r:.80}")
    if label is not None and not isinstance(label, str):
        raise InvalidReward(f"{where}.label must be a string, not {label!r:.80}")
    here = _flag(row.get("in_process", False), f"{where}.in_process")
    return Named(
        reward=name, parameters=_parameters(parameters or {}, f"{where}.parameters"), label=label or "", in_process=here
    )


def _parameters(given: Mapping[object, object], where: str) -> dict[str, Json]:
    """Check that parameters are JSON: they cross to workers and are written to configurations."""
    for name in given:
        if not isinstance(name, str):
            raise InvalidReward(f"{where} must be named by texts, not {name!r:.80}")
    try:
        json.dumps(dict(given))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidReward(f"{where} hold what is not JSON: {error}; give numbers, texts, lists, tables") from error
    return dict(given)  # type: ignore[arg-type]  # it is, as was just seen


def _name_of(function: Callable[..., object]) -> str:
    from rewards.registry import name_of  # it imports the adapters' table, and they this

    return name_of(function)


def _part(value: object, where: str) -> Part:
    if not isinstance(value, Mapping):
        return Part(spec=_read(value, where))
    spec = {key: item for key, item in value.items() if key not in ("weight", "decides")}
    return Part(
        spec=_read(spec, where, also=("weight", "decides")),
        weight=_number(value.get("weight", 1.0), f"{where}.weight"),
        decides=_flag(value.get("decides", False), f"{where}.decides"),
    )


def _sum(row: Mapping[str, object], where: str) -> WeightedSum:
    parts = row["sum"]
    if not isinstance(parts, list | tuple) or not parts:
        raise InvalidReward(f"{where}.sum must be a list of parts, not {parts!r:.80}")
    read = tuple(_part(part, f"{where}.sum[{i}]") for i, part in enumerate(parts))
    if sum(part.decides for part in read) > 1:
        raise InvalidReward(f"{where}.sum: more than one part says `decides: true`; the correctness is one part's")
    if all(part.weight == 0 for part in read):
        raise InvalidReward(f"{where}.sum: all weights are 0, so nothing would be paid")
    return WeightedSum(parts=read)


def _gate(row: Mapping[str, object], where: str) -> Gate:
    if "then" not in row:
        raise InvalidReward(f"{where} has a gate but no `then`: what is paid where the gate holds")
    if "closed" in row and "else" in row:
        raise InvalidReward(f"{where} has both `closed` and `else`; where the gate does not hold only one can be paid")
    return Gate(
        gate=_read(row["gate"], f"{where}.gate"),
        then=_read(row["then"], f"{where}.then"),
        closed=_number(row.get("closed", 0.0), f"{where}.closed"),
        at_least=_number(row["at_least"], f"{where}.at_least") if "at_least" in row else None,
        otherwise=_read(row["else"], f"{where}.else") if "else" in row else None,
    )


_READ: dict[str, tuple[Callable[[Mapping[str, object], str], Node], tuple[str, ...]]] = {
    "reward": (_named, ("reward", "parameters", "label", "in_process")),
    "sum": (_sum, ("sum",)),
    "gate": (_gate, ("gate", "then", "closed", "at_least", "else")),
}


def _read(value: object, where: str, also: tuple[str, ...] = ()) -> RewardSpec:
    if isinstance(value, RewardSpec):
        return value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        raise InvalidReward(f"{where} is a table written as text, {value!r:.80}; give the table itself")
    if isinstance(value, str) or callable(value):
        return RewardSpec(_named({"reward": value}, where))
    if not isinstance(value, Mapping):
        raise InvalidReward(f"{where} must be a reward's name or a table, not {value!r:.80}")
    forms = [key for key in _READ if key in value]
    if len(forms) != 1:
        every = tuple(key for _read_form, keys in _READ.values() for key in keys) + also
        _known(value, every, where)
        has = ", ".join(map(str, value)) or "none"
        raise InvalidReward(f"{where} must have exactly one of the keys {', '.join(_READ)}; it has {has}")
    read, keys = _READ[forms[0]]
    _known(value, (*keys, *also), where)
    return RewardSpec(read(value, where))


def _write_named(node: Named) -> dict[str, Json]:
    row: dict[str, Json] = {"reward": node.reward}
    if node.parameters:
        row["parameters"] = dict(node.parameters)
    if node.label:
        row["label"] = node.label
    if node.in_process:
        row["in_process"] = True
    return row


def _write_part(part: Part) -> dict[str, Json]:
    row: dict[str, Json] = {**part.spec.to_dict(), "weight": part.weight}
    return {**row, "decides": True} if part.decides else row


def _write_gate(node: Gate) -> dict[str, Json]:
    row: dict[str, Json] = {"gate": node.gate.to_dict(), "then": node.then.to_dict()}
    if node.at_least is not None:
        row["at_least"] = node.at_least
    return {**row, "closed": node.closed} if node.otherwise is None else {**row, "else": node.otherwise.to_dict()}


_WRITE: dict[type, Callable[..., dict[str, Json]]] = {
    Named: _write_named,
    WeightedSum: lambda node: {"sum": [_write_part(part) for part in node.parts]},
    Gate: _write_gate,
}
