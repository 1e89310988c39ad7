"""The judge of `stdio`: languages, endings, comparisons, checkers, early stops. Real programs in a real sandbox."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable

import pytest

from rewards.code.judgement import Fate, Judgement
from rewards.code.languages import LANGUAGES, REMOTE, MissingToolchain, Toolchains, main_class, package_of
from rewards.code.references import Checker, CodeLimits, FloatTolerance, StdioCase, StdioReference
from rewards.code.styles.stdio import judge_stdio
from sandbox.errors import SandboxUnavailable
from sandbox.protocol import Sandbox
from sandbox.types import Job, JobResult
from tests.conftest import toolchain_part
from tests.rewards.code.boxes import inside, isolation

SUMS = tuple(StdioCase(stdin=f"{n} {n + 1}\n", stdout=f"{2 * n + 1}\n") for n in range(3))
ADD = "print(sum(map(int, input().split())))"


def sums(**options: object) -> StdioReference:
    return StdioReference(cases=SUMS, **options)  # type: ignore[arg-type]


def one(stdout: str, **options: object) -> StdioReference:
    return StdioReference(cases=(StdioCase(stdin="", stdout=stdout),), **options)  # type: ignore[arg-type]


def judge(program: str, reference: StdioReference, **options: object) -> Judgement:
    return inside(lambda sandbox: judge_stdio(sandbox, program, reference, **options))  # type: ignore[arg-type]


def fates(judgement: Judgement) -> list[Fate]:
    return [case.fate for case in judgement.cases]


PROGRAMS = {
    "python": ADD,
    "c": '#include <stdio.h>\nint main() { int a, b; scanf("%d %d", &a, &b); printf("%d\\n", a + b); return 0; }',
    "cpp": "#include <iostream>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b << std::endl; }",
    "java": "import java.util.*;\nclass Other {}\npublic class Sum { static class In {}\n"
    "public static void main(String[] a) { Scanner s = new Scanner(System.in);"
    "System.out.println(s.nextInt() + s.nextInt()); } }",
    "javascript": "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number); console.log(a + b)",
    "go": 'package main\nimport "fmt"\nfunc main() { var a, b int; fmt.Scan(&a, &b); fmt.Println(a + b) }',
    "rust": "use std::io::*; fn main() { let mut s = String::new(); stdin().read_to_string(&mut s).unwrap();"
    'println!("{}", s.split_whitespace().map(|x| x.parse::<i64>().unwrap()).sum::<i64>()); }',
    "bash": "read a b; echo $((a + b))",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_right_program_passes_in_every_language(language: str, require: Callable[[str], None]) -> None:
    missing = [tool for tool in LANGUAGES[language].tools if shutil.which(tool) is None]
    judgement = judge(PROGRAMS[language], sums(language=language))
    if missing:
        assert f"programs in {language} need `{missing[0]}`" in judgement.fault
        assert LANGUAGES[language].install in judgement.fault
        require(toolchain_part(language))
    assert fates(judgement) == [Fate.PASSED] * 3, judgement
    assert judgement.isolation == isolation()
    assert judgement.seconds > 0
    assert judgement.peak_memory > 0


def test_a_program_that_does_not_compile_is_wrong_with_the_compilers_words(require: Callable[[str], None]) -> None:
    require("compilers")
    judgement = judge("int main() { return nothing; }", sums(language="c"))
    assert judgement.failure.startswith("it does not compile: main.c:1")
    assert "nothing" in judgement.failure
    assert not judgement.fault


def test_compiling_has_no_view_of_the_host(require: Callable[[str], None]) -> None:
    require("compilers")
    judgement = judge('#include "/etc/shadow"\nint main() {}', sums(language="c"))
    assert "No such file" in judgement.failure


ENDINGS = {
    "an exception": ("1 / 0", Fate.RAISED, "exit status 1: ZeroDivisionError: division by zero"),
    "an exit status": ("print(1); exit(3)", Fate.RAISED, "exit status 3"),
    "a signal": ("import os; print(1, flush=True); os.kill(os.getpid(), 11)", Fate.RAISED, "ended by SIGSEGV"),
    "no output": ("pass", Fate.MISSING, "no output"),
    "only blanks": ("print()", Fate.MISSING, "no output"),
    "another output": ("print(2)", Fate.WRONG, "another output than expected"),
    "output and more": ("print(1); print(1)", Fate.WRONG, "another output than expected"),
    "exit before the end of output": ("import os; print(1); os._exit(0)", Fate.MISSING, "no output"),
    "time": ("while True: pass", Fate.TIME, "time limit"),
    "sleep": ("import time; time.sleep(60)", Fate.TIME, "time limit"),
    "much output": ("while True: print('1' * 10000)", Fate.OUTPUT, "output limit"),
    "memory": ("x = bytearray(1 << 29)", Fate.MEMORY, "memory limit"),
    "a syntax error": ("print(1", Fate.RAISED, "exit status 1: SyntaxError"),
    "status 127": ("print(1); exit(127)", Fate.RAISED, "exit status 127"),
}


@pytest.mark.parametrize(("program", "fate", "reason"), ENDINGS.values(), ids=ENDINGS)
def test_how_a_program_ends_decides(program: str, fate: Fate, reason: str) -> None:
    judgement = judge(program, one("1", limits=CodeLimits(time_s=1.0, memory_mb=128)))
    assert fates(judgement) == [fate]
    assert judgement.cases[0].reason.startswith(reason)


HONEST = {
    "flushed before os._exit": "import os, sys; print(1); sys.stdout.flush(); os._exit(0)",
    "exit with status 0": "print(1); exit()",
    "a main guard": "if __name__ == '__main__': print(1)",
    "standard error": "import sys; print('debug', file=sys.stderr); print(1)",
    "binary output": "import sys; sys.stdout.buffer.write(b'1')",
    "threads": "import threading; t = threading.Thread(target=print, args=(1,)); t.start(); t.join()",
    "deep recursion": "import sys; sys.setrecursionlimit(10**6)\ndef f(n): return n and f(n - 1)\nprint(f(20000) + 1)",
    "a subprocess": "import subprocess; print(subprocess.run(['echo', '1'], capture_output=True, text=True).stdout)",
    "asyncio": "import asyncio\nasync def f(): print(1)\nasyncio.run(f())",
    "a manager": "import multiprocessing as m\nwith m.Manager() as x: print(x.list([1])[0])",
    "a fork server": (
        "import multiprocessing as m\nif __name__ == '__main__':\n"
        "    with m.get_context('forkserver').Pool(1) as pool: print(*pool.map(abs, [-1]))"
    ),
    "a terminal": "import os, pty\nm, s = pty.openpty(); os.write(s, b'1'); print(os.read(m, 9).decode())",
    "a file": "open('a', 'w').write('1'); print(open('a').read())",
}


@pytest.mark.parametrize("program", HONEST.values(), ids=HONEST)
def test_honest_programs_pass(program: str) -> None:
    assert fates(judge(program, one("1"))) == [Fate.PASSED]


def test_output_may_be_as_large_as_what_is_expected() -> None:
    expected = "\n".join(map(str, range(720_000)))
    assert len(expected) > 4 << 20
    assert fates(judge("print(*range(720000), sep='\\n')", one(expected))) == [Fate.PASSED]
    assert fates(judge("print(*range(720001), sep='\\n')", one(expected))) == [Fate.WRONG]
    assert fates(judge("while True: print('0' * 1000)", one(expected))) == [Fate.OUTPUT]


def test_the_first_failure_ends_the_judging_and_with_partial_none_does() -> None:
    program = "n = int(input().split()[0]); print(2 * n + 1 if n != 1 else 0)"
    for lanes in (1, 3):
        assert fates(judge(program, sums(), lanes=lanes)) == [Fate.PASSED, Fate.WRONG]
        assert fates(judge(program, sums(partial=True), lanes=lanes)) == [Fate.PASSED, Fate.WRONG, Fate.PASSED]


class Counting:
    """A sandbox that knows how many runs were on at most."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox, self._on, self.most = sandbox, 0, 0

    async def run(self, job: Job) -> JobResult:
        self._on += 1
        self.most = max(self.most, self._on)
        try:
            return await self._sandbox.run(job)
        finally:
            self._on -= 1

    def __getattr__(self, name: str) -> object:
        return getattr(self._sandbox, name)


