# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Data bases that a test hands over (`sqlite3`): what the program may change in them before they measure its answer."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes

DATABASE = """
import sqlite3
def db():
    made = sqlite3.connect(":memory:")
    made.execute("create table t (a int)")
    made.executemany("insert into t values (?)", [(4,), (5,)])
    made.commit()
    return made
"""
ASKED = "c.execute('select sum(a) from t').fetchone()[0]"


@pytest.mark.parametrize(
    ("body", "test"),
    [
        ("c.execute('delete from t')", f"assert f(c) == {ASKED}"),
        ("c.executescript('delete from t; commit;')", f"assert f(c) == {ASKED}"),
        (
            "c.cursor().execute('delete from t')",
            f"cursor = c.cursor()\nassert f(c) == {ASKED.replace('c.', 'cursor.')}",
        ),
        ("c.execute('delete from t'); return []", "assert f(c) == [a for (a,) in c.execute('select a from t')]"),
        ("c.execute('delete from t'); return 0", "n = f(c)\nassert n == len(c.execute('select a from t').fetchall())"),
        ("c.execute('delete from t'); c.execute('insert into t values (7)'); return 7", f"assert f(c) == {ASKED}"),
        (
            "c.executescript('drop table t; create table t (a); insert into t values (7)'); return 7",
            f"assert f(c) == {ASKED}",
        ),
        (
            "c.execute('alter table t rename to u'); c.execute('create view t as select 0 as a'); return 0",
            f"assert f(c) == {ASKED}",
        ),
        (
            "c.executescript('alter table t rename to u; create view t as select 0 * a as a from u'); return 0",
            f"assert f(c) == {ASKED}",
        ),
        (
            "c.executescript('alter table t rename to u; create table t (a); insert into t values (7)'); return 7",
            f"assert f(c) == {ASKED}",
        ),
        ("for n in 4, 5: c.execute('delete from t where a = ?', (n,))", f"assert f(c) == {ASKED}"),
        ("c.execute('update t set a = 0'); return 0", f"assert f(c) == {ASKED}"),
        (
            "c.executescript('alter table t rename column a to b; alter table t add column a int default 0'); return 0",
            f"assert f(c) == {ASKED}",
        ),
    ],
)
def test_a_data_base_that_the_program_empties_is_no_measure_of_its_answer(body: str, test: str) -> None:
    assert is_wrong(asserts(f"def f(c):\n    {body}\n", f"c = db()\n{test}", setup=DATABASE))


@pytest.mark.parametrize(
    ("body", "test"),
    [
        (f"return {ASKED}", f"assert f(c) == {ASKED}"),
        ("return c.execute('delete from t').rowcount", f"assert f(c) == 2\nassert {ASKED} is None"),
        (
            "c.execute('create table d as select a from t'); return c.execute('delete from t').rowcount",
            "assert f(c) == c.execute('select count(*) from d').fetchone()[0]",
        ),
        (
            "c.execute('delete from t where a = 5'); return 1",
            "assert f(c) == c.execute('select count(*) from t').fetchone()[0]",
        ),
        (
            "c.execute('update t set a = 0'); return 2",
            f"assert f(c) == c.execute('select count(*) from t').fetchone()[0]\nassert {ASKED} == 0",
        ),
        (
            "c.execute('alter table t rename column a to b'); return 9",
            "assert f(c) == c.execute('select sum(b) from t').fetchone()[0]",
        ),
        (
            "c.execute('insert into t values (7)'); return 3",
            "assert f(c) == c.execute('select count(*) from t').fetchone()[0]",
        ),
        ("c.execute('update t set a = 1'); return 2", f"assert f(c) == {ASKED}"),
        (
            "c.execute('alter table t rename to u'); return 9",
            "assert f(c) == c.execute('select sum(a) from u').fetchone()[0]",
        ),
        (
            "c.executescript('alter table t rename to u; create view t as select * from u'); return 9",
            f"assert f(c) == {ASKED} == c.execute('select sum(a) from u').fetchone()[0]",
        ),
        (
            "c.executescript('alter table t rename to u; create table t as select a + 1 as a from u'); return 11",
            f"assert f(c) == {ASKED}",
        ),
    ],
)
def test_what_else_a_program_does_to_a_data_base_stays(body: str, test: str) -> None:
    assert passes(asserts(f"def f(c):\n    {body}\n", f"c = db()\n{test}", setup=DATABASE))


ONE = "def finalize(self): return 1\n        def step(self, *values): pass"


