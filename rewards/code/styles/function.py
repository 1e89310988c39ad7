"""Judge of the style `function`: a function is called with the arguments of each case, and its return value is
compared.

Example:
    judgement = await judge_function(sandbox, "def add(a, b): return a + b", reference)
    # reference: FunctionReference(entry_point="add", cases=(FunctionCase(args=(1, 2), expected=3),))
"""

from __future__ import annotations

from typing import Any

from rewards.code.compare import same_value
from rewards.code.guest.encoding.codec import LARGEST_MESSAGE, Unsendable, encode
from rewards.code.judgement import Judgement
from rewards.code.references import FunctionCase, FunctionReference
from rewards.code.styles.calls import SPARE_BYTES, Call, CallCase, CallTrial, Opaque, judge_calls
from rewards.code.values import untagged
from sandbox.protocol import Sandbox

_TIMES_EXPECTED = 4


async def judge_function(sandbox: Sandbox, program: str, reference: FunctionReference) -> Judgement:
    """Call the function case by case. Raises SandboxUnavailable."""
    tolerance = reference.compare.tolerance if reference.compare is not None else None
    cases = []
    for number, case in enumerate(reference.cases, 1):
        try:
            cases.append(CallCase(f"case {number}", (_call(case, tolerance),)))
        except (ValueError, Unsendable) as error:
            return Judgement(fault=f"case {number} cannot be asked: {error}")
    trial = CallTrial(
        start={"entry_point": reference.entry_point},
        program=program,
        cases=cases,
        limits=reference.limits,
        partial=reference.partial,
    )
    return await judge_calls(sandbox, trial)


def _call(case: FunctionCase, tolerance: float | None) -> Call:
    """Raises ValueError, Unsendable."""
    args = tuple(untagged(arg) for arg in case.args)
    kwargs = {name: untagged(value) for name, value in case.kwargs.items()}
    expected = untagged(case.expected)
    size = len(encode(expected)) * _TIMES_EXPECTED + SPARE_BYTES

    def failing(value: Any) -> str:
        if same_value(expected, value, tolerance):
            return ""
        if type(value) is Opaque:
            return f"it returned an object of type {value.kind}, which is no plain data"
        return "it returned another value"

    return Call(encode((args, kwargs)), min(size, LARGEST_MESSAGE), failing)