def test_cases_run_side_by_side_in_so_many_lanes() -> None:
    """As many at once as there are lanes, and no more: counted by who asks for a run of the sandbox."""
    cases = tuple(StdioCase(stdin="", stdout="1") for _ in range(4))

    async def most_at_once(sandbox: Sandbox, lanes: int) -> int:
        counting = Counting(sandbox)
        judgement = await judge_stdio(counting, "print(1)", StdioReference(cases=cases), lanes=lanes)
        assert fates(judgement) == [Fate.PASSED] * 4
        return counting.most

    for lanes in (1, 2, 4):
        assert inside(lambda sandbox, lanes=lanes: most_at_once(sandbox, lanes)) == lanes


def test_every_case_has_a_run_of_its_own() -> None:
    program = "import os; print(os.path.exists('seen')); open('seen', 'w').close()"
    cases = (StdioCase(stdin="", stdout="False"),) * 2
    assert fates(judge(program, StdioReference(cases=cases))) == [Fate.PASSED] * 2


def test_no_reason_tells_what_was_expected() -> None:
    for program in ("print(2)", "pass", "1 / 0", "import sys; sys.exit('no')"):
        assert "secret" not in repr(judge(program, one("secret")))


def test_floats_are_compared_by_the_rule() -> None:
    compare = FloatTolerance(1e-6)
    assert fates(judge("print(1 / 3)", one("0.333333", compare=compare))) == [Fate.PASSED]
    assert fates(judge("print(1 / 3)", one("0.3333", compare=compare))) == [Fate.WRONG]


