"""Any JSON rows come back from Parquet as they were, or as the JSON text of what they were."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from rlvr.offline.parquet_rows import lines_of, write_parquet

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63, 10**400]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text("ab1", max_size=3),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
_ROWS = st.lists(st.fixed_dictionaries({"sample": st.just(0)}, optional={"c": _VALUES, "d": _VALUES}), max_size=6)


def _is_kept(value: object, stored: object) -> bool:
    """Whether a stored value is the value: a missing field is None, and another value than text may be JSON text."""
    if isinstance(stored, str) and not isinstance(value, str):
        stored = json.loads(stored)
    if isinstance(value, dict) and isinstance(stored, dict):
        return all(_is_kept(value.get(key), stored.get(key)) for key in {*value, *stored})
    if isinstance(value, list) and isinstance(stored, list):
        return len(value) == len(stored) and all(map(_is_kept, value, stored))
    return isinstance(value, bool) == isinstance(stored, bool) and value == stored


@given(_ROWS, st.sampled_from([1, 2, 4096]))
def test_no_value_is_lost_or_rounded(rows: list[dict[str, object]], rows_of_a_group: int) -> None:
    with TemporaryDirectory() as folder, patch("rlvr.offline.parquet_rows._GROUP_ROWS", rows_of_a_group):
        lines, file = Path(folder, "rows.jsonl"), Path(folder, "rows.parquet")
        lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
        write_parquet(file, partial(lines_of, lines))
        stored = pq.read_table(file).to_pylist()
        assert sorted(path.name for path in Path(folder).iterdir()) == ["rows.jsonl", "rows.parquet"]
    assert len(stored) == len(rows)
    for row, kept in zip(rows, stored, strict=True):
        assert all(_is_kept(row.get(name), kept[name]) for name in kept)
        assert row.keys() <= kept.keys()
