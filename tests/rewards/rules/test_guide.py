"""The guide to rewards by rule is true: examples get the grades shown, compositions parse, defaults are the code's."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
import yaml

from rewards import GradeRequest, RewardSpec, find
from rewards.composite import build
from rewards.spec_properties import check

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "guides" / "rules.md").read_text()
RULES = sorted(path.stem for path in (ROOT / "rewards" / "rules").glob("*.py") if "@reward(" in path.read_text())


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)


EXAMPLES = [json.loads(block) for block in blocks("json")]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["reward"])
def test_an_example_grades_as_the_guide_says(example: dict[str, object]) -> None:
    spec = RewardSpec.from_dict({"reward": example["reward"], "parameters": example.get("parameters")})
    (result,) = asyncio.run(build(spec).grade([GradeRequest.from_dict(example)]))
    expected = example["grade"]
    assert isinstance(expected, dict)
    assert {name: value for name, value in result.to_dict().items() if name in expected} == expected


@pytest.mark.parametrize("tree", blocks("yaml"))
def test_a_tree_of_the_guide_is_read_and_its_parameters_hold(tree: str) -> None:
    assert len(check(RewardSpec.from_dict(yaml.safe_load(tree)))) > 1


def test_every_reward_by_rule_has_an_example_and_every_parameter_a_word() -> None:
    named = set(re.findall(r"^\| `(\w+)` \| .* \|$", GUIDE.split("## Composing")[0], re.MULTILINE))
    assert {example["reward"] for example in EXAMPLES} == named
    assert len(named) >= len(RULES) >= 9
    for name in named:
        missing = [parameter for parameter in find(name).parameters if f"`{parameter}`" not in GUIDE]
        assert missing == [], f"{name} takes {missing}, of which the guide says nothing"
    readme = (ROOT / "README.md").read_text()
    assert [name for name in named if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("name", ["format", "regex", "repetition", "language", "json_schema", "choice"])
def test_defaults_in_the_guide_are_those_of_the_code(name: str) -> None:
    (section,) = re.findall(rf"^## `{name}`.*?\n(.*?)(?=^## |\Z)", GUIDE, flags=re.MULTILINE | re.DOTALL)
    told = dict(re.findall(r"^\| `(\w+)` \| `?([^`|]*?)`? \|", section, re.MULTILINE))
    assert told
    for parameter, default in told.items():
        value = find(name).parameters[parameter].default
        value = list(value) if isinstance(value, tuple) else value
        assert yaml.safe_load(default) == value, f"{name}.{parameter}"
