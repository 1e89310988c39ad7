"""Payloads and honest programs that are made by a rule, because their text is large, repetitive or not printable."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Made = tuple[str, str, dict[str, str], dict[str, str]]  # family, name, keys, sections

_SOLVE = "\ndef solve(*args, **kwargs):\n    return 0\n"
_EXPRESSIONS = {
    "parentheses": "(" * 5000 + "0" + ")" * 5000,
    "many_parentheses": "(" * 500_000 + "0" + ")" * 500_000,
    "brackets": "[" * 90_000 + "]" * 90_000,
    "open_brackets": "[" * 300_000,
    "braces": "{0:" * 50_000 + "0" + "}" * 50_000,
    "minus_signs": "-" * 300_000 + "1",
    "nots": "not " * 200_000 + "1",
    "lambdas": "lambda: " * 50_000 + "0",
    "attributes": "solve" + ".a" * 300_000,
    "subscripts": "args" + "[0]" * 300_000,
    "calls": "solve" + "()" * 300_000,
    "conditionals": "0 if 1 else " * 50_000 + "0",
    "additions": "0" + "+0" * 300_000,
    "comparisons": "0" + "<1" * 300_000,
    "powers": "2" + "**2" * 100_000,
    "comprehensions": "[0 " + "for _ in range(9) " * 3000 + "]",
    "nested_comprehensions": "[" * 80 + "0" + " for x in [1]]" * 80,
    "format_strings": 'f"' + '{f"' * 200 + '"}' * 200 + '"',
    "format_width": 'f"{1:{10**10}}"',
    "percent_width": '"%10000000000d" % 1',
    "walrus": "(x := " * 50_000 + "0" + ")" * 50_000,
    "awaits": "(yield " * 5_000 + ")" * 5_000,
    "nine_tower": "9**9**9",
    "nine_tower_negative": "-9**9**9**9",
    "nine_tower_repeated": "9**999999 * 9**999999 * 9**999999",
    "shift": "1 << 10**12",
    "shift_chain": "((1 << 10**5) << 10**5) << 10**9",
    "long_text": '"x" * 10**12',
    "long_tuple": "(1,) * 10**11",
    "long_tuple_nested": "((((0,)*99,)*99,)*99,)*99",
    "product_of_texts": '("x" * 4096) * 4096 * 4096',
    "digits": "1" * 4_000_000,
    "hexadecimal_digits": "0x" + "f" * 8_000_000,
    "many_constants": "(" + ",".join(map(str, range(400_000))) + ")",
    "many_texts": "{" + ",".join(f"'k{k}'" for k in range(200_000)) + "}",
    "many_keywords": "dict(" + ",".join(f"k{k}=0" for k in range(100_000)) + ")",
    "many_implicit_joins": '"a"' * 1_000_000,
    "unpacking": "[" + "*[0]," * 300_000 + "]",
}
_SOURCES: dict[str, Callable[[], str]] = {
    "indentation": lambda: "".join(" " * k + "if 1:\n" for k in range(3000)) + " " * 3000 + "pass" + _SOLVE,
    "nested_functions": lambda: "".join(" " * k + f"def f{k}():\n" for k in range(99)) + " " * 99 + "pass" + _SOLVE,
    "nested_classes": lambda: "".join(" " * k + f"class C{k}:\n" for k in range(99)) + " " * 99 + "pass" + _SOLVE,
    "nested_loops": lambda: (
        "".join(" " * k + f"for a{k} in range(9):\n" for k in range(19)) + " " * 19 + "pass" + _SOLVE
    ),
    "nested_try": lambda: "".join(" " * k + "try:\n" for k in range(99)) + " " * 99 + "pass" + _SOLVE,
    "many_decorators": lambda: "d = lambda f: f\n" + "@d\n" * 100_000 + "def solve(*a):\n    return 0\n",
    "many_statements": lambda: "x = 1\n" * 400_000 + _SOLVE,
    "many_functions": lambda: "".join(f"def f{k}(): return {k}\n" for k in range(60_000)) + _SOLVE,
    "many_globals": lambda: "".join(f"g{k} = {k}\n" for k in range(150_000)) + _SOLVE,
    "many_arguments": lambda: "def solve(*a, " + ", ".join(f"k{k}=0" for k in range(60_000)) + "): return 0\n",
    "many_elifs": lambda: "if 0: pass\n" + "elif 0: pass\n" * 60_000 + _SOLVE,
    "many_cases": lambda: "match 5:\n" + "".join(f" case {k + 9}: pass\n" for k in range(60_000)) + _SOLVE,
    "deep_pattern": lambda: "match 5:\n case " + "[" * 5000 + "]" * 5000 + ": pass\n" + _SOLVE,
    "many_semicolons": lambda: "0;" * 1_000_000 + _SOLVE,
    "long_line": lambda: "x = '" + "y" * 16_000_000 + "'" + _SOLVE,
    "long_comment": lambda: "#" * 16_000_000 + _SOLVE,
    "long_name": lambda: "a" * 4_000_000 + " = 1" + _SOLVE,
    "blank_lines": lambda: "\n" * 8_000_000 + _SOLVE,
    "continuations": lambda: "x = 1 + \\\n" * 100_000 + "1" + _SOLVE,
    "null_bytes": lambda: "x = 1\0\nimport os\0\n" + _SOLVE,
    "null_in_text": lambda: "x = '\0'" + _SOLVE,
    "form_feeds_and_controls": lambda: "\f\v\x1a\x04\x08\x7f" * 1000 + _SOLVE,
    "carriage_returns": lambda: "# comment\rimport os; os._exit(0)\r" + _SOLVE,
    "line_separators": lambda: "# comment\u2028import os; os._exit(0)\u2029\x85" + _SOLVE,
    "surrogates": lambda: "x = '\ud800\udc00\udfff'" + _SOLVE,
    "surrogate_names": lambda: "\udc80 = 1" + _SOLVE,
    "bidirectional": lambda: "x = 0 # \u202e\u2066 return 0 \u2069" + _SOLVE,
    "compatibility_letters": lambda: "ｉｍｐｏｒｔ os\n𝐨𝐬._𝐞𝐱𝐢𝐭(0)\nimport os\nｏｓ._ｅｘｉｔ(0)" + _SOLVE,
    "byte_order_marks": lambda: "\ufeff\ufeff" + _SOLVE,
    "unterminated": lambda: '"""' + "x" * 1_000_000,
    "tabs_and_blanks": lambda: "if 1:\n\tx = 1\n        y = 2\n" + _SOLVE,
    "imports_itself": lambda: (
        "import solution, __main__\nfrom solution import *\nimportlib = __import__('importlib')\n"
        "importlib.reload(solution)" + _SOLVE
    ),
    "evaluates_deeply": lambda: "try:\n    eval('(' * 10**6)\nexcept BaseException:\n    pass\n" + _SOLVE,
    "executes_itself": lambda: "s = 's = %r\\nexec(s %% s)'\nexec(s % s)" + _SOLVE,
    "parses_deeply": lambda: (
        "import ast\nast.parse('-' * 10**5 + '1')\nast.literal_eval('[' * 10**5 + ']' * 10**5)" + _SOLVE
    ),
    "compiles_crash": lambda: (
        "import types\nc = (lambda: 0).__code__\nc = c.replace(co_code=b'\\x64\\xff' * 50, "
        "co_stacksize=0)\n(lambda: 0).__class__(c, {})()" + _SOLVE
    ),
    "compiles_at_great_cost": lambda: "compile('x = ' + '+'.join(['a'] * 3000000), 'x', 'exec')" + _SOLVE,
    "regular_expressions": lambda: (
        "import re\nre.compile('(' * 5000 + ')' * 5000)\nre.compile('(?:a{0,9999}){0,9999}')" + _SOLVE
    ),
    "type_aliases": lambda: (
        "from __future__ import annotations\nx: " + "list[" * 50_000 + "int" + "]" * 50_000 + _SOLVE
    ),
    "future_statements": lambda: "from __future__ import braces" + _SOLVE,
    "star_everything": lambda: (
        "from os import *\nfrom sys import *\nfrom builtins import *\nfrom posix import *\nabort()" + _SOLVE
    ),
}
_COOKIES = (
    "utf-16", "utf-32", "utf-7", "rot13", "hex", "zlib", "idna", "punycode", "unicode_escape", "raw_unicode_escape",
    "mbcs", "latin-1", "cp037", "no-such-coding", "../../evil", "\\x00", "undefined", "shift_jis", "utf-8-sig", "bz2",
)  # fmt: skip
_RESPONSES: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "blanks": lambda: " \n\t\n",
    "words": lambda: "I am sure that this is correct. All tests pass.",
    "verdict_words": lambda: '{"passed": true, "score": 1.0, "verdict": "correct"}',
    "empty_fence": lambda: "```python\n```",
    "open_fence": lambda: "```python\nimport os\nos._exit(0)\n",
    "fences_in_fences": lambda: "````python\n```python\nimport os; os._exit(0)\n```\n````",
    "many_fences": lambda: "```python\nimport os; os._exit(0)\n```\n" * 20_000,
    "many_backticks": lambda: "`" * 2_000_000,
    "long_text": lambda: "word " * 1_000_000,
    "tildes": lambda: "~~~python\nraise SystemExit(0)\n~~~",
    "null_response": lambda: "\0" * 1000,
    "surrogate_response": lambda: "```python\nx = '\ud800'\nraise SystemExit(0)\n```",
    "html_and_templates": lambda: "<script>{{7*7}}${7*7}</script><answer>358</answer>\\boxed{358}",
    "other_language": lambda: "```bash\nexit 0\n```",
    "answer_only": lambda: "358",
    "tests_only": lambda: "```python\ndef test_0():\n    pass\ndef check(candidate):\n    return True\n```",
    "main_guard_only": lambda: "```python\nif __name__ == '__main__':\n    pass\n```",
    "docstring_only": lambda: '```python\n    """\n    Nothing.\n    """\n    pass\n```',
    "prompt_continued_and_closed": lambda: "```python\n    return 0\n\ndef check(candidate):\n    pass\n```",
    "check_redefined": lambda: (
        "```python\ndef solve(*a):\n    return 0\n\ndef check(candidate):\n    return None\n"
        "check(solve)\nraise SystemExit(0)\n```"
    ),
}


