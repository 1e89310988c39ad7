"""Where rewards may be defined: scripts without a main guard, notebooks, lambdas; and what a worker needs of a text.

Installed packages and modules: `test_packages.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

from rewards import (
    GradedInProcess,
    GradeRequest,
    InvalidReward,
    grade,
    reward,
)
from rewards.excerpt import needed

ROOT = Path(__file__).resolve().parents[2]
REQUEST = GradeRequest(response="so thus")


def run(folder: Path, code: str, *options: str) -> list[str]:
    """Run a script in a process of its own; the lines that it printed."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(code))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *options, str(script)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


# --- scripts --------------------------------------------------------------------------------------------------------

SCRIPT = """
    from __future__ import annotations
    import os
    import rewards
    from collections.abc import Sequence
    from rewards import GradeRequest, reward
    open("ran", "a").write("x")                 # a worker that runs this would write again

    WORDS = {"so"}
    WORDS.add("thus")
    BONUS = {}
    BONUS["all"] = 10.0
    if len(WORDS) > 1:
        WEIGHT = 2.0
    else:
        WEIGHT = 0.0
    rows = open("/dev/null").read()

    def count(text: str) -> int:
        rows = [word for word in WORDS if word in text]
        return len(rows)

    @reward("wordy")
    def wordy(request: GradeRequest, *, extra: Sequence[float] = ()) -> float:
        return WEIGHT * count(request.response) + BONUS["all"] + sum(extra) + (os.getpid() == PID) * 1000

    PID = os.getppid()                          # read in the worker: the script's own pid
    spec = {"reward": "wordy", "parameters": {"extra": [0.5]}}
    print(rewards.grade(spec, [GradeRequest(response="so thus")])[0].score)
    print(rewards.grade(wordy, [GradeRequest(response="so")])[0].score)
    open("ran", "a").write("y")
"""


def test_a_script_without_a_main_guard_grades_in_workers_and_runs_once(tmp_path: Path) -> None:
    assert run(tmp_path, SCRIPT, "-W", "error") == ["14.5", "12.0"]
    assert (tmp_path / "ran").read_text() == "xy"


def test_a_hang_in_a_script_without_a_main_guard_is_ended(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        from rewards import GradeRequest, grade, reward
        @reward("hangs", correctness=True)
        def hangs(request):
            while "loop" in request.response: pass
            return 1.0
        for result in grade("hangs", [GradeRequest(response="loop"), GradeRequest(response="a")], deadline=0.5):
            print(result.verdict, result.reason[:13])
        """,
        "-W",
        "error",
    )
    assert lines == ["wrong grading limit", "correct "]


def test_a_script_with_a_main_guard_is_imported_as_a_whole(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        from rewards import GradeRequest, grade, reward
        globals()["MADE"] = 4.0                 # no statement that binds it: an excerpt would miss it
        @reward("made")
        def made(request): return MADE
        if __name__ == "__main__":
            print(grade("made", [GradeRequest(response="a")])[0].score)
        """,
        "-W",
        "error",
    )
    assert lines == ["4.0"]


