"""Objects of libraries that both a program and its tests import: what they give as data is judged, they are shown to be
of their class, and what else the tests do with them is unsupported.
"""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import fates, is_wrong, passes, pytest_files

TABLES = """
import pandas as pd
def table(): return pd.DataFrame({"a": [1, 2], "b": [3.0, 4.0]})
"""
LIAR = """
class DataFrame:
    def __getattr__(self, name): return self
    def __getitem__(self, key): return self
    def __call__(self, *args, **more): return True
    def __eq__(self, other): return self
    def __gt__(self, other): return self
    def __bool__(self): return True
    def __len__(self): return 2
def table(): return DataFrame()
"""
SAYS_SO = LIAR.replace("class DataFrame:", "class DataFrame:\n    __module__ = 'pandas.core.frame'")


def _tables(test: str) -> str:
    wanted = "want = pd.DataFrame({'a': [1, 2], 'b': [3.0, 4.0]})"
    return f"import pandas as pd\nfrom solution import table\ndef test_a():\n    {wanted}\n    assert {test}\n"


@pytest.mark.parametrize(
    "test",
    [
        "isinstance(table(), pd.DataFrame) and isinstance(table()['a'], pd.Series) and type(table()) is not list",
        "table()['a'].tolist() == [1, 2] and table().shape == (2, 2) and list(table().columns) == ['a', 'b']",
        "table().index.tolist() == [0, 1] and list(table().index) == [0, 1] and 'b' in table()",
    ],
)
def test_a_table_that_a_program_gives_is_judged_by_what_it_gives(test: str) -> None:
    pytest.importorskip("pandas")
    assert passes(pytest_files(TABLES, _tables(test)))
    assert is_wrong(pytest_files(TABLES.replace("pd.DataFrame(", "pd.Series("), _tables(test)))
    assert is_wrong(pytest_files(LIAR, _tables(test)))


@pytest.mark.parametrize(
    "test",
    [
        "pd.testing.assert_frame_equal(table(), want) is None",
        "(table() == want).all().all()",
        "(want == table()).all().all()",
        "(table()['a'] > 0).all()",
        "pd.concat([table(), want]).shape == (4, 2)",
    ],
)
def test_what_a_library_would_have_to_do_with_an_object_is_unsupported(test: str) -> None:
    pytest.importorskip("pandas")
    assert fates(pytest_files(TABLES, _tables(test))) == ["unsupported test"]
    assert is_wrong(pytest_files(LIAR, _tables(test)))
    assert is_wrong(pytest_files("def table(): return [1, 2]\n", _tables(test)))
    assert not passes(pytest_files(SAYS_SO, _tables(test)))


@pytest.mark.parametrize(
    ("test", "fate"),
    [
        ("isinstance(square(), sympy.Expr) and isinstance(square(), sympy.Pow)", "passed"),
        ("str(square()) == 'x**2' and len(square().args) == 2", "passed"),
        ("square() == sympy.Symbol('x')**2", "unsupported test"),
        ("isinstance(square(), sympy.Add)", "wrong"),
    ],
)
def test_an_expression_that_a_program_gives_is_one_to_its_tests(test: str, fate: str) -> None:
    program = "import sympy\ndef square(): return sympy.Symbol('x')**2\n"
    suite = f"import sympy\nfrom solution import square\ndef test_a():\n    assert {test}\n"
    assert fates(pytest_files(program, suite)) == [fate]
    lies = "class Pow:\n    args = 'xy'\n    def __eq__(self, other): return True\ndef square(): return Pow()\n"
    assert is_wrong(pytest_files(lies, suite))


NETWORKS = """
import ipaddress
def network(text): return ipaddress.ip_network(text, strict=False)
def address(text): return ipaddress.ip_address(text)
"""


@pytest.mark.parametrize(
    ("test", "fate"),
    [
        ("network('10.0.0.7/30').num_addresses == 4 and str(address('::1')) == '::1'", "passed"),
        ("isinstance(address('::1'), ipaddress.IPv6Address) and address('10.0.0.1') < address('10.0.0.2')", "passed"),
        ("network('10.0.0.7/30') == ipaddress.ip_network('10.0.0.4/30')", "unsupported test"),
        ("ipaddress.ip_address('10.0.0.5') == address('10.0.0.5') == ipaddress.ip_address('10.0.0.5')", "passed"),
        ("address('10.0.0.1') < ipaddress.ip_address('10.0.0.2')", "unsupported test"),
        ("address('10.0.0.1') < 9", "wrong"),
    ],
)
def test_what_claims_to_be_of_the_class_of_an_object_of_the_test_is_not_compared(test: str, fate: str) -> None:
    suite = f"import ipaddress\nfrom solution import network, address\ndef test_a():\n    assert {test}\n"
    assert fates(pytest_files(NETWORKS, suite)) == [fate]
    lies = "class Any:\n    def __eq__(self, other): return True\n    __lt__ = __contains__ = __eq__\n"
    assert is_wrong(pytest_files(f"{lies}def network(text): return Any()\naddress = network\n", suite))
