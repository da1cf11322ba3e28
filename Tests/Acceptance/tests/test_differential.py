"""Differential test against the real etcd; see acceptance/differential.py."""
import pytest

from acceptance import differential


@pytest.mark.parametrize("seed", [1, 2])
def test_same_responses_as_the_real_etcd(seed):
    counts, errors = differential.run(seed, 5_000)
    assert sum(counts.values()) == 5_000
    assert errors > 100, "the generator must also generate invalid calls"


def test_same_responses_through_a_proxy():
    counts, errors = differential.run(3, 3_000, is_proxied=True)
    assert sum(counts.values()) == 3_000
    assert errors > 50
