# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Files that tests make, hand over and read, and commands that they start: what of them the program sees and decides."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from rewards.code.guest.guards import running
from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

SCRIPTS = {
    "file": "path = tmp_path / 'made.py'; solve(str(path), 3); done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True); assert done.returncode == 0 and done.stdout.strip() == '97'",
    "text": "path = tmp_path / 'made.py'; solve(str(path), 3); assert subprocess.check_output([sys.executable, '-c', path.read_text()], text=True).strip() == '97'",
    "folder": "path = tmp_path / 'made.py'; solve(str(path), 3); done = subprocess.run([sys.executable, 'made.py'], cwd=tmp_path, capture_output=True, text=True); assert done.stdout.strip() == '97'",
    "shell": "path = tmp_path / 'made.py'; solve(str(path), 3); assert subprocess.check_output(f'{sys.executable} {path}', shell=True, text=True).strip() == '97'",
    "system": "path = tmp_path / 'made.py'; solve(str(path), 3); assert os.system(f'{sys.executable} {path} > {tmp_path}/out') == 0; assert (tmp_path / 'out').read_text().strip() == '97'",
    "popen": "path = tmp_path / 'made.py'; solve(str(path), 3); assert os.popen(f'{sys.executable} {path}').read().strip() == '97'",
}


READS_TESTS = """
import os
SCRIPT = '''
import glob, os, re
for folder in (os.getcwd(), f"/proc/{os.getppid()}/cwd"):
    for name in glob.glob(folder + "/test_*.py"):
        print(re.findall("== .([0-9]+)", open(name).read())[-1])
        raise SystemExit
'''
def solve(path, n):
    with open(path, "w") as file:
        file.write(SCRIPT)
"""


@pytest.mark.parametrize("how", SCRIPTS)
def test_script_that_the_program_wrote_runs_where_no_test_is(how: str):
    tests = f"import os, subprocess, sys\nfrom solution import solve\ndef test_script(tmp_path):\n    {SCRIPTS[how]}\n"
    right = "def solve(path, n):\n    with open(path, 'w') as file:\n        file.write(f'print({n} * 31 + 4)')\n"
    assert passes(pytest_files(right, tests))
    assert is_wrong(pytest_files(READS_TESTS, tests))


def test_command_that_is_the_tests_own_runs_beside_it():
    tests = "import subprocess, sys\nfrom solution import solve\ndef test_own():\n    own = subprocess.run([sys.executable, '-c', 'print(1 + 1)'], capture_output=True, text=True)\n    assert own.stdout.strip() == '2' and solve(1) == 2\n"
    assert passes(pytest_files("def solve(n): return 2\n", tests))


@pytest.mark.parametrize("read", ["open(f(1)).read()", "Path(f(1)).read_text()", "open(Path(f(1))).readline()"])
def test_path_of_the_test_itself_is_no_answer(read: str):
    tests = f"from pathlib import Path\nfrom solution import f\ndef test_it():\n    assert 'expected words' in {read}\n"
    right = "def f(n):\n    return '/etc/hosts'\n"
    assert passes(pytest_files(right, tests.replace("expected words", "localhost")))
    for path in ("test_solution.py", "./test_solution.py", "/proc/self/cwd/test_solution.py"):
        assert is_wrong(pytest_files(f"def f(n): return {path!r}\n", tests)), path


def test_tests_may_read_their_own_files():
    files = {
        "test_a.py": "from pathlib import Path\nfrom solution import f\ndef test_a():\n    assert f(2) == int(Path(__file__).with_name('data.txt').read_text())\n    assert 'def test_a' in open(__file__).read()\n",
        "data.txt": "4",
    }
    assert passes(pytest_files("def f(n): return n * 2\n", files=files))
    files["test_a.py"] = "from solution import f\ndef test_a():\n    assert f(2) == int(open('data.txt').read())\n"
    assert passes(pytest_files("def f(n): return n * 2\n", files=files))


GOLDEN = """
    from solution import solve
    def test_it(tmp_path):
        (tmp_path / "in").write_text("b\\na\\n")
        (tmp_path / "want").write_text("a\\nb\\n")
        solve(tmp_path / "in", tmp_path / "out")
        assert (tmp_path / "out").read_text() == (tmp_path / "want").read_text()
"""


def test_file_that_was_not_handed_over_is_neither_seen_nor_changed():
    right = "from pathlib import Path\ndef solve(a, b): Path(b).write_text(''.join(sorted(Path(a).read_text().splitlines(True))))\n"
    assert passes(pytest_files(right, GOLDEN))
    copies = "from pathlib import Path\ndef solve(a, b):\n    for p in Path(a).parent.iterdir():\n        if p.name not in ('in', 'out'): Path(b).write_text(p.read_text())\n"
    assert is_wrong(pytest_files(copies, GOLDEN))
    changes = "from pathlib import Path\ndef solve(a, b):\n    for name in ('want', 'out'): Path(a).with_name(name).write_text('x')\n"
    assert is_wrong(pytest_files(changes, GOLDEN))


