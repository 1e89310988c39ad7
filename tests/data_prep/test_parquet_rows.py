"""Any JSON rows come back from Parquet as they were, or as the JSON text of what they were."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep.parquet_rows import groups_of_lines, write_parquet

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
    """Whether a stored value is the value: a missing field is None."""
    if isinstance(value, dict) and isinstance(stored, dict):
        return all(_is_kept(value.get(key), stored.get(key)) for key in {*value, *stored})
    if isinstance(value, list) and isinstance(stored, list):
        return len(value) == len(stored) and all(map(_is_kept, value, stored))
    return isinstance(value, bool) == isinstance(stored, bool) and value == stored


def _of_column(value: object, stored: object) -> object:
    """A stored cell as the value it stands for: another value than text may be JSON text, but only as a whole."""
    return json.loads(stored) if isinstance(stored, str) and not isinstance(value, str | None) else stored


@given(_ROWS, st.sampled_from([1, 2, 4096]))
def test_no_value_is_lost_or_rounded(rows: list[dict[str, object]], rows_of_a_group: int) -> None:
    with TemporaryDirectory() as folder, patch("data_prep.parquet_rows._GROUP_ROWS", rows_of_a_group):
        lines, file = Path(folder, "rows.jsonl"), Path(folder, "rows.parquet")
        lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
        write_parquet(file, partial(groups_of_lines, lines))
        stored = pq.read_table(file).to_pylist()
        assert sorted(path.name for path in Path(folder).iterdir()) == ["rows.jsonl", "rows.parquet"]
    assert len(stored) == len(rows)
    for row, kept in zip(rows, stored, strict=True):
        assert all(_is_kept(row.get(name), _of_column(row.get(name), kept[name])) for name in kept)
        assert row.keys() <= kept.keys()


def _nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "values",
    [
        [["a", 1], ["b", 2]],
        [{"a": ["x", None]}, {"a": [True]}],
        [{f"id{row}": 0.5} for row in range(200)],
        [[{f"id{row}": 0.5}] for row in range(200)],
        [_nested(60)] * 2,
    ],
    ids=["text_in_a_list", "text_in_an_object", "ids", "ids_in_a_list", "deep"],
)
@pytest.mark.parametrize("rows_of_a_group", [1, 4096])
def test_a_column_that_no_type_fits_is_json_as_a_whole(
    values: list[object], rows_of_a_group: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_prep.parquet_rows._GROUP_ROWS", rows_of_a_group)
    lines, file = tmp_path / "rows.jsonl", tmp_path / "rows.parquet"
    lines.write_text("".join(json.dumps({"c": value}) + "\n" for value in values))
    write_parquet(file, partial(groups_of_lines, lines))
    assert pq.read_table(file).to_pydict() == {"c": [json.dumps(value) for value in values]}


def test_a_row_group_is_small_wherever_its_rows_hold_their_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_prep.parquet_rows._GROUP_BYTES", 1000)
    lines, file = tmp_path / "rows.jsonl", tmp_path / "rows.parquet"
    rows: list[dict[str, object]] = [{"prompt": [{"role": "user", "content": "x" * 300}]}, {"logprobs": [0.25] * 200}]
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows * 12))
    write_parquet(file, partial(groups_of_lines, lines))
    with pq.ParquetFile(file) as stored:
        assert [stored.metadata.row_group(group).num_rows for group in range(stored.num_row_groups)] == [2] * 12
