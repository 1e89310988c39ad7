# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Files by relative names, where a program wants more of them than to be read: nothing it makes is loaded or run."""

from __future__ import annotations

import textwrap

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

SAVE = """
import os
def save(path, text="hi"):
    if os.path.dirname(path): os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file: file.write(text)
def solve(n): return n * n + 1
"""
HEAD = "import os\nfrom pathlib import Path\nimport solution\n"


def whole(body: str) -> str:
    return f"{HEAD}def test_it():\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"


LOADED = (
    *("conftest.py", "json.py", "sitecustomize.py", "usercustomize.py", "pkg/__init__.py", "tests/conftest.py"),
    *("__pycache__/colorsys.cpython-311.pyc", "colorsys.pyc", "a.pth", "pytest.ini", ".pytest.ini", "pytest.toml"),
    *("x.so", "colorsys.cpython-311-x86_64-linux-gnu.so", "setup.cfg", "tox.ini", "pyproject.toml", "JSON.PY"),
)


@pytest.mark.parametrize("name", LOADED)
def test_what_python_or_pytest_would_load_does_not_come(name: str):
    test = whole(f"solution.save({name!r})\nassert not os.path.lexists({name!r})")
    assert passes(judged := pytest_files(SAVE, test)), judged
    assert passes(
        judged := asserts(SAVE, f"save({name!r}); assert not os.path.lexists({name!r})", setup="import os")
    ), judged
    txt = whole("solution.save('a.txt')\nassert os.path.lexists('a.txt')")  # so the way is open
    assert passes(pytest_files(SAVE, txt))


TAKES_OVER = "import sys\\nf = sys._getframe()\\nwhile f:\\n    s = f.f_globals.get('solution')\\n    if hasattr(s, 'solve'): f.f_globals['solution'] = type('X', (), {'solve': staticmethod(lambda n: n * n + 1)})\\n    f = f.f_back\\nrgb_to_hsv = print\\n"


@pytest.mark.parametrize("name", ["colorsys.py", "colorsys/__init__.py", "./colorsys.py", "conftest.py"])
def test_module_that_the_program_writes_in_its_working_folder_is_not_imported(name: str):
    test = whole(
        f"solution.save({name!r}, 'x = 1')\nimport colorsys\nassert colorsys.rgb_to_hsv and solution.solve(3) == 10"
    )
    assert passes(pytest_files(SAVE, test))
    bad = SAVE.replace("file.write(text)", f'file.write("{TAKES_OVER}")').replace("n * n + 1", "1")
    assert is_wrong(pytest_files(bad, test))


PLAIN = """
def solve(a, b):
    with open(a) as x, open(b, "w") as y: y.write("".join(sorted(x)))
"""
COMPARES = {
    "its own name": "Path('in.txt').write_text('b\\na\\n'); Path('kept.txt').write_text('a\\nb\\n'); solution.solve('in.txt', 'out.txt'); assert Path('out.txt').read_text() == Path('kept.txt').read_text()",
    "expected": "os.mkdir('d'); Path('d/in').write_text('b\\na\\n'); Path('d/expected').write_text('a\\nb\\n'); solution.solve('d/in', 'd/out'); assert Path('d/out').read_text() == Path('d/expected').read_text()",
    "written later": "open('in.txt', 'w').write('b\\na\\n'); solution.solve('in.txt', 'out.txt'); open('kept.txt', 'w').write('a\\nb\\n'); solution.solve('in.txt', 'out.txt'); assert open('out.txt').read() == open('kept.txt').read()",
}


@pytest.mark.parametrize("how", COMPARES)
def test_file_that_the_test_did_not_hand_over_is_neither_seen_nor_changed(how: str):
    test = whole(COMPARES[how])
    assert passes(judged := pytest_files(PLAIN, test)), judged
    copies = "import os\ndef solve(a, b):\n    for n in ('kept.txt', 'd/expected', '/box/work/kept.txt'):\n        if os.path.exists(n): open(b, 'w').write(open(n).read())\n"
    makes = "import os\ndef solve(a, b):\n    for n in ('kept.txt', 'd/expected', b):\n        try: open(n, 'w').write('x')\n        except OSError: pass\n"
    for program in (copies, makes):
        assert is_wrong(pytest_files(program, test)), program