FACTOR = """
def check(stdin, stdout, expected):
    a, b = map(int, stdout.split())
    return a * b == int(stdin) and 1 not in (a, b)
"""


def factors(program: str, checker: str = FACTOR) -> Judgement:
    cases = (StdioCase(stdin="91\n", stdout="7 13\n"),)
    return judge(program, StdioReference(cases=cases, compare=Checker(checker)))


def test_a_checker_decides_what_output_is_right() -> None:
    assert fates(factors("print(13, 7)")) == [Fate.PASSED]
    assert fates(factors("print(1, 91)")) == [Fate.WRONG]
    assert fates(factors("print('seven thirteen')")) == [Fate.WRONG]  # it raises, and not on the expected output
    assert fates(factors("pass")) == [Fate.MISSING]


BROKEN = {
    "def check(stdin, stdout, expected): return nothing": "NameError: name 'nothing' is not defined",
    "def check(": "SyntaxError",
    "checked = 1": "KeyError: 'check'",
    "def check(stdin, stdout, expected): exit(0)": "SystemExit: 0",
}


@pytest.mark.parametrize("checker", BROKEN)
def test_a_checker_that_fails_on_the_expected_output_is_at_fault(checker: str) -> None:
    judgement = factors("print(7, 13)", checker)
    assert judgement.fault.startswith("the reference's checker is broken: on the expected output: ")
    assert BROKEN[checker] in judgement.fault
    assert not judgement.cases


def test_an_output_that_makes_a_checker_slow_is_wrong() -> None:
    slow = "def check(stdin, stdout, expected):\n    while 'x' in stdout: pass\n    return True"
    assert fates(factors("print('x')", slow)) == [Fate.WRONG]
    assert fates(factors("print('y')", slow)) == [Fate.PASSED]


class Emptied:
    """A sandbox that has no tools but Python; the rest is another one's."""

    def __init__(self, inner: Sandbox) -> None:
        self._inner = inner
        self.asked: list[tuple[str, ...]] = []

    async def run(self, job: Job) -> JobResult:
        self.asked.append(job.argv)
        missing = job.argv if job.argv[0] == "python" else ("/none/such", *job.argv[1:])
        return await self._inner.run(Job(argv=missing, files=job.files, stdin=job.stdin, limits=job.limits))


def elsewhere(language: str, program: str) -> Judgement:
    work: Callable[[Sandbox], Awaitable[Judgement]] = lambda sandbox: judge_stdio(  # noqa: E731
        Emptied(sandbox),  # type: ignore[arg-type]  # it is only ever asked to run
        program,
        sums(language=language),
        toolchains=REMOTE,
    )
    return inside(work)


@pytest.mark.parametrize(("language", "tool"), [("c", "gcc"), ("bash", "bash"), ("javascript", "node")])
def test_a_sandbox_elsewhere_without_the_tool_is_named(language: str, tool: str) -> None:
    fault = elsewhere(language, PROGRAMS[language]).fault
    assert fault.startswith(f"programs in {language} need `{tool}`, which the sandbox does not have; install")


