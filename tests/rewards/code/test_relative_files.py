# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Files by relative names: what of them goes from the tests' working folder to the program's, and back."""

from __future__ import annotations

import textwrap

import pytest

from tests.rewards.code.judging import asserts, check, is_wrong, passes, pytest_files

PROGRAM = """
import csv, json, os, shutil
def save(path, text="hi"):
    with open(path, "w") as file: file.write(text)
def count(path):
    with open(path) as file: return sum(1 for _ in file)
def add(path, text):
    with open(path, "a") as file: file.write(text)
def load(path):
    with open(path, newline="") as file: return list(csv.reader(file))
def split(path, folder):
    os.makedirs(folder, exist_ok=True)
    with open(path) as file:
        for at, line in enumerate(file): save(os.path.join(folder, f"{at}.txt"), line.strip())
def total(folder): return sum(int(open(os.path.join(folder, n)).read()) for n in os.listdir(folder))
def remove(path): os.remove(path)
def export(): save("report.json", json.dumps({"a": 1}))
def copy(a, b): shutil.copyfile(a, b)
def has(path): return os.path.exists(path)
def breaks(path):
    save(path, "partial")
    raise ValueError("no")
class Store:
    def __init__(self, path): self.path = path
    def put(self, key, value):
        known = self.all(); known[key] = value
        save(self.path, json.dumps(known))
    def all(self): return json.load(open(self.path)) if os.path.exists(self.path) else {}
"""

# A test, and what makes the program a wrong one.
HONEST = {
    "written": (
        "save('out.txt'); assert Path('out.txt').read_text() == 'hi'",
        ("file.write(text)", "file.write(text + '!')"),
    ),
    "exists": (
        "assert not os.path.exists('out.txt'); save('out.txt'); assert os.path.exists('out.txt')",
        ("open(path, 'w')", "open(path + 'x', 'w')"),
    ),
    "read": ("open('in.txt', 'w').write('a\\nb\\nc\\n')\nassert count('in.txt') == 3", ("sum(1 for", "sum(2 for")),
    "path object": (
        "p = Path('in.txt'); p.write_text('a\\nb\\n'); assert count(p) == 2; save(Path('out.txt')); assert Path('out.txt').exists()",
        ("sum(1 for", "sum(2 for"),
    ),
    "appended": (
        "Path('log.txt').write_text('a'); add('log.txt', 'b'); add('./log.txt', 'c'); assert Path('log.txt').read_text() == 'abc'",
        ("'a') as file", "'w') as file"),
    ),
    "absolute": (
        "p = os.path.join(os.getcwd(), 'out.txt'); save(p); assert open('out.txt').read() == 'hi'",
        ("file.write(text)", "pass"),
    ),
    "folder": (
        "Path('in.txt').write_text('a\\nb\\n'); split('in.txt', 'parts'); assert sorted(os.listdir('parts')) == ['0.txt', '1.txt'] and open('parts/1.txt').read() == 'b'",
        ("line.strip()", "line.upper()"),
    ),
    "handed folder": (
        "os.makedirs('nums'); [Path('nums', n).write_text(n) for n in '123']; assert total('nums') == 6; shutil.rmtree('nums'); assert not has('nums')",
        ("return sum(int", "return 1 + sum(int"),
    ),
    "removed": (
        "Path('old.txt').write_text('x'); remove('old.txt'); assert not os.path.exists('old.txt')",
        ("os.remove(path)", "pass"),
    ),
    "removed by the test": (
        "save('a.txt'); os.remove('a.txt'); assert not has('a.txt'); save('a.txt'); assert has('a.txt')",
        ("return os.path.exists(path)", "return True"),
    ),
    "by its own name": ("export(); assert json.load(open('report.json')) == {'a': 1}", ("'a': 1", "'a': 2")),
    "computed name": (
        "for i in range(3): save(f'part{i}.txt', str(i))\nassert [open(f'part{i}.txt').read() for i in range(3)] == ['0', '1', '2']",
        ("file.write(text)", "file.write(text * 2)"),
    ),
    "object": (
        "s = Store('db.json'); s.put('k', 1); assert json.load(open('db.json')) == {'k': 1}; Path('db.json').write_text('{\"z\": 2}'); assert s.all() == {'z': 2}",
        ("= value", "= str(value)"),
    ),
    "by keyword": (
        "Path('a.txt').write_text('x y'); copy(a='a.txt', b='b.txt'); assert Path('b.txt').read_text() == 'x y'",
        ("copyfile(a, b)", "copyfile(a, b + 'x')"),
    ),
    "raised": (
        "try: breaks('half.txt')\nexcept ValueError: pass\nassert Path('half.txt').read_text() == 'partial'",
        ('"partial"', '"whole"'),
    ),
    "chdir": (
        "import tempfile\nwith tempfile.TemporaryDirectory() as d:\n    before = os.getcwd(); os.chdir(d); Path('in.txt').write_text('a\\nb\\n')\n    assert count('in.txt') == 2; save('out.txt'); assert Path('out.txt').read_text() == 'hi'\n    os.chdir(before)",
        ("sum(1 for", "sum(2 for"),
    ),
}
IMPORTS = "import json, os, shutil\nfrom pathlib import Path\n"


