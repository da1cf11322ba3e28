"""Ours against the real etcd, call by call."""
import pytest

import twin


@pytest.mark.parametrize("seed", [1, 2])
def test_same_answers_as_the_real_etcd(seed):
    counts, errors = twin.run(seed, 5_000)
    assert sum(counts.values()) == 5_000
    assert errors > 100, "the generator must also make invalid calls"