@pytest.mark.parametrize(
    "test",
    [
        "(tmp_path / 'a').mkdir(); (tmp_path / 'a' / 'x').write_text('12'); assert solve(tmp_path / 'a') == ['12']",
        "(tmp_path / 'x').write_text('12'); assert solve([str(tmp_path / 'x')]) == ['12']",
        "(tmp_path / 'x').write_text('12'); assert solve({'p': {'q': tmp_path / 'x'}}) == ['12']",
        "(tmp_path / 'x').write_text('12'); assert solve(f'{tmp_path}/*') == ['12']",
        "(tmp_path / 'x').write_text('12'); monkeypatch.chdir(tmp_path); assert solve('x') == ['12']",
        "(tmp_path / 'x').write_text('12'); monkeypatch.setattr('sys.argv', ['', str(tmp_path / 'x')]); assert solve(None) == ['12']",
        "(tmp_path / 'x').write_text('12')\n    class P: path = tmp_path / 'x'\n    assert solve(P()) == ['12']",
        "assert solve(str(tmp_path / 'new')) == []; (tmp_path / 'new').mkdir(); (tmp_path / 'new' / 'y').write_text('3'); assert solve(tmp_path / 'new') == ['3']",
    ],
)
def test_files_that_are_handed_over_are_seen(test: str):
    program = """
        import glob, os, sys
        def solve(at):
            if at is None: at = sys.argv[1]
            if hasattr(at, "path"): at = at.path
            if isinstance(at, dict): at = at["p"]["q"]
            if isinstance(at, list): at = at[0]
            if os.path.isdir(at): return [open(os.path.join(at, n)).read() for n in os.listdir(at)]
            return [open(n).read() for n in glob.glob(str(at))]
    """
    assert passes(
        pytest_files(program, f"from solution import solve\ndef test_it(tmp_path, monkeypatch):\n    {test}\n")
    )


SPIES = "import sys\ndef f(n): return [sys.executable, '-c', \"import os\\nwith open(f'/proc/{os.getppid()}/maps') as m, open(f'/proc/{os.getppid()}/mem', 'rb', 0) as mem:\\n    for line in m:\\n        a, b = (int(x, 16) for x in line.split()[0].split('-'))\\n        if 'rw' in line and b - a < 1 << 26:\\n            try: mem.seek(a); raw = mem.read(b - a)\\n            except OSError: continue\\n            at = raw.find(b'== ' + b'b' + bytes([39]) + b'9')\\n            if at >= 0: print(raw[at + 5:at + 7].decode()); break\"]\n"


@pytest.mark.parametrize(
    "how", ["subprocess.check_output(f(3))", "subprocess.run(f(3), stdout=subprocess.PIPE).stdout"]
)
def test_command_of_the_program_runs_where_no_test_is(how: str):
    test = f"assert {how}.strip() == b'97'"
    right = "import sys\ndef f(n): return [sys.executable, '-c', f'print({n} * 31 + 4)']\n"
    for judged, program in ((passes, right), (is_wrong, SPIES)):
        assert judged(asserts(program, test, setup="import subprocess"))
        assert judged(pytest_files(program, f"import subprocess\nfrom solution import f\ndef test_it():\n    {test}\n"))


BESIDE = {
    "test_a.py": "from pathlib import Path\nimport solution\ndef test_a():\n    assert open(solution.export(7)).read() == open('golden.txt').read()\ndef test_b():\n    assert Path(solution.export(7)).read_text() == (Path(__file__).parent / 'golden.txt').read_text()\n",
    "golden.txt": "localhost",
}


@pytest.mark.parametrize(
    "path",
    [
        "'golden.txt'",
        "__import__('os').path.abspath('golden.txt')",
        "'/proc/self/cwd/golden.txt'",
        "__import__('pathlib').Path('golden.txt')",
    ],
)
def test_path_of_what_a_test_compares_with_is_no_answer(path: str):
    assert is_wrong(pytest_files(f"def export(n): return {path}\n", files=BESIDE))


@pytest.mark.parametrize("hand", ["str(tmp_path / 'input.txt'), str(tmp_path / 'out')", "tmp_path, tmp_path / 'out'"])
def test_what_is_called_expected_is_not_seen_in_a_folder_that_is_handed_over(hand: str):
    test = f"""
        from solution import solve
        def test_it(tmp_path):
            (tmp_path / "input.txt").write_text("b a")
            (tmp_path / "expected.txt").write_text("a b")
            solve({hand})
            assert (tmp_path / "out").read_text() == (tmp_path / "expected.txt").read_text()
    """
    program = "from pathlib import Path\ndef solve(a, b):\n    a = Path(a) / 'input.txt' if Path(a).is_dir() else Path(a)\n    Path(b).write_text({0})\n"
    assert passes(pytest_files(program.format("' '.join(sorted(a.read_text().split()))"), test))
    assert is_wrong(pytest_files(program.format("a.with_name('expected.txt').read_text()"), test))
    named = test.replace(f"solve({hand})", "solve(tmp_path / 'expected.txt', tmp_path / 'out')")
    assert passes(pytest_files(program.format("a.read_text()"), named))


