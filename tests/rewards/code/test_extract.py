"""Which part of a response is the program: fences, tags, thinking, whole texts; and texts made to be slow."""

from __future__ import annotations

import gc
import time

import pytest

from rewards.code.extract import parses, program_of
from rewards.code.languages import LANGUAGES

FOUND = {
    "a fence that names python": ("Sure:\n```python\nx = 1\n```\nDone.", "x = 1\n"),
    "a fence that names py": ("```py\nx = 1\n```", "x = 1\n"),
    "a fence that names nothing": ("```\nx = 1\n```", "x = 1\n"),
    "a fence with attributes": ("```{.python .numberLines}\nx = 1\n```", "x = 1\n"),
    "tildes": ("~~~\nx = 1\n~~~", "x = 1\n"),
    "tildes that hold backticks": ("~~~python\ns = '''\n```\n'''\n~~~", "s = '''\n```\n'''\n"),
    "the last of several": ("```python\nx = 1\n```\nno:\n```python\nx = 2\n```\n", "x = 2\n"),
    "the last that is not blank": ("```python\nx = 1\n```\n```\n\n```", "x = 1\n"),
    "a fence that is never closed": ("```python\nx = 1\ny = 2", "x = 1\ny = 2"),
    "a fence closed behind the last line": ("```python\nx = 1```", "x = 1\n"),
    "a fence behind words": ("The code: ```python\nx = 1\n```", "x = 1\n"),
    "windows lines": ("```python\r\nx = 1\r\n```\r\n", "x = 1\r\n"),
    "a longer fence around a shorter one": ("````\ns = '''\n```\n'''\n````", "s = '''\n```\n'''\n"),
    "an example in a docstring": (
        '```python\ndef f():\n    """\n    ```python\n    f()\n    ```\n    """\n```',
        'def f():\n    """\n    ```python\n    f()\n    ```\n    """\n',
    ),
    "fences without a name in a docstring": (
        '```python\ndef f():\n    """\n    ```\n    f()\n    ```\n    """\n    return "```"\n```',
        'def f():\n    """\n    ```\n    f()\n    ```\n    """\n    return "```"\n',
    ),
    "fences of two docstrings": (
        'First:\n```\nx = 1\n```\n```py\n"""\n```\n1\n```\n"""\ndef f():\n    """\n```\n2\n```\n    """\n```',
        '"""\n```\n1\n```\n"""\ndef f():\n    """\n```\n2\n```\n    """\n',
    ),
    "a last block that does not parse": ('```python\ns = """a"""\n```\nor\n```python\nx = (\n```', "x = (\n"),
    "a block inside a markdown block": ("```markdown\nText\n```python\nx = 1\n```\n```", "x = 1\n"),
    "a first block that was never closed": ("```python\nx = (\n\nWait.\n```python\nx = 2\n```", "x = 2\n"),
    "four that were never closed": ("```python\nx = (\n" * 4 + "```python\nx = 2\n```", "x = 2\n"),
    "an indented fence": ("1. So:\n\n   ```python\n   def f():\n       return 1\n   ```", "def f():\n    return 1\n"),
    "a body that keeps its indentation": ("```python\n    return 1\n```", "    return 1\n"),
    "a block quote": (
        "> So:\n> ```python\n> def f():\n>     return 1\n>\n> ```\n> Done.",
        "def f():\n    return 1\n\n",
    ),
    "a quote in a quote": ("> > ```\n> > x = '> 1'\n>> ```\nYes", "x = '> 1'\n"),
    "a token behind the fence": ("```python\nx = '<|im_end|>'\n```<|im_end|>\n</s>\n", "x = '<|im_end|>'\n"),
    "a token behind plain code": ("x = '</s>'<|endoftext|>", "x = '</s>'"),
    "what nobody sees behind a fence": ("```python\nx = 1\n```\u200b \u200b\nSo.", "x = 1\n"),
    "a mark of the byte order": ("\ufeffx = 1", "x = 1"),
    "a mark of the byte order in a block": ("So:\n```python\n\ufeffx = 1\n```", "x = 1\n"),
    "an answer tag around a fence": ("<answer>```python\nx = 1\n```</answer>", "x = 1\n"),
    "an answer tag around plain code": ("So <answer>\nx = 1\n</answer>", "x = 1"),
    "the last answer tag": ("<answer>x = 1</answer> or <answer>x = 2</answer>", "x = 2"),
    "an answer tag that ends an open fence": ("<answer>\n```python\nx = 1\n</answer> Good.", "x = 1\n"),
    "no block before the answer": ("```python\nx = 1\n```\n<answer>x = 2</answer>", "x = 2"),
    "tags inside the program": ("```python\ns = '<answer>5</answer>'\n```", "s = '<answer>5</answer>'\n"),
    "what stands behind the thinking": ("<think>```python\nx = 1\n```</think>\n```python\nx = 2\n```", "x = 2\n"),
    "behind a lone end of thinking": ("```python\nx = 1\n```\n</think>\n```python\nx = 2\n```", "x = 2\n"),
    "how to run it behind it": ("```python\nx = 1\n```\n```bash\npython solution.py\n```", "x = 1\n"),
    "its output behind it": ("```python\nx = 1\n```\n```\nTrue\n```\n```text\n[1, 2]\n```", "x = 1\n"),
    "its cost behind it": ("```\nx = 1\n```\n```\nTime: O(n)\nSpace: O(1)\n```", "x = 1\n"),
    "a session behind it": ("```\nx = 1\n```\n```python\n>>> x\n1\n```", "x = 1\n"),
    "an output behind it in a markdown block": (
        "```markdown\n```py\nx = 1\n```\nprints\n```text\n1 2\n```\n```",
        "x = 1\n",
    ),
    "another program behind it": ("```python\nx = 1\n```\n```\nx = 2\n```", "x = 2\n"),
    "another program with any tag behind it": ("```python\nx = 1\n```\n```solution\nx = 2\n```", "x = 2\n"),
    "another program that is broken behind it": ("```python\nx = 1\n```\n```python\nx = (\n```", "x = (\n"),
    "a call behind it": ("```python\nx = 1\n```\n```python\nprint(x)\n```", "print(x)\n"),
    "no block that can be the program": ("```\nx = (\n```\n```text\nnone\n```", "none\n"),
    "a whole text that parses": ("\n\nimport sys\nprint(1)\n\n", "import sys\nprint(1)"),
}

