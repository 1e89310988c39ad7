"""Sketches: how well they estimate, and what a table of them finds."""

from __future__ import annotations

import pytest

from data_prep.validation.minhash import HASHES, Table, similarity, sketch


@pytest.mark.parametrize("common", [12, 40, 64])
def test_the_share_of_equal_places_estimates_the_similarity(common: int) -> None:
    errors = []
    for trial in range(40):
        one = {f"{trial} one {n}" for n in range(80)}
        other = {f"{trial} {'one' if n < common else 'other'} {n}" for n in range(80)}
        truth = len(one & other) / len(one | other)
        errors.append(similarity(sketch(one), sketch(other)) - truth)
    deviation = (truth * (1 - truth) / HASHES) ** 0.5
    assert abs(sum(errors) / len(errors)) < 4 * deviation / len(errors) ** 0.5
    assert max(map(abs, errors)) < 5 * deviation


def test_a_table_finds_the_alike_and_not_the_unlike() -> None:
    table = Table(bands=25, rows=5)
    words = [f"word {n}" for n in range(60)]
    table.add(1, sketch(set(words)))
    table.add(2, sketch({f"other {n}" for n in range(60)}))
    assert table.find(sketch({*words[:55], "new"})) == {1}
    assert table.find(sketch({f"third {n}" for n in range(60)})) == set()


def test_a_set_of_nothing_is_like_nothing_but_itself() -> None:
    assert similarity(sketch(set()), sketch(set())) == 1.0
    assert similarity(sketch(set()), sketch({"one"})) == 0.0
