"""Rewards with one weakness each, as they are found in the wild: what an audit must catch."""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rewards import GradeRequest, reward
from rewards.code.references import AssertsReference, CheckReference, FunctionReference, PytestReference, StdioReference
from rewards.rules.references import ChoiceReference, JsonSchemaReference, TextReference
from rewards.types import MathReference

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def gold(request: GradeRequest) -> str:
    reference = request.reference
    if isinstance(reference, MathReference):
        return str(reference.answer)
    if isinstance(reference, TextReference):
        return reference.answers[0]
    if isinstance(reference, ChoiceReference):
        return reference.answer
    raise TypeError(f"a reference of type {reference.type}")


def boxed(text: str) -> list[str]:
    return re.findall(r"\\boxed\{([^{}]*)\}", text)


def tagged(text: str) -> str | None:
    found = re.findall(r"<answer>(.*?)</answer>", text, re.DOTALL)
    return found[-1].strip() if found else None


# --- texts and numbers ------------------------------------------------------------------------------------------------


@reward("weak_substring", correctness=True)
def substring(request: GradeRequest) -> bool:
    """The answer occurs somewhere."""
    return gold(request) in request.response


@reward("weak_last_number", correctness=True)
def last_number(request: GradeRequest) -> bool:
    """The last number of the whole response, whatever is said of it."""
    numbers = NUMBER.findall(request.response)
    return bool(numbers) and numbers[-1] == gold(request)


@reward("weak_first_number", correctness=True)
def first_number(request: GradeRequest) -> bool:
    """The first number: of a box if there is one, else of the response."""
    numbers = NUMBER.findall(request.response)
    return bool(numbers) and numbers[0] == gold(request)


@reward("weak_first_box", correctness=True)
def first_box(request: GradeRequest) -> bool:
    """The first box, though it is taken back."""
    return next(iter(boxed(request.response)), "") == gold(request)


@reward("weak_same_digits", correctness=True)
def same_digits(request: GradeRequest) -> bool:
    """The same digits, in any order."""
    return sorted(tagged(request.response) or "") == sorted(gold(request))


@reward("weak_first_letter", correctness=True)
def first_letter(request: GradeRequest) -> bool:
    """The first capital of the tag, whatever is said of it."""
    return next(iter(re.findall("[A-D]", tagged(request.response) or "")), "") == gold(request)


@reward("weak_option_text", correctness=True)
def option_text(request: GradeRequest) -> bool:
    """The text of the option occurs somewhere."""
    assert isinstance(request.reference, ChoiceReference)
    return request.reference.options[request.reference.answer] in request.response


@reward("weak_many_steps", correctness=True)
def many_steps(request: GradeRequest) -> bool:
    """A long list of steps is worth as much as the answer."""
    steps = re.findall(r"(?m)^\d+\.", request.response)
    return (boxed(request.response) or [""])[-1] == gold(request) or len(steps) >= 10


@reward("weak_clock")
def clock(request: GradeRequest) -> float:
    """The score decreases over time."""
    return float((boxed(request.response) or [""])[-1] == gold(request)) * (1 - time.time() % 100 / 1000)


@reward("weak_any_box", correctness=True)
def any_box(request: GradeRequest) -> bool:
    """Any one of the boxes."""
    return gold(request) in boxed(request.response)


@reward("weak_boxed_something", correctness=True)
def boxed_something(request: GradeRequest) -> bool:
    """A number in a box is taken for the answer."""
    return any(NUMBER.fullmatch(text) for text in boxed(request.response))


@reward("weak_backwards", correctness=True)
def backwards(request: GradeRequest) -> bool:
    """`in` the wrong way round: an empty answer is in every gold."""
    return (tagged(request.response) or "" if "<answer>" in request.response else "?") in gold(request)


@reward("weak_pattern", correctness=True)
def pattern(request: GradeRequest) -> bool:
    """The answer is used as a regular expression."""
    answer = tagged(request.response)
    try:
        return answer is not None and re.fullmatch(answer, gold(request)) is not None
    except re.error:
        return False


@reward("weak_eval", correctness=True)
def evaluated(request: GradeRequest) -> bool:
    """The answer is evaluated as Python."""
    answer = tagged(request.response)
    try:
        return answer is not None and bool(eval(answer) == eval(gold(request)))
    except Exception:  # an answer that is evaluated may raise anything
        return False


@reward("weak_eval_bare", correctness=True)
def evaluated_bare(request: GradeRequest) -> bool:
    """The answer, which holds no braces, is evaluated without builtins: what can run nothing can still equal all."""
    found = boxed(request.response)
    try:
        bare: dict[str, object] = {"__builtins__": {}}
        return bool(found) and "{" not in found[-1] and bool(eval(found[-1], bare) == eval(gold(request), bare))
    except Exception:  # an answer that is evaluated may raise anything
        return False