def test_a_script_that_ends_like_a_missing_tool_is_wrong() -> None:
    judgement = judge("echo 1; exit 127", one("1", language="bash"))
    assert (judgement.fault, fates(judgement)) == ("", [Fate.RAISED])


def test_tools_outside_of_usr_are_shown_but_never_a_home() -> None:
    assert Toolchains(which=lambda tool: f"/usr/bin/{tool}").roots() == ()
    assert Toolchains(which=lambda _tool: None).roots() == ()
    shown = Toolchains(which=lambda tool: f"/opt/tools-none/bin/{tool}").roots()
    assert [str(root) for root in shown] == ["/opt/tools-none"]
    with pytest.raises(MissingToolchain, match="apt-get install g\\+\\+"):
        Toolchains(which=lambda _tool: None).of(LANGUAGES["cpp"])


def test_a_tool_in_the_home_folder_shows_only_its_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/people/me")
    shown = Toolchains(which=lambda tool: f"/srv/people/me/bin/{tool}").roots()
    assert [str(root) for root in shown] == ["/srv/people/me/bin"]


CLASSES = {
    "public class A { public static void main(String[] x) {} }": "A",
    "class B {} class C { public static void main(String[] x) {} } class D {}": "C",
    "public final class E {} class F { static void main(String[] x) {} }": "E",
    "class G { record H(int r) {} interface I {} public static void main(String[] x) {} }": "G",
    "class J {\n  public class K {}\n  static public void main(String[] x) { char c = '}'; }\n}\nclass L {}": "J",
    'class M { String s = "} class N {"; /* class O { */ static void main(String[] x) {} }': "M",
    "nothing": "Main",
}


def test_the_class_that_java_starts_is_found_in_linear_time() -> None:
    for text in ('\\"', "\\'", '"a', "/*", "{}", " ", "package a.", "a . "):
        assert main_class(text * 200_000) == "Main"  # where it is quadratic this takes hours
        assert package_of("package " + text * 200_000) == ""


@pytest.mark.parametrize("source", CLASSES)
def test_the_class_that_java_starts(source: str) -> None:
    assert main_class(source) == CLASSES[source]


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("class A {}", ""),
        ("// package b;\nclass A { int package1; }", ""),
        ("/* task */\npackage contest . round_1;\npublic class A {}", "contest.round_1."),
        ("package a;class B {}", "a."),
        ("package a; rm;", "a."),
        ("package a$(ls);", ""),
    ],
)
def test_the_package_of_the_class_that_java_starts(source: str, package: str) -> None:
    assert package_of(source) == package


RATIO = "def check(i, out, exp):\n a, b = float(out), float(exp)\n return not abs(a - b) / max(1.0, abs(a)) > 1e-6\n"
RELATIVE = "def check(i, out, exp):\n a, b = float(out), float(exp)\n return abs(a - b) <= 1e-6 * max(1.0, abs(a))\n"


@pytest.mark.parametrize("source", [RATIO, RELATIVE], ids=["ratio", "relative"])
def test_no_checker_takes_infinity_for_any_number(source: str) -> None:
    assert fates(judge("print(3.5)", one("3.5\n", compare=Checker(source)))) == [Fate.PASSED]
    words = ("inf", "-Infinity", "nan", "1e999", "1" + "0" * 320, "1_0e3_0_0", "\uff11e\uff19\uff19\uff19")
    for word in (*words, "1.e999", "1.E+999", "1_0.e999", "9" * 220 + "e99"):
        program = f"import sys\nsys.stdout.buffer.write({word!r}.encode())"
        assert fates(judge(program, one("3.5\n", compare=Checker(source)))) == [Fate.WRONG], word


COMPLEX = "def check(i, out, exp):\n    return not abs(complex(out.strip()) - complex(exp)) > 1e-6\n"
SQUARES = (
    "def check(i, out, exp):\n a, b = float(out), float(exp)\n return not abs(a * a - b * b) > 1e-6 * max(1, a * a)\n"
)
SINGLE = SQUARES.replace("def ", "from numpy import float32 as float\ndef ")
PAIRS = (
    "def check(i, out, exp):\n"
    "    return not any(abs(float(a) - float(b)) > 1e-6 for a, b in zip(out.split('#'), exp.split('#'), strict=True))\n"
)


