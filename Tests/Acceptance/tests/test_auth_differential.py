"""Differential test with users against the real etcd; see acceptance/auth_differential.py."""
import pytest

from acceptance import auth_differential


@pytest.mark.parametrize("seed, tokens", [(1, "simple"), (4, "jwt")])
def test_same_responses_to_every_caller_as_the_real_etcd(seed, tokens):
    counts, errors, refusals = auth_differential.run(seed, 4_000, tokens)
    assert errors > 100
    expected = ["etcdserver: permission denied", "etcdserver: user name is empty",
                "etcdserver: invalid auth token"]
    if tokens == "jwt":
        expected.append("etcdserver: revision of auth store is old")
    assert all(refusals.get(text, 0) >= 5 for text in expected), refusals
    assert counts["Auth.AuthDisable"] > 5
