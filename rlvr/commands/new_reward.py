"""`rlvr new-reward NAME`: write a template for a reward of your own, and a test for it.

Exit status: 0 written, 1 an error with a message (an invalid name, an existing file).
"""

from __future__ import annotations

import argparse
import keyword
import sys
from pathlib import Path

from rewards.registry import names
from rlvr.errors import ConfigError

REWARD = '''"""The reward `{name}`. See docs/guides/custom_reward.md for what a reward may be.

    rlvr grade FILE --reward {file}:{name}
"""

from rewards import GradeRequest, reward


@reward("{name}", correctness=True)
def {name}(request: GradeRequest, *, marker: str = "answer:") -> float | None:
    """1 where the last line of the response is the marker and then the answer of the row, else 0.

    It is called in a worker process, once for each response. What it may return: a number (with `correctness=True` in
    [0, 1]; without it any finite number), True or False, None for "I cannot judge this", or a `GradeResult` with a
    reason. What it raises leaves the response ungraded and is counted: it is never a silent 0.
    """
    answer = request.reference.to_dict().get("answer")
    if answer is None:
        return None  # nothing to compare with: ungraded
    last_line = request.response.strip().rpartition("\\n")[2]
    return float(last_line.lower() == f"{{marker}} {{answer}}".lower())
'''

TEST = '''"""Tests of the reward `{name}`: python -m pytest {test}"""

from pathlib import Path

from rewards import GradeRequest, grade

REWARD = f"{{Path(__file__).with_name('{file}')}}:{name}"


def judge(response, answer="4", **parameters):
    """The grade, made as a run makes it: in a worker process."""
    row = {{"prompt": "2 + 2 = ?", "response": response, "reference": answer}}
    (result,) = grade({{"reward": REWARD, "parameters": parameters}}, [GradeRequest.from_dict(row)], workers=1)
    return result


def test_a_right_answer_is_paid():
    assert judge("2 and 2 make\\nanswer: 4").score == 1.0


def test_what_a_model_would_try_is_not_paid():
    for response in ("", "4", "answer: 5", "answer: 4 or 5", "answer: 4\\nanswer: 5", "answer:"):
        assert judge(response).score == 0.0, response


def test_a_parameter_changes_what_is_looked_for():
    assert judge("result: 4", marker="result:").score == 1.0


def test_without_an_answer_it_cannot_judge():
    assert judge("answer: 4", answer=None).verdict == "ungraded"
'''


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `new-reward`."""
    parser = commands.add_parser(
        "new-reward",
        help="write a file to start a reward of your own from, and a test for it",
        description="Write NAME.py, a working reward with notes on how to change it, and test_NAME.py.",
        epilog="Exit status: 0 written, 1 a mistake (a file of that name exists).",
    )
    parser.add_argument("name", metavar="NAME", help="a valid name of a Python function: concise, cites_sources")
    parser.add_argument(
        "--folder", default=".", metavar="DIR", help="where to write (default: here); created if missing"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write both files. Returns 0."""
    written = write_reward(options.name, Path(options.folder))
    shown = [str(path) if path.is_absolute() else f"./{path}" for path in written]
    print(f"wrote {shown[0]} and {shown[1]}; now:")
    print(f"  python -m pytest {shown[1]}")
    print(f"  rlvr grade FILE --reward {shown[0]}:{options.name}")
    print(f"  rlvr train CONFIG reward={shown[0]}:{options.name}")
    return 0


def write_reward(name: str, folder: Path) -> tuple[Path, Path]:
    """Write a reward with that name and its test. Returns both paths.

    Raises:
        ConfigError: the name is not a valid function name or is taken, or a file exists already or cannot be written.

    Example:
        write_reward("concise", Path("my_rewards"))  # (my_rewards/concise.py, my_rewards/test_concise.py)
    """
    if not name.isidentifier() or keyword.iskeyword(name) or not name.isascii():
        raise ConfigError(f"{name!r} cannot be a Python function's name; use letters, digits and _, such as 'concise'")
    ours = ("rewards", "rlvr", "sandbox", "data_prep")
    if name in sys.stdlib_module_names or name in (*ours, "__init__", "__main__", "conftest"):
        raise ConfigError(f"a file {name}.py would stand in for Python's or our own {name!r}; choose another name")
    if name in names():
        raise ConfigError(f"a reward is called {name!r} already; choose another, such as 'my_{name}'")
    reward, test = folder / f"{name}.py", folder / f"test_{name}.py"
    texts = {
        reward: REWARD.format(name=name, file=f"./{name}.py"),
        test: TEST.format(name=name, file=f"{name}.py", test=f"test_{name}.py"),
    }
    for path in texts:
        if path.exists():
            raise ConfigError(f"{path} is there already; choose another name, or another --folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8") as stream:
                stream.write(text)
    except OSError as error:
        raise ConfigError(f"cannot write {error.filename or folder}: {error.strerror}") from error
    return reward, test
