"""How a command begins, and how Ctrl-C ends it from the first moment on."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.waiting import PATIENCE

INTERRUPTED_AT_AN_IMPORT = """
import signal, sys
_, module, number = sys.argv

class Interrupt:
    def find_spec(self, name, *_):
        if name == module:
            sys.meta_path.remove(self)
            signal.raise_signal(int(number))

sys.meta_path.insert(0, Interrupt())
from rlvr.cli import main
sys.argv[1:] = ["grade", "nowhere.jsonl", "--reward", "math"]
sys.exit(main())
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("module", ["rlvr.command_line", "argparse", "sandbox.errors", "rlvr.commands.prep", "numpy"])
def test_a_signal_while_anything_is_imported_ends_it_with_one_line(
    module: str, number: signal.Signals, status: int
) -> None:
    """The first modules are imported before a command begins, the last one while it runs."""
    done = run(INTERRUPTED_AT_AN_IMPORT, module, str(int(number)))
    assert (done.returncode, done.stderr) == (status, "rlvr: interrupted\n")


def test_a_signal_that_the_caller_ignores_is_ignored_from_the_start() -> None:
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN){INTERRUPTED_AT_AN_IMPORT}"
    done = run(code, "argparse", str(int(signal.SIGINT)))
    assert done.returncode == 1
    assert "no file 'nowhere.jsonl'" in done.stderr


def test_what_is_imported_before_signals_are_handled_is_next_to_nothing() -> None:
    code = "import sys; before = {*sys.modules}; import rlvr.cli; print(*sorted({*sys.modules} - before))"
    imported = {*run(code).stdout.split()} - {"enum", "types", "operator", "_operator", "functools", "_functools"}
    imported -= {"collections", "_collections", "_collections_abc", "keyword", "_keyword", "itertools", "reprlib"}
    assert imported <= {"rlvr", "rlvr.cli", "signal"}


def test_python_m_rlvr_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rlvr", "grade", "nowhere.jsonl", "--reward", "math"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert "no file 'nowhere.jsonl' (looked at /" in done.stderr
