from __future__ import annotations

import ast
from itertools import product
from pathlib import Path

import pytest

import rlvr
from rlvr.random_streams import Purpose, stream
from rlvr.rollout.sampling import UniformStream

# Files that may make a generator of their own: those of the samples, and what an evaluation measures by its own seed.
MAY_SEED = {"random_streams.py", "rollout/sampling.py", "evaluation/evaluate.py", "evaluation/metrics.py"}
SEEDS = {"SeedSequence", "Philox", "default_rng", "PCG64"}


def first_of(purpose: Purpose, *numbers: int, seed: int = 7) -> float:
    return float(stream(seed, purpose, *numbers).random())


@pytest.mark.parametrize("purpose", Purpose)
def test_no_choice_of_a_run_reads_the_numbers_of_a_sample(purpose: Purpose) -> None:
    samples = {UniformStream(seed=7, draw_index=d, sample_index=s).take(1).item() for d in range(8) for s in range(8)}
    assert len(samples) == 64
    for numbers in [(), *product(range(8)), *product(range(8), range(8))]:
        assert first_of(purpose, *numbers) not in samples


def test_each_purpose_and_each_of_its_numbers_has_a_stream_of_its_own() -> None:
    keys = [(p, *numbers) for p in Purpose for numbers in [*product(range(4)), *product(range(4), range(4))]]
    assert len({first_of(*key) for key in keys}) == len(keys)
    assert first_of(Purpose.DRAW, 3) == first_of(Purpose.DRAW, 3)
    assert first_of(Purpose.DRAW, 3) != first_of(Purpose.DRAW, 3, seed=8)


def test_every_choice_of_a_run_takes_its_numbers_from_a_purpose() -> None:
    package = Path(rlvr.__file__).parent
    seeding = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name) and getattr(node, "attr", getattr(node, "id", "")) in SEEDS
    }
    assert seeding == MAY_SEED