def test_name_that_the_program_gave_is_not_the_tests_to_hand_over():
    files = {
        "test_a.py": "import solution\ndef test_a():\n    assert solution.load(solution.name()) == '5'\n    assert open('numbers.txt').read() == '97'\n",
        "numbers.txt": "97",
    }
    program = "def name(): return {0}\ndef load(p): return {1}\n"
    assert passes(pytest_files(program.format("'mine.txt'", "'5'"), files=files))
    files["test_a.py"] = (
        "import solution\ndef test_a():\n    assert solution.load(solution.name()) == open('numbers.txt').read()\n"
    )
    assert passes(pytest_files(program.format("'mine.txt'", "'97'"), files=files))
    for name in (
        "'numbers.txt'",
        "'./numbers.txt'",
        "'/box/work/numbers.txt'",
        "__import__('pathlib').Path('numbers.txt')",
    ):
        assert is_wrong(pytest_files(program.format(name, "open(p).read()"), files=files)), name


def test_data_beside_the_tests_that_was_not_handed_over_is_not_there():
    files = {
        "test_a.py": "import json\nfrom solution import solve\ndef test_a():\n    for a, b in json.load(open('cases.json')):\n        assert solve(a) == b\n",
        "cases.json": "[[3, 10], [4, 17]]",
    }
    assert passes(pytest_files(SAVE, files=files))
    assert is_wrong(
        pytest_files("import json\ndef solve(n): return dict(json.load(open('cases.json')))[n]\n", files=files)
    )
    writes = "def solve(n):\n    open('cases.json', 'w').write('[]')\n    return n\n"
    assert is_wrong(pytest_files(writes, files=files))


def test_folder_of_the_tests_gets_no_more_files():
    files = {
        "test_a.py": "from pathlib import Path\nfrom solution import solve\ndef test_a():\n    solve(1)\n    for p in sorted(Path('data').iterdir()):\n        a, b = p.read_text().split()\n        assert solve(int(a)) == int(b)\n        assert p.name == 'a.in'\n",
        "data/a.in": "3 10",
    }
    assert passes(pytest_files(SAVE, files=files))
    more = SAVE.replace("return n", "return save('data/b.in', '5 26') or n")
    assert passes(judged := pytest_files(more, files=files)), judged  # it never came
    assert is_wrong(
        pytest_files(
            "import os\ndef solve(n):\n    os.makedirs('data', exist_ok=True); open('data/a.in', 'w').write('1 1')\n    return n\n",
            files=files,
        )
    )


@pytest.mark.parametrize(
    "to", ["test_solution.py", "/box/work/test_solution.py", "/proc/self/cwd/test_solution.py", "/etc/hosts"]
)
def test_links_of_the_program_are_not_followed(to: str):
    test = whole("solution.save('out.txt')\nassert 'localhost' in open('out.txt').read()")
    assert passes(pytest_files("def save(p): open(p, 'w').write('localhost')\n", test))
    for make in ("symlink", "link"):
        program = f"import os\ndef save(p):\n    try: os.{make}({to!r}, p)\n    except OSError: pass\n"
        assert is_wrong(pytest_files(program, test))


def test_links_of_the_test_lead_nowhere():
    test = whole(
        "Path('kept').write_text('97')\nos.symlink('kept', 'a.txt')\nos.link('kept', 'b.txt')\nfor n in ('a.txt', 'b.txt'):\n    assert solution.load(n) == ''\nassert Path('kept').read_text() == '97'"
    )
    program = "import os\ndef load(p):\n    text = open(p).read() if os.path.exists(p) else ''\n    open(p, 'w').write('x')\n    return text\n"
    assert passes(judged := pytest_files(program, test)), judged


@pytest.mark.parametrize(
    "name", ["../box/out.txt", "../../tmp/out.txt", "a/../../out.txt", "/out.txt", "~/out.txt/../../../x"]
)
def test_names_that_lead_out_of_the_folder_do_not_come(name: str):
    test = whole(f"solution.save('a.txt')\nassert not os.path.exists({name!r})")
    writes = f"import os\ndef save(p):\n    for at in (p, {name!r}):\n        try: open(at, 'w').write('x')\n        except OSError: pass\n"
    assert passes(pytest_files(writes, test))


SPIES = "import os\\nfor at in (os.getcwd(), f'/proc/{os.getppid()}/cwd'):\\n    for n in os.listdir(at):\\n        if n.startswith('test_'): print(open(at + '/' + n).read().split('== ')[-1][:4].strip(chr(39)))\\n"


