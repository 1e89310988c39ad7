"""In the checker: run pytest on test files whose module `solution` is the program behind its proxy.

Test functions are counted from the files' syntax. Each must have run and passed, with all its parameters. A skip by the
files' own marks is excused; any other skip is a failure.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import importlib.util
import inspect
import os
import re
import sys
import tempfile
import time
from collections.abc import Generator, Iterable
from typing import Any

import pytest
from _pytest import outcomes
from _pytest.reports import TestReport

from ..environment import forwarding, scripts, surroundings
from ..guards import own_files
from ..proxies import derived, exact_types, proxies
from ..sources import context, counting
from ..transfer import weakly
from ..transfer.link import Case, Link
from . import importable
from .verdicts import MISSING, PASSED, RAISED, UNSUPPORTED, WRONG, Report, describe, load, not_installed, outcome

SKIPPED = "skipped"
_STAR = re.compile(r"^\s*from\s+solution\s+import\s+\*", re.MULTILINE)
_OPTIONS = (
    *("-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:junitxml", "-p", "no:pastebin", "-p", "no:doctest"),
    *("-p", "no:stepwise", "-p", "no:setuponly", "-p", "no:setupplan", "-p", "no:terminal", "-p", "no:subtests"),
    *("-p", "no:unraisableexception", "-p", "no:threadexception"),
    *("--assert=plain", "--capture=no", "-c", os.devnull, "-o", "addopts="),
)
_COULD_NOT_RUN = (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR)


class _Function:
    """The state of one test function."""

    def __init__(self, counted: counting.TestFunction, index: int) -> None:
        self.counted = counted
        self.index = index
        self.fate = ""
        self.reason = ""
        self.seconds = 0.0
        self.left = 0  # items that have not run yet
        self.collected = False

    def add(self, fate: str, reason: str) -> None:
        """Add the result of an item; the worst one counts."""
        order = (SKIPPED, PASSED, UNSUPPORTED, WRONG, RAISED, MISSING)
        if not self.fate or order.index(fate) > order.index(self.fate):
            self.fate, self.reason = fate, reason


class Plugin:
    """A pytest plugin that watches the run, and makes the verdict of each test function."""

    def __init__(self, link: Link, report: Report, functions: list[_Function], start: dict[str, Any]) -> None:
        self._link = link
        self._report = report
        self._functions = functions
        self._by_path = {(f.counted.file, f.counted.path): f for f in functions}
        self._skip = frozenset(start["skip"])
        self._partial = start["partial"]
        self._stars = {name: bool(_STAR.search(source)) for name, source in start["files"].items()}
        self._home = os.getcwd()  # a folder that a test changes to later may be gone
        self._state = ("", "")
        self._skipped = False
        self.stopped = False
        self.broken: dict[str, tuple[str, str]] = {}  # file: outcome, reason

    # --- collection ---

    def _key(self, item: Any) -> tuple[str, tuple[str, ...]]:
        names = []
        node = item
        while node is not None and not isinstance(node, pytest.Module):
            if isinstance(node, pytest.Function | pytest.Class):
                names.append(getattr(node, "originalname", None) or node.name)
            node = node.parent
        return os.path.relpath(str(item.path), self._home), tuple(reversed(names))

    def _function(self, item: Any) -> _Function:
        return self._by_path[self._key(item)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self, obj: object) -> list[Any] | None:
        """A class of the program is no test, whatever it is called (`TestClient`)."""
        return [] if proxies.is_class(obj) else None

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Add tests that the syntax did not show, created or inherited from elsewhere: they must pass, too."""
        counted = len(self._functions)
        kept = []
        for item in items:
            key = self._key(item)
            if key not in self._by_path:
                self._by_path[key] = _Function(counting.TestFunction(*key), len(self._functions))
                self._functions.append(self._by_path[key])
            function = self._by_path[key]
            function.collected = True
            if function.index not in self._skip:
                kept.append(item)
                function.left += 1
        items[:] = kept
        if exact_types.are_compared():
            for module in {item.module for item in items}:
                module.type = exact_types.type_of
        if len(self._functions) > counted:
            self._report.send("count", len(self._functions))

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: Any) -> Generator[None, Any, Any]:
        self._link.case = Case()
        report = yield
        if report.outcome != "passed" and isinstance(collector, pytest.Module):
            error = getattr(getattr(report, "call", None), "excinfo", None)
            self._collection_failed(collector, error.value if error is not None else None)
        return report

    def _collection_failed(self, collector: Any, error: BaseException | None) -> None:
        file = os.path.relpath(str(collector.path), self._home)
        self.broken[file] = self.blame(file, error)

    def blame(self, file: str, error: BaseException | None) -> tuple[str, str]:
        """Decide who is to blame if a test file cannot be imported."""
        cause: BaseException | None = error
        while cause is not None:
            if cause is self._link.case.raised:
                return RAISED, describe(cause)
            cause = cause.__cause__ or cause.__context__
        if missing := not_installed(error) or not_installed(error.__cause__ if error is not None else None):
            return UNSUPPORTED, missing
        if "solution" in str(error) and "import name" in str(error):
            return WRONG, "the program does not define a name that the test imports"
        if self._stars.get(file) and isinstance(error, NameError):
            return WRONG, f"the program does not define {error.name!r}"
        if self._link.lost or self._link.case.refused:
            return outcome(self._link, None)
        if not self._link.case.asked:
            return UNSUPPORTED, f"the test file cannot be collected: {type(error).__name__}"
        return outcome(self._link, error)

    # --- execution ---

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> bool | None:
        if self._link.lost or self.stopped:
            return True
        self._report.later("begin", self._function(item).index)
        self._link.case = Case()
        self._link.ours.completed.clear()
        self._state, self._skipped = ("", ""), False
        self._began = time.perf_counter()
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, Any]:
        """Turn what would end the whole run into a failure of one test."""
        try:
            return (yield)
        except (KeyboardInterrupt, outcomes.Exit) as error:
            raise RuntimeError(f"{type(error).__name__} in a test") from None

    pytest_runtest_call = pytest_runtest_teardown = pytest_runtest_setup

    def pytest_runtest_makereport(self, item: Any, call: Any) -> TestReport:
        """Runs after unittest's hook, which finds its failures, and before pytest's, which prints them."""
        error = call.excinfo.value if call.excinfo is not None else None
        kind = "passed"
        if error is not None:
            skipping = isinstance(error, outcomes.Skipped) or _is_unittest_skip(error)
            kind = "skipped" if skipping else "failed"
        if call.when == "call" and error is None:
            self._require_body(item)
        if call.when == "setup" and (absent := _absent_fixture(item, error)):
            self._link.case.unsupported = f"there is no fixture {absent!r} here"
        self._note(error, kind)
        return TestReport(item.nodeid, item.location, {}, kind, None, call.when)  # type: ignore[arg-type]

    def _require_body(self, item: Any) -> None:
        """Require that a test wrapped in a decorator of the program has been run by it, to its end."""
        if not isinstance(item, pytest.Function) or not proxies.is_proxy(getattr(item.obj, "__func__", item.obj)):
            return
        names = {getattr(code, "co_name", "") for code in self._link.ours.completed}
        if item.originalname not in names:
            self._link.refuse(f"the program has not run {item.originalname}, which it was given to decorate")

    def _note(self, error: BaseException | None, kind: str) -> None:
        if kind == "skipped":
            self._skipped = True
            return
        fate, reason = outcome(self._link, error)
        held = self._state[0]
        if not held or (fate != PASSED and held in (PASSED, UNSUPPORTED)):
            self._state = (fate, reason)

    def finished(self, item: Any, reports: list[Any]) -> None:
        """Record that an item has run, with all its phases."""
        function = self._function(item)
        try:
            os.getcwd()
        except FileNotFoundError:  # a failed test may be in a folder that no longer exists
            os.chdir(self._home)
        fate, reason = self._state
        expected_failure = any(hasattr(report, "wasxfail") for report in reports)
        if expected_failure and not self._link.lost and not self._link.case.refused:
            passed = all(report.outcome == "passed" for report in reports)
            fate, reason = (PASSED, "") if passed else (SKIPPED, "expected to fail")
            if not passed and not function.counted.excusable:
                fate, reason = WRONG, "it was made to fail as expected by something else than its marks"
        elif self._skipped and fate in ("", PASSED):
            fate, reason = SKIPPED, "by its own marks"
            if not function.counted.excusable:
                fate, reason = WRONG, "it was skipped by something else than its marks"
        elif any(report.outcome == "failed" for report in reports) and fate in ("", PASSED):
            fate, reason = WRONG, "it failed"
        elif fate in ("", PASSED) and not {"setup", "call", "teardown"} <= {report.when for report in reports}:
            fate, reason = MISSING, "it was not run"
        function.add(fate or MISSING, reason)
        function.seconds += time.perf_counter() - self._began
        function.left -= 1
        if function.left <= 0:
            self.report(function)

    def report(self, function: _Function) -> None:
        """Report a test function: all of its items have run, or none will."""
        self._report.end(function.index, function.counted.name, function.fate, function.reason, function.seconds)
        if function.fate in (WRONG, RAISED, MISSING) and not self._partial:
            self.stopped = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: Any) -> bool | None:
        """Run asynchronous tests, without another plugin."""
        if not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        names = pyfuncitem._fixtureinfo.argnames
        asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
        return True