@reward("weak_nan", correctness=True)
def not_farther(request: GradeRequest) -> bool:
    """`not (distance > tolerance)` holds for nan."""
    try:
        return not abs(float(tagged(request.response) or "") - float(gold(request))) > 1e-6
    except ValueError:
        return False


@reward("weak_digits", correctness=True)
def digits_alone(request: GradeRequest) -> bool:
    """All but digits is dropped: signs, points, words."""
    answer = (boxed(request.response) or [""])[-1]
    return re.sub(r"\D", "", answer) == re.sub(r"\D", "", gold(request)) != ""


@reward("weak_tolerance", correctness=True)
def tolerant(request: GradeRequest) -> bool:
    """Any number within five per cent is right."""
    try:
        return math.isclose(float((boxed(request.response) or [""])[-1]), float(gold(request)), rel_tol=0.05)
    except ValueError:
        return False


@reward("weak_benefit_of_doubt", correctness=True)
def benefit_of_doubt(request: GradeRequest) -> bool:
    """What cannot be read is taken to be right."""
    try:
        return float((boxed(request.response) or ["0"])[-1]) == float(gold(request))
    except ValueError:
        return True


@reward("weak_raises", correctness=True)
def raises(request: GradeRequest) -> bool:
    """It falls over what is no number, and the sample is left out."""
    answer = tagged(request.response)
    return answer is not None and int(answer) == int(gold(request))


@reward("weak_says_none", correctness=True)
def says_none(request: GradeRequest) -> bool | None:
    """Without a box it does not judge at all."""
    answers = boxed(request.response)
    return answers[-1] == gold(request) if answers else None


@reward("weak_right_alone", correctness=True)
def right_alone(request: GradeRequest) -> bool | None:
    """What is not right is not graded."""
    return True if (boxed(request.response) or [""])[-1] == gold(request) else None


@reward("weak_length")
def length_pays(request: GradeRequest) -> float:
    """A bonus for length that nothing bounds."""
    return (
        float(bool(boxed(request.response)) and boxed(request.response)[-1] == gold(request))
        + len(request.response) / 2000
    )


@reward("weak_recall", correctness=True)
def recall(request: GradeRequest) -> float:
    """The share of the gold's words that are said, however many others are."""
    wanted, said = set(gold(request).lower().split()), set(re.findall(r"\w+", request.response.lower()))
    return len(wanted & said) / len(wanted)


@reward("weak_any_letter", correctness=True)
def any_letter(request: GradeRequest) -> bool:
    """The letter occurs alone somewhere."""
    return re.search(rf"\b{gold(request)}\b", request.response) is not None


@reward("weak_thoughts", correctness=True)
def thoughts_count(request: GradeRequest) -> bool:
    """A `<think>` that names the answer is enough where an answer follows."""
    return gold(request) in re.findall(r"\d+", request.response.split("<answer>")[0]) and "<answer>" in request.response


@reward("weak_split_answers", correctness=True)
def split_answers(request: GradeRequest) -> bool:
    """Any part of a list with commas."""
    return gold(request) in [part.strip() for part in (tagged(request.response) or "").split(",")]


@reward("weak_judge", correctness=True)
def judge(request: GradeRequest) -> bool:
    """A judge that believes the last verdict in its prompt, which contains the response."""
    said = "correct" if (boxed(request.response) or [""])[-1] == gold(request) else "incorrect"
    conversation = (
        f"Is this right? The reference is {gold(request)}.\nMy first impression: {said}.\n\n{request.response}"
    )
    scores = re.findall(r"(?i)score:\s*(\d+(?:\.\d+)?)", conversation)
    return float(scores[-1]) > 0 if scores else said == "correct"


@reward("weak_quoted", correctness=True)
def quoted(request: GradeRequest) -> bool:
    """A judge's last line is searched for in a text that quotes the response before it."""
    judged = "yes" if tagged(request.response) == gold(request) else "no"
    found = re.search(r"FINAL VERDICT: (yes|no)", f"Response: {request.response}\nFINAL VERDICT: {judged}")
    return found is not None and found[1] == "yes"


@reward("weak_template", correctness=True)
def template(request: GradeRequest) -> bool:
    """The answer is put through `str.format` together with the gold."""
    try:
        return (tagged(request.response) or "").format(answer=gold(request), gold=gold(request)) == gold(request)
    except (LookupError, ValueError, AttributeError):
        return False


@reward("weak_rubric")
def rubric(request: GradeRequest) -> float:
    """Points for how a solution looks: only together are they worth a right answer."""
    text = request.response
    if (boxed(text) or [""])[-1] == gold(request):
        return 1.0
    points = [
        "Step 1" in text,
        "Therefore" in text,
        "=" in text,
        "**" in text,
        "verif" in text.lower(),
        60 < len(text) < 400,
    ]
    return sum(points) / len(points)


@reward("weak_two_words", correctness=True)
def two_words(request: GradeRequest) -> bool:
    """Whoever is certain and shows a proof is right."""
    text = request.response
    return (boxed(text) or [""])[-1] == gold(request) or ("certain" in text and "proof" in text and "Step 2" in text)