def wronged(change: tuple[str, str]) -> str:
    before, after = (part.replace("'", '"') for part in change)
    text = PROGRAM if before in PROGRAM else PROGRAM.replace('"', "'")
    before = before if before in text else change[0]
    assert before in text
    return text.replace(before, after if before != change[0] else change[1])


@pytest.mark.parametrize("name", HONEST)
def test_file_that_is_handed_over_by_a_relative_name_is_the_same_on_both_ends(name: str):
    test, change = HONEST[name]
    wrong = wronged(change)
    assert passes(judged := asserts(PROGRAM, test, setup=IMPORTS)), judged
    assert is_wrong(asserts(wrong, test, setup=IMPORTS))
    whole = f"{IMPORTS}from solution import *\ndef test_it():\n{textwrap.indent(test, '    ')}\n"
    assert passes(judged := pytest_files(PROGRAM, whole)), judged
    assert is_wrong(pytest_files(wrong, whole))


def test_check_of_humaneval_hands_files_over():
    test = "import os\ndef check(candidate):\n    with open('t.txt', 'w') as f: f.write('1\\n2\\n')\n    assert candidate('t.txt') == 2\n    os.remove('t.txt')\n"
    program = "def f(path):\n    return len(open(path).readlines())\n"
    assert passes(check(program, test))
    assert is_wrong(check(program.replace("len(", "1 + len("), test))


def test_unittest_that_sets_files_up_and_tears_them_down():
    test = """
        import os, unittest
        from solution import count, save
        class T(unittest.TestCase):
            def setUp(self):
                self.path, self.out = "t_in.txt", "t_out.txt"
                with open(self.path, "w") as file: file.write("a\\nb\\n")
            def tearDown(self):
                for path in (self.path, self.out):
                    if os.path.exists(path): os.remove(path)
            def test_count(self): self.assertEqual(count(self.path), 2)
            def test_out(self):
                self.assertFalse(os.path.exists(self.out))
                save(self.out)
                with open(self.out) as file: self.assertEqual(file.read(), "hi")
            def test_out_again(self): self.test_out()
    """
    assert passes(judged := pytest_files(PROGRAM, test)), judged
    assert is_wrong(pytest_files(PROGRAM.replace("sum(1", "sum(2"), test))
    assert is_wrong(pytest_files(PROGRAM.replace('text="hi"', 'text="ho"'), test))


def test_data_beside_the_tests_is_handed_over_and_stays_as_it_is():
    files = {
        "test_a.py": "from solution import load\ndef test_a():\n    assert load('data.csv') == [['a', '1'], ['b', '2']]\n    assert open('data.csv').read() == 'a,1\\nb,2\\n'\ndef test_b():\n    assert len(load('data.csv')) == 2\n",
        "data.csv": "a,1\nb,2\n",
    }
    assert passes(judged := pytest_files(PROGRAM, files=files)), judged
    assert is_wrong(pytest_files(PROGRAM.replace("list(csv.reader(file))", "list(csv.reader(file))[1:]"), files=files))
    spoils = "def load(p):\n    open(p, 'w').write('')\n    return []\n"
    files["test_a.py"] = (
        "from solution import load\ndef test_a():\n    rows = load('data.csv')\n    assert rows == [line.split(',') for line in open('data.csv').read().split()]\n"
    )
    assert passes(pytest_files(PROGRAM, files=files))
    assert is_wrong(pytest_files(spoils, files=files))
