"""Functions passed in place of a reward's name that no worker can import, such as lambdas: each gets a temporary name.

Example:
    >>> shorter = lambda request: -len(request.response)
    >>> find_anonymous(name_anonymous(shorter)).target is shorter
    True
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from types import MethodType

from rewards.declared import Reward, Source
from rewards.signatures import made_from

# By id; at most `_MOST_KEPT` are kept.
_ANONYMOUS: OrderedDict[int, Reward] = OrderedDict()
_MOST_KEPT = 256
_LOCK = threading.Lock()
_COUNT = itertools.count(2)


def name_anonymous(target: Callable[..., object]) -> str:
    """The name of a function that is not registered: its location at the top level of a file, else a temporary one.

    Raises InvalidReward if it is not a reward.
    """
    if isinstance(target, MethodType):  # a bound method is a new object at each access
        target = next((made.target for made in list(_ANONYMOUS.values()) if made.target == target), target)
    module = sys.modules.get(getattr(target, "__module__", None) or "")
    qualname = getattr(target, "__qualname__", "")
    if module is not None and getattr(module, qualname, None) is target:
        return f"{getattr(module, '__file__', None) or module.__name__}:{qualname}"
    with _LOCK:
        return _temporary(target, qualname)


def _temporary(target: Callable[..., object], qualname: str) -> str:
    """The temporary name of a function; stable while it is remembered."""
    for identity, made in _ANONYMOUS.items():
        if made.target is target:
            _ANONYMOUS.move_to_end(identity)
            return made.name
    code = getattr(target, "__code__", None)
    where = f"{os.path.basename(code.co_filename)}, line {code.co_firstlineno}" if code else "no file"
    name = f"{qualname.rpartition('.')[2] or type(target).__name__} ({where})"
    source = Source(module=getattr(target, "__module__", None) or "", file="", at_import=False)
    taken = {made.name for made in list(_ANONYMOUS.values())}
    name = name if name not in taken else f"{name} #{next(_COUNT)}"
    _ANONYMOUS[id(target)] = made_from(name, target, source)
    while len(_ANONYMOUS) > _MOST_KEPT:
        _ANONYMOUS.popitem(last=False)
    return name


def find_anonymous(name: str) -> Reward | None:
    """The reward with this temporary name."""
    return next((made for made in list(_ANONYMOUS.values()) if made.name == name), None) if _ANONYMOUS else None


def _new_lock_in_child() -> None:
    global _LOCK
    _LOCK = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock_in_child)