def _absent_fixture(item: Any, error: BaseException | None) -> str:
    """The parameter of a test, by its own source, for which there is no fixture: that of a plugin that is not installed
    here. Empty = it is another error.
    """
    if not isinstance(error, pytest.FixtureLookupError) or not isinstance(item, pytest.Function):
        return ""
    if proxies.is_proxy(getattr(item.obj, "__func__", item.obj)):  # the program has decorated it
        return ""
    name = str(error.argname)
    return name if name in item.fixturenames and context.mentions(name) else ""


def _is_unittest_skip(error: BaseException) -> bool:
    unittest = sys.modules.get("unittest")
    return unittest is not None and isinstance(error, unittest.SkipTest)


class _Reports:
    """Collects the reports of each item, after all other plugins."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin
        self._held: list[Any] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._held.append(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Generator[None, Any, Any]:
        self._held = []
        result = yield
        if self._held:
            self._plugin.finished(item, self._held)
        return result


def _parsed(sources: dict[str, str], report: Report) -> dict[str, ast.Module] | None:
    """The syntax trees of the Python files; None if one does not compile, which has then been reported."""
    trees: dict[str, ast.Module] = {}
    for name in (name for name in sources if name.endswith(".py")):
        try:
            trees[name] = ast.parse(sources[name])
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            report.send("fault", f"the test file {name} does not compile: {describe(error)}")
            return None
        context.add_source(os.path.abspath(name), sources[name])
    return trees


def run(link: Link, report: Report, start: dict[str, Any]) -> None:
    """Run the files in the current folder."""
    sources: dict[str, str] = start["files"]
    trees = _parsed(sources, report)
    if trees is None:
        return
    collected = counting.test_files(sources)
    counted = [found for name in collected for found in counting.count(name, trees[name])]
    functions = [_Function(found, index) for index, found in enumerate(counted)]
    report.send("count", len(functions))
    text = "\n".join(sources.values())
    if load(link, report, {**start["program"], "late": scripts.runs_late(text)}) is None:
        return
    module = importable.install(link.public_names, trees, text)
    if scripts.runs_late(text) and not link.public_names:
        del sys.modules["solution"]
    scripts.watch(link, module, text)
    own_files.guard(sources, text)
    link.output = forwarding.forward_output
    link.ours.local_modules = frozenset(
        {name[:-3].replace("/", ".") for name in sources} | {os.path.basename(name)[:-3] for name in sources}
    )
    derived.watch({os.path.abspath(name): tree for name, tree in trees.items()})
    weakly.keep_identities()
    around = surroundings.watch(link, sources, trees.values())
    _meet_warnings(link, module, text)
    plugin = Plugin(link, report, functions, start)
    base = os.path.join(tempfile.gettempdir(), f"pytest-{os.getpid()}")
    if around is not None and around.folders is not None:
        around.folders.add_root(base)
    sys.path.insert(0, os.getcwd())
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    link.case = Case()
    failed_conftest = _watch_conftest()
    status = pytest.main(
        [*_OPTIONS, "--rootdir", os.getcwd(), "--basetemp", base, *collected], plugins=[plugin, _Reports(plugin)]
    )
    if failed_conftest and not link.lost:
        fate, reason = plugin.blame("conftest.py", failed_conftest[0])
        if fate not in (PASSED, UNSUPPORTED):
            report.send("failure", f"in conftest.py: {reason}"[:300])
            return
    _conclude(link, report, plugin, functions, start, int(status), trees.values())


def _meet_warnings(link: Link, module: Any, text: str) -> None:
    """Get the program's classes that the tests name: a warning that is caught may be one of a class that they mention
    afterwards (`isinstance(caught[0].message, solution.Odd)`).
    """
    for name in link.public_names if "warn" in text else ():
        if context.is_class_name(name) and context.uses_name(name):
            getattr(module, name, None)


def _watch_conftest() -> list[BaseException]:
    """Catch the error of a `conftest.py` that cannot be imported."""
    config: Any = importlib.import_module("_pytest.config")
    found: list[BaseException] = []

    def note(error: Any, *_: Any, **__: Any) -> None:
        found.append(error.cause)

    config.print_conftest_import_error = note
    return found


def _may_be_absent(function: _Function, functions: list[_Function]) -> bool:
    """Whether the test file itself leaves a function undefined."""
    counted = function.counted
    return counted.optional or any(other.collected and other.counted.excludes(counted) for other in functions)


def _conclude(
    link: Link,
    report: Report,
    plugin: Plugin,
    functions: list[_Function],
    start: dict[str, Any],
    status: int,
    trees: Iterable[ast.Module],
) -> None:
    """Report the functions that never ran, and why."""
    if link.lost:
        report.send("lost", link.lost[:300], link.violated)
        return
    if not plugin.broken and all(not f.collected and _may_be_absent(f, functions) for f in functions):
        if any(map(counting.made_by_program, trees)):
            report.send("failure", "the test files define no test with this program")
        else:
            report.send("fault", "the test files hold no test function")
        return
    for function in functions:
        if function.index in start["skip"] or (function.fate and function.left <= 0):
            continue
        if plugin.stopped:
            break
        fate, reason = plugin.broken.get(function.counted.file, (MISSING, "it was not run"))
        if not (plugin.broken or function.collected) and _may_be_absent(function, functions):
            fate, reason = SKIPPED, "not defined here"
        function.add(fate, reason)
        if status in _COULD_NOT_RUN and not plugin.broken:
            report.send("unexplained", f"pytest could not run the test files (status {status})")
            return
        plugin.report(function)
    report.send("done")
