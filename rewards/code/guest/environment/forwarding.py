"""In the checker: what the program writes, warns and logs is repeated here; what inspects its objects runs there."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

from ..proxies import proxies
from ..shared import wire
from ..transfer.link import Link
from . import logged

_INSPECTING = ("inspect", "dataclasses", "typing", "asyncio", "doctest")  # those of `wire.FORWARDED` that tests call


def _write(stream: Any, text: str) -> None:
    """Write output. Bytes that are not text arrive as surrogates; a stream that takes bytes gets the bytes."""
    if text.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in text):
        stream.write(text)
        return
    raw = text.encode("utf-8", "surrogateescape")
    if (under := getattr(stream, "buffer", None)) is not None:
        stream.flush()
        under.write(raw)
    else:
        stream.write(raw.decode("utf-8", "replace"))


def forward_output(stream: str, text: str) -> None:
    """Repeat here, in order, what the program wrote, warned or logged."""
    if stream == "stdout":
        if sys.stdout is not sys.__stdout__:
            _write(sys.stdout, text)
    elif stream == "stderr":
        if sys.stderr is not sys.__stderr__:
            _write(sys.stderr, text)
    elif stream == "warning":
        logged.warn(text)
    elif stream == "log":
        logged.log(text)


def forward_inspection(link: Link, text: str) -> None:
    """Let standard library functions that inspect an object run in the program's process if the object is its own."""
    for module in _INSPECTING:
        if module not in text:
            continue
        loaded = importlib.import_module(module)
        for name in wire.FORWARDED[module]:
            setattr(loaded, name, _forwarding(link, module, name, getattr(loaded, name)))
    _forward_contexts(link, text)


def _forwarding(link: Link, module: str, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        if args and proxies.is_proxy(args[0]):
            if name == "signature" and type(wrapped := getattr(args[0], "__wrapped__", None)) is types.FunctionType:
                return original(wrapped, **kwargs)  # a function of the test, in a wrapper of the program
            return link.ask("forwarded", module, name, *args, **kwargs)
        return original(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    return function


def _forward_contexts(link: Link, text: str) -> None:
    """A copy of the context is one of the program's, where the tests have no variables of their own in theirs."""
    if "copy_context" in text and "ContextVar(" not in text:
        import contextvars

        contextvars.copy_context = lambda: link.ask("forwarded", "contextvars", "copy_context")
