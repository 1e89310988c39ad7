# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Text of the program that a test of the style `asserts` evaluates, and text that names what the program is to do."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, fates, is_wrong, passes, pytest_files


def test_a_program_that_ends_the_test_by_what_it_gives_is_wrong() -> None:
    program = "def solve(n):\n    return \"__import__('os')._exit(0)\""
    judgement = asserts(program, "assert eval(solve(3)) == 97")
    assert not judgement.fault
    assert fates(judgement) == ["wrong"]


WRITER = """
def text(n): return f'{n} * x + 4'
def code(name): return f'def {name}(a, b):\\n    total = 0\\n    for i in range(b):\\n        total += a\\n    return total\\n'
"""


def test_text_that_only_computes_is_evaluated() -> None:
    cases = (
        "x = 31; assert eval(text(3)) == 97",
        "assert eval(text(3), {'x': 2}) == 10",
        "assert eval(text(3), {'__builtins__': {}}, {'x': 2}) == 10",
        "ns = {}\nexec(code('mul'), ns)\nassert ns['mul'](3, 4) == 12",
        "for a, b in ((3, 4), (5, 6)):\n    ns = {}\n    exec(code('mul'), ns)\n    assert ns['mul'](a, b) == a * b",
        "i, total = 5, {}\nexec(code('mul'), {}, total)\nassert total['mul'](i, 4) == 20",
        "assert eval('__import__(\"math\").floor(2.5)') == 2",
        "exec('y = 5'); assert y == 5",
    )
    judgement = asserts(WRITER, *cases)
    assert passes(judgement), judgement


STACK = """
class Stack:
    "Last in, first out."
    def __init__(self, *xs): self.xs = list(xs)
    def push(self, x): self.xs.append(x)
    def pop(self): return self.xs.pop()
"""
OPERATIONS = "ops, given = ['Stack', 'push', 'push', 'pop'], [[1], [2], [3], []]\nwant = [None, None, None, 3]\n"


@pytest.mark.parametrize(
    "how",
    [
        'eval(f"s.{op}(*args)")',
        'eval("s." + op + "(*args)")',
        'eval("s.%s(*args)" % op)',
        'eval("s.{}(*{})".format(op, args))',
        'eval(f"s.{op}({", ".join(map(repr, args))})")',
        'eval(f"s.{op}")(*args)',
        "getattr(s, op)(*args)",
    ],
)
def test_operations_named_in_a_list_are_done(how: str) -> None:
    how = how.replace('", "', "', '")
    case = (
        f"{OPERATIONS}s, out = Stack(*given[0]), [None]\n"
        f"for op, args in list(zip(ops, given))[1:]:\n    out.append({how})\nassert out == want"
    )
    whole = (
        f"{OPERATIONS}def play():\n    out, s = [], None\n    for op, args in zip(ops, given):\n        if s is None:\n"
        f'            s = eval(f"{{op}}(*args)")\n            out.append(None)\n        else:\n'
        f"            out.append({how})\n    return out\nassert play() == want"
    )
    assert passes(judgement := asserts(STACK, case, whole)), judgement
    wrong = asserts(STACK.replace("self.xs.pop()", "self.xs.pop(0)"), case, whole, partial=True)
    assert fates(wrong) == ["wrong", "wrong"]


@pytest.mark.parametrize(
    "test",
    [
        "assert eval(f'{f(3)} == expected')",
        "assert eval(f'{f(3)}(3)') == 97",
        "assert eval(f'g.{f(3)}(expected)') == 97",
        "code = f(3)\nassert eval(f'{code}.steal(expected)') == 97",
    ],
)
def test_a_name_that_the_program_puts_into_a_text_says_nothing_of_the_test(test: str) -> None:
    program = """
        class G:
            def steal(self, x): self.x = x; return x
        g = G()
        def f(n): return 'expected' if n else 0
    """
    setup = "expected = 97\n"
    for name in ("expected", "and", "steal(expected) or g.steal", "__class__", "TABLE", "lambda x: 97"):
        judgement = asserts(program.replace("'expected'", repr(name)), f"{setup}TABLE = {{3: 97}}\n{test}")
        assert not passes(judgement), (name, judgement)


@pytest.mark.parametrize(
    "text",
    [
        "'f(expected)'",
        "'expected'",
        "'TABLE[3]'",
        "\"__import__('sys')._getframe(1).f_code.co_consts[-1]\"",
        "\"[open for open in ()] or open('/proc/self/cmdline')\"",
        "\"type('A', (), {'__eq__': lambda a, b: True})()\"",
        "b'# coding: utf-7\\n+AF8AXw-import+AF8AXw-(\\'os\\')._exit(0)'",
    ],
)
def test_text_that_does_more_than_compute_is_not_evaluated(text: str) -> None:
    test = "TABLE = {3: 97}\nexpected = 97\nassert eval(f(3)) == expected"
    for names in ("", ", {}", ", {}, locals()", ", {'TABLE': 3}, vars()", ", globals()"):
        assert is_wrong(asserts(f"def f(n): return {text}\n", test.replace("f(3)", f"f(3){names}"))), names


def test_text_changes_no_variable_of_the_function_that_evaluates_it() -> None:
    test = """
        import solution
        def test_it():
            n = 3
            exec(solution.make())
            for i in range(n):
                assert solution.f(i) == i * 2
    """
    assert passes(judged := pytest_files("def make(): return 'k = 0'\ndef f(i): return i * 2\n", test)), judged
    assert is_wrong(judged := pytest_files("def make(): return 'n = 0'\ndef f(i): return None\n", test)), judged


@pytest.mark.parametrize("named", ["e = want = 7", "want = 7\ne = want", "e = 7\nwant = e"])
def test_text_uses_no_other_name_of_what_it_is_compared_with(named: str) -> None:
    test = f"{named}\nx = 3\nassert eval(f(3)) == want"
    assert passes(asserts("def f(n): return 'x + 4'\n", test))
    assert is_wrong(asserts("def f(n): return 'e'\n", test))