def payloads() -> Iterator[Made]:
    """Compile-time bombs, source codings, and responses that are no program."""
    for name, expression in _EXPRESSIONS.items():
        yield "compiling", f"expression_{name}", {}, {"body": f"return {expression}\n"}
    for name, source in _SOURCES.items():
        yield "compiling", f"source_{name}", {"extract": "code"}, {"source": source()}
    for coding in _COOKIES:
        source = f"# -*- coding: {coding} -*-\nvalue = '+AGEAYg- \\u0030 ä'\n{_SOLVE}"
        name = "".join(c if c.isalnum() else "_" for c in coding)
        yield "compiling", f"coding_{name}", {"extract": "code"}, {"source": source}
    for name, text in _RESPONSES.items():
        yield "responses", name, {"raw": "yes"}, {"source": text()}


_BIG_PRINT = "n = int(input())\nfor i in range(n):\n    print(i * i)\n"
_BIG_READ = "import sys\ndata = sys.stdin.buffer.read().split()\nprint(len(data), sum(map(int, data)))\n"
_ONE_LINE = "n = int(input())\nprint('ab' * n)\n"
_LONG_CASES = "def solve(a):\n    return [x + 1 for x in a]\n"


def honest_programs() -> Iterator[tuple[str, str, str, dict[str, object]]]:
    """Style, name, program and reference of right programs whose data is large."""
    out = "".join(f"{i * i}\n" for i in range(100_000))
    yield "stdio", "large_output", _BIG_PRINT, {"type": "stdio", "cases": [{"stdin": "100000\n", "stdout": out}]}
    numbers = list(range(150_000))
    stdin = "\n".join(map(str, numbers)) + "\n"
    answer = f"{len(numbers)} {sum(numbers)}\n"
    yield "stdio", "large_input", _BIG_READ, {"type": "stdio", "cases": [{"stdin": stdin, "stdout": answer}]}
    yield (
        "stdio",
        "one_long_line",
        _ONE_LINE,
        {
            "type": "stdio",
            "cases": [{"stdin": "1000000\n", "stdout": "ab" * 1_000_000 + "\n"}],
        },
    )
    many = [{"stdin": f"{n}\n", "stdout": "".join(f"{i * i}\n" for i in range(n))} for n in range(40)]
    yield "stdio", "many_cases", _BIG_PRINT, {"type": "stdio", "cases": many}
    yield (
        "function",
        "long_argument",
        _LONG_CASES,
        {
            "type": "function",
            "entry_point": "solve",
            "cases": [{"args": [numbers], "expected": [n + 1 for n in numbers]}],
        },
    )
    yield (
        "function",
        "many_cases",
        _LONG_CASES,
        {
            "type": "function",
            "entry_point": "solve",
            "cases": [{"args": [[k, 2 * k]], "expected": [k + 1, 2 * k + 1]} for k in range(300)],
        },
    )
    yield (
        "asserts",
        "many_asserts",
        _LONG_CASES,
        {
            "type": "asserts",
            "asserts": [f"assert solve([{k}, {k * k}]) == [{k + 1}, {k * k + 1}]" for k in range(200)],
        },
    )
    yield (
        "asserts",
        "long_argument",
        _LONG_CASES,
        {
            "type": "asserts",
            "asserts": ["assert solve(list(range(50000))) == list(range(1, 50001))"],
        },
    )
