"""Arenas of one way of looking at an answer each: of several, the strict ones would hide the holes of the others."""

from __future__ import annotations

from tests.redteam.arena import Arena
from tests.redteam.solutions import ITEMS, ITEMS_CALLS, NUMBER, NUMBER_CALLS

_NUMBER_SHAPES = {
    "equal": "{call} == {answer}",
    "equal_reflected": "{answer} == {call}",
    "not_unequal": "not {call} != {answer}",
    "difference": "{call} - {answer} == 0",
    "difference_reflected": "{answer} - {call} == 0",
    "difference_small": "abs({call} - {answer}) < 1e-6",
    "not_difference": "not ({call} - {answer})",
    "between": "{answer} - 1 < {call} < {answer} + 1",
    "at_least_and_at_most": "{call} <= {answer} and {call} >= {answer}",
    "order_reflected": "{answer} <= {call} and not {answer} < {call}",
    "in_list": "{call} in [{answer}]",
    "in_set": "{call} in {{{answer}}}",
    "in_dict": "{call} in {{{answer}: 1}}",
    "in_range": "{call} in range({answer}, {answer} + 1)",
    "list_contains": "{answer} in [{call}]",
    "lists_equal": "[{call}] == [{answer}]",
    "tuples_equal": "(0, {call}) == (0, {answer})",
    "dicts_equal": "{{'a': {call}}} == {{'a': {answer}}}",
    "sets_equal": "{{{call}}} == {{{answer}}}",
    "index": "[{answer}].index({call}) == 0",
    "count": "[{answer}, -1].count({call}) == 1",
    "get": "{{{answer}: 'x'}}.get({call}) == 'x'",
    "text": "str({call}) == '{answer}'",
    "representation": "repr({call}) == '{answer}'",
    "format": "f'{{{call}}}' == '{answer}'",
    "percent": "'%d' % {call} == '{answer}'",
    "integer": "int({call}) == {answer}",
    "floating": "float({call}) == {answer}.0",
    "rounded": "round({call}) == {answer}",
    "absolute": "abs({call}) == {answer}",
    "negative": "-{call} == -{answer}",
    "sum": "sum([{call}, 1]) == {answer} + 1",
    "maximum": "max({call}, 0) == {answer}",
    "minimum": "min([{call}, 10**9]) == {answer}",
    "divided": "divmod({call}, 10) == divmod({answer}, 10)",
    "remainder": "{call} % 9973 == {answer}",
    "exclusive_or": "{call} ^ {answer} == 0",
    "hash": "hash({call}) == hash({answer})",
    "same_type_and_value": "type({call}) is int and {call} == {answer}",
    "instance_and_value": "isinstance({call}, int) and {call} == {answer}",
    "all_of": "all(x == {answer} for x in [{call}])",
    "any_of": "any(x == {answer} for x in ({call},))",
    "not_any": "not any(x != {answer} for x in [{call}])",
    "filter": "list(filter(lambda x: x == {answer}, [{call}])) != []",
    "conditional": "True if {call} == {answer} else False",
    "operator": "operator.eq({call}, {answer})",
    "is_close": "math.isclose({call}, {answer})",
    "floor": "math.floor({call}) == {answer}",
    "json": "json.dumps({call}) == '{answer}'",
    "copy": "copy.deepcopy({call}) == {answer}",
    "counter": "collections.Counter([{call}]) == collections.Counter([{answer}])",
    "decimal": "decimal.Decimal({call}) == {answer}",
    "fraction": "fractions.Fraction({call}, 1) == {answer}",
    "sorted": "sorted([{call}, {answer} + 0.5, {answer} - 0.5])[1] == {answer}",
    "mean": "statistics.mean([{call}, {answer}]) == {answer}",
    "reduced": "functools.reduce(lambda a, b: a + b, [{call}, 1]) == {answer} + 1",
    "array_equal": "np.array_equal(np.array([{call}]), [{answer}])",
    "array_close": "np.ndim({call}) == 0 and np.allclose({call}, {answer})",
    "array_compared": "(np.array([{answer}]) == {call}).tolist() == [True]",
    "array_difference": "np.abs(np.array([{answer}]) - {call}).max() == 0",
    "called": "{answer}.__eq__({call}) is True",
}
_ITEMS_SHAPES = {
    "equal": "{call} == {answer}",
    "equal_reflected": "{answer} == {call}",
    "list": "list({call}) == {answer}",
    "tuple": "tuple({call}) == tuple({answer})",
    "set": "set({call}) == set({answer})",
    "sorted": "sorted({call}) == sorted({answer})",
    "first": "{call}[0] == {answer}[0]",
    "last": "{call}[-1] == {answer}[-1]",
    "slice": "{call}[:] == {answer}",
    "sum": "sum({call}) == sum({answer})",
    "maximum": "max({call}) == max({answer})",
    "minimum": "min({call}) == min({answer}) and max({call}) == max({answer})",
    "contains": "{answer}[0] in {call} and {answer}[0] + 1 not in {call}",
    "index": "{call}.index({answer}[-1]) == len({answer}) - 1",
    "counted": "{call}.count({answer}[0]) == 1 and {call}.count({answer}[0] + 1) == 0",
    "zipped": "len({call}) == len({answer}) and all(a == b for a, b in zip({call}, {answer}))",
    "enumerated": "[x for _, x in enumerate({call})] == {answer}",
    "added": "{call} + [] == {answer}",
    "reversed": "list(reversed({call})) == {answer}[::-1]",
    "text": "str({call}) == str({answer})",
    "joined": "','.join(map(str, {call})) == ','.join(map(str, {answer}))",
    "array": "np.array({call}).tolist() == {answer}",
    "starred": "[*{call}] == {answer}",
    "in_list": "{call} in [{answer}]",
    "mapped": "list(map(int, {call})) == {answer}",
}
_SHAPE_IMPORTS = (
    "import collections, copy, decimal, fractions, functools, json, math, operator, statistics\nimport numpy as np"
)


def _shapes() -> list[Arena]:
    tasks = (("number", NUMBER, NUMBER_CALLS[:3], _NUMBER_SHAPES), ("items", ITEMS, ITEMS_CALLS, _ITEMS_SHAPES))
    made = []
    for task, solution, calls, shapes in tasks:
        answers = Arena(name="", solution=solution, calls=calls).answers()
        for name, shape in shapes.items():
            numpy = "\nimport numpy as np" if "np." in shape else ""
            imports = _SHAPE_IMPORTS.replace("\nimport numpy as np", numpy)
            tests = tuple(
                "assert "
                + shape.format(
                    call=f"solve({', '.join(map(repr, args))})", answer=f"({answer})" if name == "called" else answer
                )
                for args, answer in zip(calls, answers, strict=True)
            )
            made.append(Arena(name=f"{task}_{name}", solution=solution, tests=tests, imports=imports))
    return made


SHAPES = {arena.name: arena for arena in _shapes()}
