"""Comparison with 634 exchanges of the JSON gateway, recorded on a real etcd 3.7.1.

acceptance/gateway_replay.py describes the files.
"""
import fnmatch

import pytest

from acceptance import gateway_replay, recorded


@pytest.mark.parametrize("topic", gateway_replay.topics())
def test_same_responses_as_recorded(topic, tmp_path, certificates):
    found = gateway_replay.replay(topic, tmp_path, certificates)
    assert not found, "\n" + "\n".join(found)


def test_nothing_is_left_out_and_each_difference_has_its_reason():
    ids = [step["id"] for topic in gateway_replay.topics()
           for step in recorded.read(gateway_replay.FOLDER / f"{topic}.jsonl")[1]]
    assert len(ids) == len(set(ids)) == 634
    for row in gateway_replay.differences():
        assert fnmatch.filter(ids, row.get("id") or row["ids"]) and row["reason"], row