@pytest.mark.parametrize(
    "body",
    [
        "c.execute('create temp view t as select 1 as a'); return 1",
        "c.execute('create temp table T (a)'); c.execute('insert into temp.t values (1)'); return 1",
        "c.row_factory = lambda *row: (1,); return 1",
        "c.row_factory = divmod; c.row_factory = type('Row', (sqlite3.Row,), {'__getitem__': lambda *a: 1}); return 1",
        "c.create_function('SUM', 1, lambda a: 1); return 1",
        f"class One:\n        {ONE}\n    c.create_aggregate('sum', 1, One); return 1",
        "c.set_authorizer(lambda *asked: sqlite3.SQLITE_IGNORE)",
    ],
)
@pytest.mark.parametrize(
    "test", [f"assert f(c) == {ASKED}", f"assert g(c) == {ASKED}", f"want = {ASKED}\nn = g(c)\nassert n == {ASKED}"]
)
def test_what_is_read_through_something_of_the_program_is_no_measure_of_its_answer(body: str, test: str) -> None:
    program = f"import sqlite3\ndef f(c):\n    {body}\ndef g(c): return f(c)\n"
    assert is_wrong(asserts(program, f"c = db()\n{test}", setup=DATABASE))


def test_a_disguise_of_an_earlier_call_is_one_in_later_calls() -> None:
    program = """
    class Stats:
        def __init__(self, c):
            self.c = c
            c.row_factory = lambda *row: (1,)
        def total(self):
            return 1
    """
    test = f"c = db()\ns = Stats(c)\nassert s.total() == {ASKED}"
    assert is_wrong(asserts(program, test, setup=DATABASE))
    assert passes(
        asserts(
            program.replace("lambda *row: (1,)", "None").replace("1\n", f"{ASKED.replace('c.', 'self.c.')}\n"),
            test,
            setup=DATABASE,
        )
    )


@pytest.mark.parametrize(
    ("body", "test"),
    [
        ("c.row_factory = sqlite3.Row", "f(c)\nassert c.execute('select a from t').fetchone()['a'] == 4"),
        (
            "c.row_factory = sqlite3.Row; return [dict(r) for r in c.execute('select a from t')]",
            "assert f(c) == [dict(row) for row in c.execute('select a from t')]",
        ),
        (
            "c.row_factory = lambda cursor, row: {'a': row[0]}; return c.execute('select a from t').fetchall()",
            "assert f(c) == [{'a': 4}, {'a': 5}]",
        ),
        (
            "c.create_function('twice', 1, lambda a: 2 * a)",
            "f(c)\nassert c.execute('select twice(21)').fetchone()[0] == 42",
        ),
        (
            "c.create_function('twice', 1, lambda a: 2 * a); return c.execute('select sum(twice(a)) from t').fetchone()[0]",
            f"assert f(c) == 2 * {ASKED}",
        ),
        (
            "c.create_function('upper', 1, lambda a: a.upper() + '!')",
            "f(c)\nassert c.execute(\"select upper('a')\").fetchone()[0] == 'A!'",
        ),
        (
            "c.execute('create temp view u as select 2 * a as a from t'); return c.execute('select sum(a) from u').fetchone()[0]",
            f"assert f(c) == 2 * {ASKED}",
        ),
    ],
)
def test_what_a_program_sets_on_a_data_base_is_used_where_the_test_says_what_is_right(body: str, test: str) -> None:
    assert passes(asserts(f"import sqlite3\ndef f(c):\n    {body}\n", f"c = db()\n{test}", setup=DATABASE))


def test_a_data_base_of_a_test_loads_no_native_code_for_the_program() -> None:
    program = "def f(c):\n    return [hasattr(c, n) for n in ('enable_load_extension', 'load_extension', 'execute')]\n"
    assert passes(asserts(program, "assert f(db()) == [False, False, True]", setup=DATABASE))


FETCHED = "assert c.execute(query()).fetchall() == c.execute('select a from t order by a').fetchall()"
QUERIES = {
    "delete from t": False,
    "delete from t returning a": False,
    "update t set a = 0 returning a": False,
    "create temp view t as select 1 as a where 0": False,
    "select a from t where 0": False,
    "select a from t order by 1": True,
    "with u as (select a from t) select * from u order by a": True,
}


@pytest.mark.parametrize("text", QUERIES)
@pytest.mark.parametrize("fetched", ["c.execute(query()).fetchall()", "list(c.cursor().execute(query()))"])
def test_text_of_the_program_that_a_test_executes_and_fetches_from_is_a_query(text: str, fetched: str) -> None:
    test = f"c = db()\n{FETCHED.replace('c.execute(query()).fetchall()', fetched)}"
    judgement = asserts(f"def query(): return {text!r}\n", test, setup=DATABASE)
    assert passes(judgement) if QUERIES[text] else is_wrong(judgement), judgement


def test_text_of_the_program_that_a_test_executes_may_change_the_data_base() -> None:
    program = "def sql(n): return [f'delete from t where a < {n}', 'insert into t values (?) returning a']\n"
    test = (
        "c = db()\nremove, add = sql(9)\nassert c.execute(remove).rowcount == 2\n"
        "assert c.execute(add, (7,)).fetchone() == (7,) and c.execute('select * from t').fetchall() == [(7,)]"
    )
    assert passes(judgement := asserts(program, test, setup=DATABASE)), judgement
    assert is_wrong(asserts(program.replace("<", ">"), test, setup=DATABASE))