TAKES_OVER = "import sys\\nf = sys._getframe()\\nwhile f:\\n    s = f.f_globals.get('solution')\\n    if hasattr(s, 'solve'): f.f_globals['solution'] = type('X', (), {'solve': staticmethod(lambda n: n * n + 1)})\\n    f = f.f_back\\nrgb_to_hsv = print\\n"


@pytest.mark.parametrize("path", ["/proc/self/cwd/colorsys.py", "/box/work/colorsys.py"])
def test_module_that_a_test_wrote_where_the_program_said_only_computes(path: str):
    test = """
        import solution
        def test_it(tmp_path):
            for name, text in solution.files().items():
                (tmp_path / name).write_text(text)
            import colorsys
            assert colorsys.rgb_to_hsv and solution.solve(3) == 10
    """
    assert passes(pytest_files("def files(): return {'a': 'b'}\ndef solve(n): return n * n + 1\n", test))
    assert is_wrong(pytest_files(f'def files(): return {{{path!r}: "{TAKES_OVER}"}}\ndef solve(n): return 1\n', test))


def test_module_of_the_program_in_another_encoding_only_computes():
    test = """
        import solution
        def test_it(tmp_path, monkeypatch):
            (tmp_path / "plug.py").write_bytes(solution.plug())
            monkeypatch.syspath_prepend(str(tmp_path))
            import plug
            assert plug.rgb_to_hsv and solution.solve(3) == 10
    """
    program = 'def plug(): return b"# coding: latin-1\\n# caf\\xe9\\n{0}"\ndef solve(n): return {1}\n'
    assert passes(pytest_files(program.format("rgb_to_hsv = 1\\n", "n * n + 1"), test))
    assert is_wrong(pytest_files(program.format(TAKES_OVER, "1"), test))


def test_archive_of_the_program_puts_nothing_beside_the_tests():
    test = """
        import io, tarfile, solution
        def test_it(tmp_path):
            with tarfile.open(fileobj=io.BytesIO(solution.packed())) as t:
                t.extractall(tmp_path)
            import colorsys
            assert (tmp_path / "a").read_text() == "A" and colorsys.rgb_to_hsv and solution.solve(3) == 10
    """
    program = "import io, tarfile\ndef packed():\n    b = io.BytesIO()\n    with tarfile.open(fileobj=b, mode='w') as t:\n        for name, text in {0}.items():\n            i = tarfile.TarInfo(name); i.size = len(text); t.addfile(i, io.BytesIO(text.encode()))\n    return b.getvalue()\ndef solve(n): return {1}\n"
    assert passes(pytest_files(program.format("{'a': 'A'}", "n * n + 1"), test))
    for name in ("/box/work/colorsys.py", "../../../../../../box/work/colorsys.py"):
        assert is_wrong(pytest_files(program.format(f'{{"a": "A", "{name}": "{TAKES_OVER}"}}', "1"), test)), name


def test_archive_is_unpacked_into_its_folder_alone_by_a_library_without_filters(tmp_path: Path):
    trusting = {"extraction_filter": staticmethod(lambda member, _path: member)}  # as if there were no filters
    library = SimpleNamespace(
        TarFile=type("Archive", (tarfile.TarFile,), trusting), ExtractError=tarfile.ExtractError, open=tarfile.open
    )
    running._guard_extraction(library)
    target, packed = tmp_path / "to", io.BytesIO()
    special, linked = tarfile.TarInfo("fifo"), tarfile.TarInfo("d/linked")
    special.type, linked.type, linked.linkname = tarfile.FIFOTYPE, tarfile.SYMTYPE, "../good"
    leaves, hard = tarfile.TarInfo("leaves"), tarfile.TarInfo("hard")
    leaves.type, leaves.linkname, hard.type, hard.linkname = tarfile.SYMTYPE, "../x", tarfile.LNKTYPE, "../x"
    bad = [*map(tarfile.TarInfo, ("../x", "a/../../x", str(tmp_path / "x"))), special, leaves, hard]
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for one in (tarfile.TarInfo("good"), tarfile.TarInfo("d/inner"), linked, *bad):
            archive.addfile(one)
    packed.seek(0)
    with library.TarFile(fileobj=packed) as archive:
        for name in ("good", "d/inner", "d/linked"):
            archive.extract(name, target)
        for one in bad:
            with pytest.raises(tarfile.ExtractError, match=r"outside|special"):
                archive.extract(one.name, target)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["d", "good", "inner", "linked", "to"]