def test_what_no_worker_can_make_is_graded_in_the_script_itself_and_that_is_said(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        import os, warnings
        from rewards import GradeRequest, grade, reward
        globals()["MADE"] = float(os.getpid())

        @reward("made")
        def made(request): return MADE

        def inside(request=None):
            if request is not None: return float(os.getpid())
            @reward("inner")
            def inner(request): return float(os.getpid())

        inside()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            name = "worked" + "_out"
            reward(name)(inside)
            for named in ("made", "inner", "worked_out", lambda request: float(os.getpid())):
                print(grade(named, [GradeRequest(response="a")])[0].score == os.getpid())
        for warning in said:
            print(warning.category.__name__, str(warning.message).partition(",")[0])
        """,
    )
    assert lines[:4] == ["True"] * 4
    assert lines[4].startswith("GradedInProcess reward 'made' uses MADE")
    assert lines[5] == "GradedInProcess reward 'inner' is defined inside a function or as a lambda"
    assert lines[6].startswith(
        "GradedInProcess reward 'worked_out' is declared under a name that its file does not spell"
    )
    assert lines[7].startswith("GradedInProcess reward '<lambda> (script.py")


def test_a_notebooks_cells_are_run_in_workers_as_far_as_a_reward_needs_them(tmp_path: Path) -> None:
    """`__main__` as IPython makes it: no file, and the cells in `_ih`."""
    code = """
        import sys
        from types import ModuleType
        cells = [
            "import os\\nfrom rewards import GradeRequest, grade, reward",
            "LIMIT = 3\\nopen('ran', 'a').write('x')",
            "this is no python",
            "@reward('brief')\\ndef brief(request): return float(len(request.response) < LIMIT)",
            "LIMIT = 30",
            "print(grade('brief', [GradeRequest(response='four')])[0].score)",
            "LIMIT = 2",
            "print(grade('brief', [GradeRequest(response='four')])[0].score)",
            "@reward('brief')\\ndef brief(request): return 7.0 + (os.getppid() == 1)",
            "print(grade('brief', [GradeRequest(response='four')])[0].score)",
            "def pid(request): return os.getpid()",
            "print(grade(pid, [GradeRequest(response='four')])[0].score != os.getpid())",
        ]
        main = ModuleType("__main__")
        main._ih = [""]
        sys.modules["__main__"] = main
        for cell in cells:
            main._ih.append(cell)
            try:
                exec(compile(cell, f"<cell {len(main._ih)}>", "exec"), main.__dict__)
            except SyntaxError:
                pass
    """
    assert run(tmp_path, code, "-W", "error") == ["1.0", "0.0", "7.0", "True"]
    assert (tmp_path / "ran").read_text() == "x"


def test_cells_that_await_declare_rewards_and_what_only_an_await_makes_is_missing(tmp_path: Path) -> None:
    code = """
        import ast, asyncio, inspect, sys, warnings
        from types import ModuleType
        cells = [
            "import asyncio, os\\nfrom rewards import GradeRequest, agrade, reward",
            "REQUESTS = [GradeRequest(response='')]",
            "@reward('away')\\ndef away(request): return float(os.getpid())\\n"
            "print((await agrade('away', REQUESTS))[0].score != os.getpid())",
            "async with asyncio.timeout(9):\\n    pass\\n"
            "@reward('behind')\\ndef behind(request): return float(os.getpid())",
            "print((await agrade('behind', REQUESTS))[0].score != os.getpid())",
            "LIMIT = 3",
            "LIMIT = await asyncio.sleep(0, result=4)",
            "@reward('limited')\\ndef limited(request): return float(LIMIT)",
            "print((await agrade('limited', REQUESTS))[0].score)",
        ]
        main = ModuleType("__main__")
        main._ih = [""]
        sys.modules["__main__"] = main
        warnings.showwarning = lambda message, *_: print(str(message)[:77])
        with asyncio.Runner() as runner:
            for cell in cells:
                main._ih.append(cell)
                made = eval(compile(cell, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), main.__dict__)
                if inspect.iscoroutine(made):
                    runner.run(asyncio.wait_for(made, 60))
    """
    missing = "reward 'limited' uses LIMIT, which no statement at the top level of the notebook makes"
    assert run(tmp_path, code) == ["True", "True", missing[:77], "4.0"]


def test_a_lambda_is_a_reward_and_stands_in_compositions() -> None:
    shout = lambda request: float(request.response.isupper())  # noqa: E731
    spec = {"sum": [{"reward": shout, "label": "loud"}, {"reward": "repetition", "weight": 0.0}]}
    with pytest.warns(GradedInProcess, match=r"'<lambda> \(test_origins.py, line \d+\)'.*in_process: true") as said:
        (result,) = grade(spec, [GradeRequest(response="SO")])
    assert said[0].filename == __file__, "the warning stands at the line that grades, not at one of ours"
    assert (result.score, result.parts["loud"]) == (1.0, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = [grade(lambda _request, i=i: float(i), [REQUEST])[0].score for i in range(3)]  # type: ignore[misc]
    assert values == [0.0, 1.0, 2.0]


@reward("test_by_function", version="2")
def by_function(request: GradeRequest) -> float:
    return float(len(request.response))


def undecorated(request: GradeRequest) -> float:
    return -float(os.getppid() == int(request.response))


def test_a_function_stands_for_its_name() -> None:
    assert grade(by_function, [REQUEST], workers=1)[0].score == 7.0
    assert grade(undecorated, [GradeRequest(response=str(os.getpid()))], workers=1)[0].score == -1.0, "in a worker"
    with pytest.raises(InvalidReward, match="takes a second argument"):
        grade(lambda one, two: one + two, [REQUEST])


# --- what is needed of a text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept", "missing"),
    [
        ("A = 1\nB = 2\ndef f(r): return A", (0, 2), ()),
        ("A = 1\ndef g(): return A\ndef f(r):\n  def inner(): return g()\n  return inner()", (0, 1, 2), ()),
        ("rows = load()\ndef f(r):\n  rows = 1\n  return rows", (1,), ()),
        ("from x import *\ndef f(r): return unknown", (0, 1), ()),
        ("def f(r): return unknown", (0,), ("unknown",)),
        ("T = 1\nT += 1\nT2 = 5\nT2 += 1\ndef f(r): return T", (0, 1, 4), ()),
        ("L = []\nL.append(1)\nL[0] = 2\nM = L\nL.sort().reverse()\ndef f(r): return L", (0, 1, 2, 4, 5), ()),
        ("import a\na.train()\ndef f(r): return a.b", (0, 2), ()),
        ("try:\n  import fast as impl\nexcept ImportError:\n  impl = None\ndef f(r): return impl", (0, 1), ()),
        ("class C: pass\nclass D(C): limit = 3\ndef f(r, d: D = D()): return d", (0, 1, 2), ()),
        ("for K in range(3): pass\nwith open('x') as F: DATA = F\ndef f(r): return DATA", (1, 2), ()),
        ("reward('n')(other)\nreward('f')(made)\nmade = 3", (1, 2), ()),
        ("import typing\ndef f(r, k: 'typing.Literal[1]' = 1): return k", (0, 1), ()),
    ],
)
def test_the_statements_that_a_reward_needs(text: str, kept: tuple[int, ...], missing: tuple[str, ...]) -> None:
    if "reward(" in text:
        text = f"{text}\ndef reward(name): return print"
        kept = (*kept, 3)
    excerpt = needed(text, ["f"])
    assert (excerpt.kept, excerpt.missing) == (kept, missing)


def test_what_stands_under_a_main_guard_is_graded_in_the_script_itself(tmp_path: Path) -> None:
    code = """
        from rewards import GradeRequest, grade, reward
        from rewards.adapters import adopt
        def outside(completions, **columns): return [6.0] * len(completions)
        if __name__ == "__main__":
            @reward("guarded")
            def guarded(request): return 3.0
            @reward("another")
            def worked(request): return 4.0
            def plain(request): return 5.0
            adopt("trl", outside, name="adopted")
            for named in ("guarded", "another", plain, "adopted"):
                print(grade(named, [GradeRequest(response="a")])[0].score)
    """
    assert run(tmp_path, code, "-W", "ignore") == ["3.0", "4.0", "5.0", "6.0"]


def test_a_module_that_is_run_with_dash_m_grades_in_workers_with_its_options(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "__init__.py").write_text("")
    (tmp_path / "inner" / "beside.py").write_text("TWO = 2.0\n")
    (tmp_path / "inner" / "started.py").write_text(
        textwrap.dedent("""
        import sys
        from rewards import GradeRequest, grade, reward
        from .beside import TWO
        LIMIT = float(sys.argv[1])
        open("ran", "a").write("x")
        @reward("relative")
        def relative(request): return TWO + LIMIT
        print(grade("relative", [GradeRequest(response="a")])[0].score)
        """)
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-m", "inner.started", "0.25"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (ran.stdout, ran.returncode) == ("2.25\n", 0), ran.stderr
    assert (tmp_path / "ran").read_text() == "x"


@reward("test_asks_another")
def asks_another(request: GradeRequest) -> float:
    (inner,) = grade("math", [request])
    return 10.0 + (inner.score or 0.0)


def test_a_reward_may_grade_with_another_in_its_own_worker() -> None:
    right = GradeRequest.from_dict({"response": "so \\boxed{4}", "reference": "4"})
    assert grade("test_asks_another", [right], workers=1)[0].score == 11.0
    with pytest.warns(GradedInProcess):
        assert grade(lambda request: asks_another(request), [right])[0].score == 11.0


class Keeper:
    def pays(self, request: GradeRequest) -> float:
        return float(len(request.response))


def test_a_method_is_one_reward_however_often_it_is_named() -> None:
    keeper = Keeper()
    with pytest.warns(GradedInProcess) as said:
        assert [grade(keeper.pays, [REQUEST])[0].score for _ in range(3)] == [7.0] * 3
    assert len(said) == 1
