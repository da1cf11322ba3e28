"""Comparison with 1,022 recorded calls and starts of a real etcd 3.7.1 with authentication.

Every kind of caller makes every call; compared are code, text, response, and the auth revision
after each change. acceptance/auth_replay.py describes the files.
"""
import json

import pytest

from acceptance import auth_replay, recorded


@pytest.mark.parametrize("topic", auth_replay.topics())
def test_same_responses_as_recorded(topic, tmp_path, certificates):
    found = auth_replay.replay(topic, tmp_path, certificates)
    assert not found, "\n" + "\n".join(found)


def test_same_starts_as_recorded(tmp_path):
    found = auth_replay.starts(tmp_path)
    assert not found, "\n" + "\n".join(found)


def test_nothing_is_left_out_and_each_difference_has_its_reason():
    steps = [step for topic in auth_replay.topics()
             for step in recorded.read(auth_replay.FOLDER / f"{topic}.jsonl")[1]]
    headings = [recorded.read(auth_replay.FOLDER / f"{topic}.jsonl")[0]
                for topic in auth_replay.topics()]
    starts = (auth_replay.FOLDER / "starts.jsonl").read_text().splitlines()
    ids = {step["id"] for step in steps} | {json.loads(line)["id"] for line in starts}
    assert len(steps) + len(starts) + sum("id" in one for one in headings) == 1_022
    for name, row in auth_replay.differences().items():
        assert name in ids and row["reason"], row