NOTHING = {
    "nothing": "",
    "blanks": " \n\t\n",
    "words": "I cannot solve this one.",
    "blank blocks": "Here:\n```python\n\n```\n",
    "a blank block beside text that parses": "pass\n```\n```",
    "thinking that never ends": "<think>```python\nx = 1\n```",
    "a block in the thinking alone": "<think>```python\nx = 1\n```</think> Done, as above.",
    "a block outside of an answer in words": "```python\nx = 1\n```\n<answer>it stands above</answer>",
}


@pytest.mark.parametrize(("response", "program"), FOUND.values(), ids=FOUND)
def test_the_program_is_found(response: str, program: str) -> None:
    assert program_of(response) == program


@pytest.mark.parametrize("response", NOTHING.values(), ids=NOTHING)
def test_there_is_no_program(response: str) -> None:
    assert program_of(response) is None


def test_code_means_the_whole_text() -> None:
    response = "Words.\n```python\nx = 1\n```\n"
    assert program_of(response, "code") == response
    assert program_of("<think>hm</think>x = 1", "code") == "x = 1"
    assert program_of("<think>x = 1", "code") is None
    assert program_of("  ", "code") is None


def test_a_body_continues_its_prompt() -> None:
    prompt = "def f(x):\n"
    assert program_of("\n    return x + 1\n", prompt=prompt) == "    return x + 1"
    assert program_of("\n    return x + 1\n") is None


def test_other_languages_are_not_parsed() -> None:
    assert program_of("int main() { return 0; }", language="c") == "int main() { return 0; }"
    assert program_of("Here:\n```c\nint main() {}\n```", language="c") == "int main() {}\n"


def test_the_last_block_of_another_language_is_the_one_that_names_it() -> None:
    main = "int main() { return 0; }\n"
    assert program_of(f"```c\nint x;\n```\n```c\n{main}```\n```bash\ngcc a.c\n```\n```\n5\n```", language="c") == main
    assert program_of(f"```\nint x;\n```\n```\n{main}```", language="c") == main
    assert program_of(f"```c\nint x;\n```\n```c++\n{main}```", language="cpp") == main
    assert all(program_of(f"```{name}\nx\n```\n```\ny\n```", language=name) == "x\n" for name in LANGUAGES)


def test_a_block_that_continues_the_prompt_can_be_the_program() -> None:
    response = "```python\ndef f(x):\n    return x\n```\n```\n    return x + 1\n```\n```text\n3\n```"
    assert program_of(response, prompt="def f(x):\n") == "    return x + 1\n"


def test_a_prefilled_response_begins_in_its_thinking() -> None:
    assert program_of("x = 1", prefilled=True) is None
    assert program_of("hm</think>x = 1", prefilled=True) == "x = 1"


HOSTILE = {
    "open fences": "```py\n" * 50_000,
    "nested fences of all lengths": "".join("`" * n + "py\n" for n in range(600, 2, -1)),
    "backticks in one line": "`" * 300_000 + "x`",
    "tildes in one line": "~~~ " * 75_000 + "`",
    "answer tags": "<answer>" * 40_000,
    "open texts": ('```\n"""\n```\n' + "x = 1\n" * 2_000) * 30,
    "closed and open": "```\n```\n<answer></answer>" * 15_000,
    "deep brackets": "(" * 90_000,
    "deep minus": "-" * 90_000 + "1",
    "a long chain": "a" + ".b" * 45_000,
    "a long sum": "1" + "+1" * 45_000,
    "nested blocks": "".join(" " * n + "if 1:\n" for n in range(400)),
    "ends of turns": "x = 1" + "</s>\n" * 60_000,
    "quotes": "> " * 100_000 + "```\n" + "> x\n" * 20_000,
    "outputs": "```py\nx = 1\n```\n" + "```\n1\n```\n" * 25_000,
    "long outputs": "```py\nx = 1\n```\n" + ("```\n" + "-" * 90_000 + "1\n```\n") * 10,
    "a nul": "x = 1\0",
    "lone surrogates": "x = '\ud800'",
    "a huge number": "x = " + "9" * 90_000,
    "blank lines": "\n" * 300_000,
}


@pytest.mark.parametrize("response", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_read_in_time_linear_in_their_length(response: str) -> None:
    gc.collect()
    gc.freeze()  # the collector looks at what is read here, not at the objects of all tests before
    began = time.process_time()
    plain = sum(len(line) for line in ("some words\n" * 30_000).split("\n")) and program_of("some words\n" * 30_000)
    usual = time.process_time() - began
    began = time.process_time()
    program_of(response)
    took = time.process_time() - began
    gc.unfreeze()
    assert plain is None
    assert took < 50 * max(usual, 0.02)


def test_parsing_warns_of_nothing_and_is_capped() -> None:
    assert parses("x = '\\d'\nif x is 'a': pass")
    assert not parses("x = 1\n" * 50_000)
