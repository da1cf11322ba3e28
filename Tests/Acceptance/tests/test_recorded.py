"""Comparison with recorded responses of a real etcd 3.7.1, for calls that 3.5.1 lacks."""
import pytest

from acceptance import recorded
from acceptance.cluster import until
from acceptance.members import our_member


@pytest.mark.parametrize("topic", sorted(path.stem for path in recorded.FOLDER.glob("*.jsonl")))
def test_same_responses_as_recorded(topic, tmp_path):
    heading, steps = recorded.read(recorded.FOLDER / f"{topic}.jsonl")
    assert heading["etcd"] == "3.7.1" and len(steps) > 10
    member = our_member(tmp_path / "data").start()
    try:
        until(lambda: '"etcdcluster":"3.7' in member.get("/version")[1])
        found = recorded.differences(member, steps)
    finally:
        member.close()
    assert not found, "\n" + "\n".join(found)