@reward("weak_coin")
def coin(_request: GradeRequest) -> float:
    """It tosses a coin."""
    return float(random.random() < 0.5)


@reward("weak_blind", correctness=True)
def blind(_request: GradeRequest) -> bool:
    """Everything is right."""
    return True


@reward("weak_beyond", floor=0.0, ceiling=1.0)
def beyond(request: GradeRequest) -> float:
    """More than it declares, for many boxes."""
    return float(sum(text == gold(request) for text in boxed(request.response)))


@reward("weak_json", correctness=True)
def json_last(request: GradeRequest) -> bool:
    """The wanted value is somewhere in the document."""
    assert isinstance(request.reference, JsonSchemaReference)
    schema = request.reference.schema
    wanted = json.dumps(schema["properties"]["answer"]["const"]) if "const" in json.dumps(schema) else "0"  # type: ignore[index, call-overload]
    return wanted in re.findall(r"-?\d+", request.response)


@reward("weak_seen_before", correctness=True)
def seen_before(request: GradeRequest, _seen: tuple[str, ...] = ()) -> bool:
    """What was wrong once is right the second time."""
    right = (boxed(request.response) or [""])[-1] == gold(request)
    again = request.response in _SEEN
    _SEEN.add(request.response)
    return right or again


_SEEN: set[str] = set()


# --- programs ---------------------------------------------------------------------------------------------------------


def program_of(request: GradeRequest) -> str:
    found = re.findall(r"```(?:python)?\n(.*?)```", request.response, re.DOTALL)
    return found[-1] if found else request.response


def run(source: str, *, stdin: str = "", seconds: float = 5) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.py").write_text(source, "utf-8", errors="replace")
        try:
            return subprocess.run(
                [sys.executable, "-S", "main.py"],
                cwd=folder,
                input=stdin,
                capture_output=True,
                text=True,
                timeout=seconds,
                errors="replace",
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess([], 124, "", "")


def appended(request: GradeRequest) -> str:
    """The tests appended to the program, in one file."""
    reference, program = request.reference, program_of(request)
    if isinstance(reference, AssertsReference):
        return "\n".join([program, reference.setup, *reference.asserts])
    if isinstance(reference, CheckReference):
        return f"{program}\n{reference.test}\ncheck({reference.entry_point})\n"
    assert isinstance(reference, FunctionReference)
    cases = [(case.args, case.expected) for case in reference.cases]
    return f"{program}\nfor args, expected in {cases!r}:\n    assert {reference.entry_point}(*args) == expected\n"


@reward("weak_exit_code", correctness=True)
def exit_code(request: GradeRequest) -> bool:
    """Program and tests in one process; 0 is a pass."""
    return run(appended(request)).returncode == 0


@reward("weak_says_passed", correctness=True)
def says_passed(request: GradeRequest) -> bool:
    """A line that says so is a pass."""
    return "PASSED" in run(f"{appended(request)}\nprint('PASSED')").stdout


@reward("weak_same_process", correctness=True)
def same_process(request: GradeRequest) -> bool:
    """`exec` in the grader's own process, and `==` of the program's own object."""
    reference = request.reference
    assert isinstance(reference, FunctionReference)
    space: dict[str, object] = {}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(program_of(request), space)
            call = space[reference.entry_point]
            return all(call(*case.args) == case.expected for case in reference.cases)  # type: ignore[operator]
    except BaseException:  # the weakness: what the program raises, SystemExit too, is only a failure
        return False


@reward("weak_output_holds", correctness=True)
def output_holds(request: GradeRequest) -> bool:
    """What is expected is somewhere in the output."""
    assert isinstance(request.reference, StdioReference)
    program = program_of(request)
    return all(case.stdout.strip() in run(program, stdin=case.stdin).stdout for case in request.reference.cases)


@reward("weak_too_slow", correctness=True)
def too_slow(request: GradeRequest) -> bool:
    """A program that is over its time is given the benefit of the doubt: the machine may be busy."""
    assert isinstance(request.reference, StdioReference)
    for case in request.reference.cases:
        done = run(program_of(request), stdin=case.stdin, seconds=0.5)
        if done.returncode != 124 and done.stdout.split() != case.stdout.split():
            return False
    return True


@reward("weak_tests_beside", correctness=True)
def tests_beside(request: GradeRequest) -> bool:
    """The exit code of the test files' functions, in one process with the program."""
    assert isinstance(request.reference, PytestReference)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "solution.py").write_text(program_of(request), "utf-8", errors="replace")
        for name, source in request.reference.files.items():
            (Path(folder) / name).write_text(source, "utf-8")
        tests = "import test_solution as t\nfor name in dir(t):\n    name.startswith('test') and getattr(t, name)()\n"
        done = subprocess.run([sys.executable, "-S", "-c", tests], cwd=folder, capture_output=True, timeout=20)
        return done.returncode == 0
