"""YAML for configs, overrides and options: a safe loader without YAML 1.1's surprises.

As in YAML 1.2, `1e-6` is a number; `yes` and `off` are strings, as are dates, times of day (`12:30` is not 750) and
numbers with a leading zero (`010` is not 8). Duplicate keys and recursive values are errors.

Example:
    >>> read_yaml("{lr: 1e-6, name: 2024-01-01, steps: 1_000}")
    {'lr': 1e-06, 'name': '2024-01-01', 'steps': 1000}
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from rlvr.errors import ConfigError

_PREFIX = "tag:yaml.org,2002:"
_WORDS = {
    "int": re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$"),
    "float": re.compile(
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$|[-+]?[0-9]+[eE][-+]?[0-9]+$|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN)$"
    ),
    "bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"),
}
_RARE_BREAKS = re.compile("[\x85\u2028\u2029]")  # PyYAML writes these unescaped, and reads them as a blank


class NotYaml(ConfigError):
    """A text that is not YAML, or has a value that no config can."""


class _Loader(yaml.SafeLoader):
    """Rejects duplicate keys, of which PyYAML silently keeps the last."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # PyYAML's own place for them
        first: [(tag, words) for tag, words in found if tag in (f"{_PREFIX}null", f"{_PREFIX}merge")]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    yaml_constructors = {  # noqa: RUF012
        **yaml.SafeLoader.yaml_constructors,
        f"{_PREFIX}timestamp": yaml.SafeLoader.construct_yaml_str,
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Writes what `_Loader` reads back: quotes strings that look like numbers, escapes rare line breaks."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = '"' if _RARE_BREAKS.search(data) else None
        return self.represent_scalar(f"{_PREFIX}str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)

for _name, _pattern in _WORDS.items():
    _first = list("tTfF") if _name == "bool" else list("-+.0123456789")
    _Loader.add_implicit_resolver(_PREFIX + _name, _pattern, _first)
    _Dumper.add_implicit_resolver(_PREFIX + _name, _pattern, _first)


def read_yaml(text: str) -> object:
    """The value of one YAML document; None for an empty one. Raises NotYaml."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _refuse_cycles(node, set(), set())
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise NotYaml(str(error)) from error
    except RecursionError as error:
        raise NotYaml("it is nested too deeply") from error
    except (ValueError, LookupError) as error:  # a number of 5,000 digits, a tag that its value does not fit
        raise NotYaml(str(error)) from error


def write_yaml(tree: object) -> str:
    """YAML text that `read_yaml` turns back into this tree."""
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def _refuse_cycles(node: yaml.Node, above: set[int], done: set[int]) -> None:
    if id(node) in above:
        raise yaml.constructor.ConstructorError(None, None, "a value holds itself", node.start_mark)
    if id(node) in done or not isinstance(node, yaml.CollectionNode):
        return
    above.add(id(node))
    for inner in node.value:
        for part in inner if isinstance(inner, tuple) else (inner,):
            _refuse_cycles(part, above, done)
    above.discard(id(node))
    done.add(id(node))