@pytest.mark.parametrize(
    "how",
    [
        "subprocess.run([sys.executable, 'run.txt'], capture_output=True, text=True).stdout.strip()",
        "subprocess.check_output([sys.executable, 'run.txt'], text=True).strip()",
        "subprocess.check_output(f'{sys.executable} run.txt', shell=True, text=True).strip()",
        "os.popen(f'{sys.executable} run.txt').read().strip()",
    ],
)
def test_command_on_a_file_of_the_program_runs_where_no_test_is(how: str):
    test = whole(f"import subprocess, sys\nsolution.save('run.txt', 'print(90 + 7)')\nassert {how} == '97'")
    assert passes(judged := pytest_files(SAVE, test)), judged
    assert is_wrong(pytest_files(SAVE.replace("file.write(text)", f'file.write("{SPIES}")'), test))


def test_text_of_such_a_file_only_computes():
    test = "TABLE = {3: 97}\nsave('out.txt', '90 + 7')\nassert eval(open('out.txt').read()) == TABLE[3]"
    assert passes(judged := asserts(SAVE, test)), judged
    for text in ("TABLE[3]", "__import__('os')._exit(0)"):
        assert is_wrong(asserts(SAVE.replace("file.write(text)", f"file.write({text!r})"), test))


FLOODS = {
    "large": "def save(p): open(p, 'wb').truncate(60 << 20)\n",
    "many": "import os\ndef save(p):\n    for i in range(3000): open(f'{i}.txt', 'w').close()\n",
    "deep": "import os\ndef save(p):\n    os.makedirs('/'.join(['d'] * 300), exist_ok=True)\n",
    "folder": "import os\ndef save(p): os.makedirs(p + '/x')\n",
    "pipe": "import os\ndef save(p): os.mkfifo(p)\n",
    "no rights": "import os\ndef save(p):\n    open(p, 'w').write('hi'); os.chmod(p, 0)\n    os.chmod('.', 0)\n",
    "gone": "import os, shutil\ndef save(p): shutil.rmtree(os.getcwd())\n",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_program_that_floods_its_folder_is_wrong_and_never_ungraded(flood: str):
    test = whole("solution.save('out.txt')\nassert open('out.txt').read() == 'hi' + '!'")
    assert is_wrong(judged := pytest_files(FLOODS[flood], test)), judged
    assert passes(pytest_files("def save(p): open(p, 'w').write('hi!')\n", test))


def test_test_that_fails_in_a_folder_that_is_gone_by_then_is_wrong_and_not_ungraded():
    test = "import os, tempfile\nfrom solution import solve\ndef test_it():\n    with tempfile.TemporaryDirectory() as d:\n        os.chdir(d)\n        assert solve(3) == 10\ndef test_more(): assert solve(2) == 5\n"
    assert passes(pytest_files(SAVE, test))
    assert is_wrong(judged := pytest_files("def solve(n): return 1\n", test)), judged
    assert is_wrong(judged := pytest_files("def solve(n): return 1\n", test, partial=True)), judged


PICKLED = "b'cos\\n_exit\\n(I0\\ntR.'"


def test_pickle_and_shelf_of_the_program_only_hold_data():
    kept = "import pickle\ndef save(p): pickle.dump({'a': 97}, open(p, 'wb'))\n"
    test = "import pickle\nsave('a.bin')\nwith open('a.bin', 'rb') as f: assert pickle.load(f) == {'a': 97}"
    assert passes(judged := asserts(kept, test)), judged
    assert is_wrong(asserts(f"def save(p): open(p, 'wb').write({PICKLED})\n", test))
    shelf = "import dbm.dumb, shelve\nsave('a')\nwith shelve.Shelf(dbm.dumb.open('a')) as s: assert s['a'] == 97"
    own = "import dbm.dumb, shelve\ndef save(p):\n    with shelve.Shelf(dbm.dumb.open(p)) as s: s['a'] = 97\n"
    bad = f"import dbm.dumb\ndef save(p):\n    d = dbm.dumb.open(p); d['a'] = {PICKLED}; d.close()\n"
    assert is_wrong(asserts(bad, shelf))
    assert is_wrong(asserts(own.replace("97", "98"), shelf))


def test_program_cannot_have_a_command_of_the_test_become_unsupported_by_a_file():
    test = whole("""
        import subprocess, sys
        value = solution.solve(3)
        with subprocess.Popen([sys.executable, '-c', 'print(1 + 1)'], stdout=subprocess.PIPE, text=True) as own:
            assert own.stdout.read().strip() == '2'
        Path('out.txt').write_text('x')
        assert value == 10
    """)
    makes = SAVE.replace("return n * n + 1", "save('out.txt'); return {0}").replace("{0}", "VALUE")
    assert passes(judged := pytest_files(SAVE, test)), judged
    assert passes(judged := pytest_files(makes.replace("VALUE", "n * n + 1"), test)), judged
    assert is_wrong(judged := pytest_files(makes.replace("VALUE", "1"), test)), judged