def test_module_that_a_test_writes_from_its_own_text_does_what_it_likes():
    test = """
        import solution
        def test_it(tmp_path, monkeypatch):
            (tmp_path / "plug.py").write_text("import os\\nNAME = os.path.join('a', 'b')\\n")
            monkeypatch.syspath_prepend(str(tmp_path))
            import plug
            assert solution.f(plug.NAME) == "b"
    """
    assert passes(pytest_files("import os\ndef f(p): return os.path.basename(p)\n", test))


FED = {
    "input": "out = subprocess.run([sys.executable], input=solve(3), capture_output=True, text=True).stdout",
    "dash": "out = subprocess.run([sys.executable, '-I', '-'], input=solve(3).encode(), capture_output=True).stdout.decode()",
    "file": "path = tmp_path / 'p'; path.write_text(solve(3)); out = subprocess.run([sys.executable], stdin=path.open(), capture_output=True, text=True).stdout",
    "shell": "out = subprocess.check_output(f'{sys.executable} -q', shell=True, input=solve(3), text=True)",
    "communicate": "out = subprocess.Popen([sys.executable], stdin=-1, stdout=-1, text=True).communicate(solve(3))[0]",
    "descriptor": "r, w = os.pipe(); os.write(w, solve(3).encode()); os.close(w); out = subprocess.run([sys.executable], stdin=r, capture_output=True, text=True).stdout",
    "written": "p = subprocess.Popen([sys.executable], stdin=-1, stdout=-1, text=True); p.stdin.write(solve(3)); p.stdin.close(); out = p.stdout.read()",
    "popen": "path = tmp_path / 'o'; p = os.popen(f'{sys.executable} > {path}', 'w'); p.write(solve(3)); p.close(); out = path.read_text()",
}


@pytest.mark.parametrize("how", FED)
def test_program_that_an_interpreter_is_fed_with_runs_where_no_test_is(how: str):
    tests = f"import os, subprocess, sys\nfrom solution import solve\ndef test_fed(tmp_path):\n    {FED[how]}\n    assert out.strip() == '97'\n"
    right = "def solve(n):\n    return f'print({n} * 31 + 4)'\n"
    judgement = pytest_files(right, tests)
    if how in ("communicate", "descriptor", "written", "popen"):  # a process that the test talks to
        assert "unsupported test" in str(judgement)
    else:
        assert passes(judgement)
    assert not passes(pytest_files(READS_TESTS.split("def solve")[0] + "def solve(n): return SCRIPT\n", tests))


def test_interpreter_that_a_test_feeds_with_its_own_text_runs_beside_it():
    test = """
        import subprocess, sys
        from solution import f
        def test_own():
            p = subprocess.Popen([sys.executable, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert p.communicate("print(6 * 7)\\n")[0] == "42\\n"
            assert subprocess.run(["sort"], input="b\\na\\n" * f(2), capture_output=True, text=True).stdout == "a\\na\\nb\\nb\\n"
            assert subprocess.run([sys.executable], input="print(1)", capture_output=True, text=True).stdout == "1\\n"
            with open("own.txt", "w") as file:
                file.write("print(8)")
            with open("own.txt") as file:
                assert subprocess.run([sys.executable], stdin=file, capture_output=True, text=True).stdout == "8\\n"
    """
    assert passes(pytest_files("def f(n): return n\n", test))


def test_containers_with_methods_of_their_own_are_not_asked_what_they_hold_while_a_request_is_written():
    program = """
        from pathlib import Path
        class Config(dict):
            def keys(self): return [str(key) for key in super().keys()]
        class Names(list):
            def __iter__(self): return (name.upper() for name in super().__iter__())
        class Spot:
            def __init__(self, path): self.path = str(path)
            def __fspath__(self): return self.path
        def read(place): return Path(place["path"] if isinstance(place, dict) else place).read_text()
        def size(held): return len(held)
    """
    test = """
        from solution import Config, Names, Spot, read, size
        def test_held(tmp_path):
            path = tmp_path / "a.txt"
            path.write_text("hi")
            config, names = Config(path=str(path)), Names(["x"])
            assert read(config) == read(Spot(path)) == "hi" and size(config) == 1
            assert list(names) == ["X"] and size(names) == 1
            path.write_text("ho")
            assert read(config) == "ho" and read({"path": path}) == "ho"
        def test_held_by_itself(tmp_path):
            held = [1]
            held.append(held)
            assert size(held) == 2
    """
    assert passes(pytest_files(program, test))
    assert is_wrong(pytest_files(program.replace("len(held)", "len(held) + 1"), test))