@pytest.mark.parametrize(
    ("checker", "expected", "outputs"),
    [
        (COMPLEX, "1.5+2j", ("nanj", "nan+nanj", "(nan+1j)", "1+NANJ")),
        (SQUARES, "3.5", ("nan", "inf", "1e200", "-7e154", "9" * 200)),
        (SINGLE, "3.5", ("1e20", "-4e38", "1e300")),
        (PAIRS, "1.5#2.5", ("nan#nan", "1.5#-nan")),
    ],
)
def test_nan_is_found_in_parts_of_a_word_and_in_squares(checker: str, expected: str, outputs: tuple[str, ...]) -> None:
    assert fates(judge(f"print({expected!r})", one(expected, compare=Checker(checker)))) == [Fate.PASSED]
    for output in outputs:
        assert fates(judge(f"print({output!r})", one(expected, compare=Checker(checker)))) == [Fate.WRONG], output


@pytest.mark.parametrize(
    ("both", "output"),
    [
        ("np.allclose(*(np.loadtxt(io.StringIO(t)) for t in (stdout, expected)))", "#"),
        ("np.allclose(*([float(x) for x in re.findall(r'[0-9.]+', t)] for t in (stdout, expected)))", "none"),
        ("np.linalg.norm(np.array(json.loads(stdout), float) - np.array(json.loads(expected), float)) < 1e-6", "[]"),
        ("(np.array(json.loads(stdout)) == np.array(json.loads(expected))).all()", "[[]]"),
    ],
)
def test_no_checker_takes_an_empty_array_for_a_number(both: str, output: str) -> None:
    checker = Checker(
        f"import io, json, re\nimport numpy as np\ndef check(stdin, stdout, expected):\n    return {both}\n"
    )
    assert fates(judge("print(3)", one("3", compare=checker))) == [Fate.PASSED]
    assert fates(judge(f"print({output!r})", one("3", compare=checker))) == [Fate.WRONG]


def test_no_checker_takes_nothing_for_an_answer() -> None:
    pairs = "def check(i, out, exp):\n    return all(a == b for a, b in zip(out.split(), exp.split()))\n"
    assert fates(judge("print(3, 4)", one("3 4", compare=Checker(pairs)))) == [Fate.PASSED]
    for program in ("pass", "print()", "print('\\u3000\\x1c\\xa0')"):
        assert fates(judge(program, one("3 4", compare=Checker(pairs)))) == [Fate.MISSING], program
    assert fates(judge("pass", one("", compare=Checker(pairs)))) == [Fate.PASSED]


@pytest.mark.parametrize("lanes", [1, 3])
def test_cases_side_by_side_end_like_cases_one_after_the_other(lanes: int) -> None:
    broken = Checker("def check(i, out, exp):\n    nothing if i[:1] == '2' else 0; return int(out) == int(exp)\n")
    judgement = judge(ADD, sums(compare=broken), lanes=lanes)
    assert judgement.fault.endswith("on the expected output: NameError")
    wrong_before = judge("print(1)", sums(compare=broken), lanes=lanes)
    assert (wrong_before.fault, fates(wrong_before)) == ("", [Fate.PASSED, Fate.WRONG])

    class Dead:
        async def run(self, _job: Job) -> JobResult:
            raise SandboxUnavailable("it died")

    with pytest.raises(SandboxUnavailable, match="it died"):
        inside(lambda _: judge_stdio(Dead(), ADD, sums(), lanes=lanes))  # type: ignore[arg-type]


JURY = """
def check(stdin, stdout, expected):
    first, *rest = [int(word) for word in stdout.split()]
    return first == int(expected.split("|")[1]) and sum(rest) == int(stdin)
"""


def test_a_checker_that_cannot_read_what_is_expected_is_no_way_out() -> None:
    reference = StdioReference(cases=(StdioCase(stdin="6", stdout="parts|2"),), compare=Checker(JURY))
    assert fates(judge("print(2, 1, 5)", reference)) == [Fate.PASSED]
    assert fates(judge("print('none')", reference)) == [Fate.WRONG]
    assert fates(judge("print('2')", reference)) == [Fate.WRONG]


def test_a_checker_of_pairs_that_cannot_read_what_is_expected_is_no_way_out() -> None:
    source = "def check(i, out, exp):\n    a, b = map(int, out.split())\n    return a * b == int(exp)\n"
    assert fates(judge("print(2, 7)", one("14", compare=Checker(source)))) == [Fate.PASSED]
    assert fates(judge("print('none')", one("14", compare=Checker(source)))) == [Fate.WRONG]


