"""In the checker: what the program's objects may not do. A refusal fails the case, whatever the test catches.

Three rules make a proxy harmless to the verdict:

- A handle never equals plain data, unless what it gives as data does (`contents.py`). Equality and order between two
  handles are asked of the program, which learns nothing from them.
- An operator or builtin that mixes a handle with test data fails, and the other operand is never sent.
- The truth value of a handle is no verdict: in an assertion it fails.

If the test itself created the object from a class of the program, and compares only parts of the result
(`(Vector(1, 2) * 3).x == 3`), an operator is asked of the program, as a method is: what the test expects is not sent.
In other uses (`Vector(1, 2) * 3 == Vector(3, 6)`) it needs something that a proxy cannot provide, and the case is
unsupported instead of wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from .. import PACKAGE
from ..sources import context
from . import ancestry, assertions, classes, membership, operands, proxies, uses
from .proxies import (
    RootOfObjects,
    ask,
    is_known,
    is_told,
    name_made_by,
    the_link,
    was_evaluated,
    was_given,
)

# Names that are never requested from the program: numpy, pickle and others would take the answer for data.
NEVER = frozenset(
    (
        *("__array__", "__array_interface__", "__array_struct__", "__array_priority__", "__array_function__"),
        *("__array_wrap__", "__array_finalize__", "__array_prepare__", "__array_namespace__", "__dlpack__"),
        *("__float__", "__int__", "__index__", "__complex__", "__bool__", "__trunc__", "__length_hint__"),
        *("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__"),
        *("__instancecheck__", "__subclasscheck__", "__subclasshook__", "__set_name__", "__prepare__"),
        *("__del__", "__getattribute__", "__setattr__", "__delattr__", "__get__", "__set__", "__delete__"),
        *("__buffer__", "__release_buffer__", "__conform__", "__sizeof__", "__init_subclass__", "__eq__", "__ne__"),
        *("__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__test__", "__pytest_wrapped__"),
        *("__unittest_skip__", "__unittest_skip_why__", "__unittest_expecting_failure__", "__tracebackhide__"),
        *("__dataframe__", "__geo_interface__", "__cuda_array_interface__", "__array_api_version__"),
    )
)


# Methods that assertions call on one value with the expected one: assertSetEqual(first, second).
OF_ASSERTIONS = ("difference", "symmetric_difference")


def attribute(owner: Any, name: str) -> Any:
    """An attribute of an object of the program. Raises Refused if it would catch the test's failed assertions."""
    value = ask("getattr", owner, name)
    if type(value) in (type, tuple) and assertions.catches_assertions(name, value):
        raise proxies.refused(f"what it calls {name} catches failed assertions of the tests")
    return value


def refuse(value: Any, what: str, *, is_made: bool = False) -> NoReturn:
    """Fail the case: an object of the program was mixed with test data, or used as the verdict. is_made: the test
    created it, as known before the program returned it.
    """
    name = type(value).__name__
    is_made = is_made or made_of_class(value) or ancestry.claims_library(value) or _is_asked_by_its_module(value)
    if is_made or _gives_object():
        the_link().unsupported(f"{what} of a {name} object")
    raise proxies.refused(f"{what} of an object of type {name}: the test expects plain data")


def made_of_class(value: Any) -> bool:
    """Whether the test created it by calling what it uses as a class, and got it from nowhere else."""
    name = name_made_by(value)
    return bool(name) and (is_told(name) or classes.is_used_as_class(name, context.trees()))


def may_answer(value: Any) -> bool:
    """Whether `in` may be left to the object, where a walk over it tells nothing: the tests are about it, and also say
    of something that it is not in it. `assert "b" in trie` then tells it no more than `assert trie.has("b")` does.
    """
    ours = made_of_class(value) or (is_known(value) and _as_read(membership.looks_into_object))
    return ours and _as_read(membership.denies_too)


def _as_read(how: Callable[[FrameType], bool]) -> bool:
    frame = uses.test_frame()
    return frame is not None and how(frame)


def may_be_sent(operand: Any, value: Any) -> bool:
    """Whether an operand of the test may be sent, for an object that it made or knows: see `operands.py`."""
    name, known = name_made_by(value), is_known(value) and not (was_evaluated(value) or was_given(value))
    frame = uses.test_frame() if name or known else None
    if frame is None:
        return False
    is_class = known or classes.is_camel(name) or made_of_class(value)
    return operands.may_be_sent(frame, operand, is_class, isinstance(value, str | bytes))


def grows(operand: Any, value: Any) -> bool:
    """Whether a test adds an operand in place to an object that it made of what it uses as a class, or names."""
    frame = uses.test_frame() if made_of_class(value) or is_known(value) else None
    return frame is not None and operands.grows(frame, operand)


def is_no_data(value: Any) -> bool:
    """Whether it is an object of the program that is no data."""
    return issubclass(type(value), RootOfObjects)


def goes_to_program(value: Any) -> bool:
    """Whether the result of an operator on an object that is no data is only an argument of the program."""
    frame = uses.test_frame()
    return issubclass(type(value), RootOfObjects) and frame is not None and operands.goes_to_program(frame)


def _is_asked_by_its_module(value: Any) -> bool:
    """Whether code of the standard library asks, which an object of the program claims to be of a class of."""
    frame, standard = _asking_frame(), ancestry.standard_of(type(value))
    return frame is not None and standard is not None and frame.f_globals.get("__name__") == standard.__module__


def _asking_frame() -> FrameType | None:
    """The innermost frame that is not ours."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and str(frame.f_globals.get("__package__")).startswith(PACKAGE):
        frame = frame.f_back
    return frame


def _gives_object() -> bool:
    """Whether the test uses the result of the present operator as an object."""
    frame = _asking_frame()
    return frame is not None and context.is_test(frame) and classes.expects_object(frame)
