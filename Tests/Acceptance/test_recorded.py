"""Ours against recorded answers of a real etcd 3.7.1, for calls that 3.5.1 does not have."""
import pathlib

import pytest

import recorded
from cluster import until
from members import our_member

FOLDER = pathlib.Path(__file__).resolve().parent / "recorded"


@pytest.mark.parametrize("topic", sorted(path.stem for path in FOLDER.glob("*.jsonl")))
def test_same_answers_as_recorded(topic, tmp_path):
    heading, steps = recorded.read(FOLDER / f"{topic}.jsonl")
    assert heading["etcd"] == "3.7.1" and len(steps) > 10
    member = our_member(tmp_path / "data").start()
    try:
        until(lambda: '"etcdcluster":"3.7' in member.get("/version")[1])
        found = recorded.differences(member, steps)
    finally:
        member.close()
    assert not found, "\n" + "\n".join(found)
