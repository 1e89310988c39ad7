"""Run a reference's `check(stdin, stdout, expected)` on one output, in a run of its own, without the program.

Its folder contains `checker.py` and the three texts. Exit status: `ACCEPTED`, `REFUSED`, or `RAISED` if the checker
raised.
"""

from __future__ import annotations

import builtins
import io
import os
import re
import sys
from typing import Any

CHECKER = "checker.py"
TEXTS = ("stdin", "stdout", "expected")
ACCEPTED, REFUSED, RAISED = 40, 41, 42


# Ways in which an output may become code: as text, as a pickle, as a module that it is written to.
_RUNS = re.compile(
    r"\b(?:eval|exec|compile|pickle|shelve|doctest|timeit|runpy|importlib|import_module|__import__|sys\.path|open)\b"
)
# numpy accepts an empty array as any number: `np.allclose([], 3.0)`. No array of an expected number is empty.
_MEASURES, _NUMBER = re.compile(r"\bnumpy\b"), re.compile(r"\d")
_EVALUATES_INSIDE = re.compile(r"\bsympy\b.*\b(?:sympify|parse_expr|n?simplify|expand|factor|S)\s*\(", re.DOTALL)
_NO_FORMULA = re.compile(r"""["'`\\@;]|__|\.\s*(?!e[+-]?\d)[^\W\d]|\b(?:lambda|import)\b""", re.IGNORECASE)
_COMPUTE = frozenset(("abs", "divmod", "len", "max", "min", "pow", "round", "sum"))


class _Refusals:
    """Takes the place of the link in the other styles."""

    reason = ""
    local_modules: frozenset[str] = frozenset()
    public_names = ()

    def refuse(self, reason: str) -> None:
        self.reason = self.reason or reason

    def ask(self, _name: str, _module: str, _function: str, data: bytes, **options: Any) -> Any:
        """Load a pickle that the checker has not made itself: it may contain plain data only."""
        import pickle

        return pickle.Unpickler(io.BytesIO(data), **options).load()


def _guard(refusals: Any, source: str, *own: str) -> None:
    """Guard the checker: output that it runs may only compute, while text of the reference runs unchanged, and an empty
    array is no number.
    """
    from ..guards import emptiness, evaluation, loading, running, unpickling
    from ..proxies import proxies
    from ..sources import context

    proxies.connect(refusals)
    context.add_source(CHECKER, source)
    evaluation.OWN.extend(own)
    text = source.encode("utf-8", "surrogatepass")
    if _RUNS.search(source):
        for guarding in (evaluation, loading, running, unpickling):
            guarding.guard(text)
    if _MEASURES.search(source) and _NUMBER.search(own[-1]):
        emptiness.guard(text)


def _may_run(text: str) -> bool:
    """Whether a formula reaches beyond mathematics: sympy evaluates it with the interpreter's builtins."""
    names = {name for name in re.findall(r"\w+", text) if callable(getattr(builtins, name, None))} - _COMPUTE
    return bool(names) or _NO_FORMULA.search(text) is not None


def _text(name: str) -> str:
    with open(name, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def main() -> int:
    """Run the check. Returns the exit status."""
    texts = [_text(name) for name in TEXTS]
    for name in TEXTS:
        os.unlink(name)  # code in the output would then find nothing to print
    refusals = _Refusals()
    source = _text(CHECKER)
    if _EVALUATES_INSIDE.search(source) and _may_run(texts[1]):
        return REFUSED
    if _RUNS.search(source) or _MEASURES.search(source):
        _guard(refusals, source, texts[0], texts[2])
    try:
        namespace: dict[str, object] = {"__name__": "checker", "__builtins__": __builtins__}
        exec(compile(source, CHECKER, "exec", dont_inherit=True), namespace)
        accepted = namespace["check"](*texts)  # type: ignore[operator]  # whatever it is, its failing is reported
        return ACCEPTED if accepted and not refusals.reason else REFUSED
    except BaseException as error:
        if refusals.reason:
            return REFUSED
        print(f"{type(error).__name__}: {error}"[:1000], file=sys.stderr)
        return RAISED


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)