def test_a_broken_checker_is_described_without_what_is_expected() -> None:
    broken = "def check(stdin, stdout, expected):\n    return {'a': 1}[expected]\n"
    judgement = judge("print(1)", one("secret", compare=Checker(broken)))
    assert judgement.fault.endswith("KeyError: ''")


def test_a_formula_that_a_checker_evaluates_runs_nothing() -> None:
    source = "from sympy import sympify\ndef check(i, out, exp):\n    return sympify(out) - sympify(exp) == 0\n"
    reference = one("x**2 + 1.e0*x", compare=Checker(source))
    assert fates(judge("print('x*(x + 1.0)/1.0 + 0*max(2, 3)')", one("x*(x+1.0)", compare=Checker(source)))) == [
        Fate.PASSED
    ]
    for output in ("__import__('os')._exit(40)", "open(1)", "x.func", "eval(x)", "(lambda: x)()"):
        assert fates(judge(f"print({output!r})", reference)) == [Fate.WRONG], output


def test_what_a_checker_runs_does_not_find_the_expected_output() -> None:
    source = (
        "import subprocess, sys\ndef check(i, out, exp):\n"
        "    said = subprocess.run([sys.executable, '-c', out], capture_output=True, text=True).stdout\n"
        "    return said.strip() == exp.strip()\n"
    )
    reference = one("9\n", compare=Checker(source))
    assert fates(judge("print('print(3 * 3)')", reference)) == [Fate.PASSED]
    assert fates(judge("print('print(open(\\'expected\\').read())')", reference)) == [Fate.WRONG]


def test_a_large_output_is_no_way_out_of_a_checker() -> None:
    longer = "def check(i, out, exp):\n    return len(out) == len(exp)\n"
    expected = "1" * (20 << 20)
    limits = CodeLimits(time_s=10.0, memory_mb=512)
    reference = one(expected, compare=Checker(longer), limits=limits)
    assert fates(judge("print('0' * (35 << 20))", reference)) == [Fate.WRONG]


def test_checker_is_asked_about_the_infinity_that_is_expected() -> None:
    source = "def check(i, out, exp):\n    return float(out) == float(exp)\n"
    assert fates(judge("print('Infinity')", one("inf\n", compare=Checker(source)))) == [Fate.PASSED]
    words = "def check(i, out, exp):\n    return out.split()[0] == exp.split()[0]\n"
    assert fates(judge("print('yes Inf and more')", one("yes no\n", compare=Checker(words)))) == [Fate.PASSED]


@pytest.mark.parametrize("condition", ["int(out) % 7 == 0", "float(out) >= 7", "out.strip() == str(7 * 10**40)"])
def test_huge_numbers_that_a_checker_measures_are_right(condition: str) -> None:
    checker = Checker(f"def check(i, out, exp):\n    return {condition}\n")
    assert fates(judge("print(7 * 10**40)", one("7\n", compare=checker))) == [Fate.PASSED]


LOADS = """import base64, pickle
def check(i, out, exp):
    return pickle.loads(base64.b64decode(out)) == pickle.loads(base64.b64decode(exp))
"""
IMPORTS = """import sys
def check(i, out, exp):
    with open("made.py", "w") as file:
        file.write(out)
    sys.path.insert(0, ".")
    import made
    return made.x == int(exp)
"""


@pytest.mark.parametrize(
    ("checker", "expected", "right", "others"),
    [
        # posix._exit(40), which is how a checker's run says yes; [5]
        (LOADS, "gARdlEsFYS4=", "gASVBgAAAAAAAABdlEsFYS4=", ("Y3Bvc2l4Cl9leGl0CihJNDAKdFIu", "gARdlEsGYS4=")),
        (IMPORTS, "5", "x = 2 + 3", ("import os; os._exit(40)", "exit(40)", "x = 6")),
    ],
)
def test_what_a_checker_makes_of_an_output_may_only_compute(
    checker: str, expected: str, right: str, others: tuple[str, ...]
) -> None:
    assert fates(judge(f"print({right!r})", one(expected, compare=Checker(checker)))) == [Fate.PASSED]
    for output in others:
        assert fates(judge(f"print({output!r})", one(expected, compare=Checker(checker)))) == [Fate.WRONG], output
