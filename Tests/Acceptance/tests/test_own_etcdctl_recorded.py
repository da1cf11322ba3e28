"""Our etcdctl with our servers does what etcdctl 3.7.1 was recorded to do with servers of 3.7.1."""
import re

import pytest

from acceptance import api
from acceptance.etcdctl_captures import FILES, STATUS_ONLY, STOPPED, captures, comparable
from acceptance.etcdctl_replay import (
    ALONE, ALONE_CLUSTER_ID, CLUSTER_ID, RECORDED, Names, Replay, ids_of, three_members)
from acceptance.members import our_member

# The messages of outputs in protobuf, by the command.
MESSAGES = {
    "put": "PutResponse", "get": "RangeResponse", "del": "DeleteRangeResponse",
    "lease": "ResponseHeader", "user": "AuthUserListResponse", "auth": "AuthStatusResponse"}
# What these list comes in any order: that of responses, or of IDs that are random.
UNORDERED = ("--cluster", "lease list", "member list", "member add lx")


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """The replay on three members: the recordings continue each other."""
    directory = tmp_path_factory.mktemp("replay")
    cluster = three_members(directory / "three")
    first = cluster.members["n1"]
    names = Names(RECORDED, list(cluster), [one.id for one in cluster],
                  (CLUSTER_ID, ids_of(first)[0]))
    yield Replay(names, first.endpoint, directory, cluster)
    cluster.close()


@pytest.fixture
def alone(tmp_path):
    """The replay on one member."""
    member = our_member(tmp_path / "alone.etcd").start()
    cluster_id, identity = ids_of(member)
    names = Names(ALONE, [member], [identity], (ALONE_CLUSTER_ID, cluster_id))
    yield Replay(names, member.endpoint, tmp_path)
    member.close()


@pytest.mark.parametrize("name", FILES)
def test_captures_are_replayed(request, name):
    replay = request.getfixturevalue("alone" if name in ("users", "status") else "three")
    differences = []
    for capture in captures(name):
        if capture.is_setup:
            replay.set_up(capture.line)
        elif capture.status == STOPPED:
            replay.follow(capture)
        elif text := difference(capture, *replay.run(capture.line)):
            differences.append(text)
        else:
            replay.learn_lease(capture.output, replay.unmasked)
    assert not differences, "\n\n".join(differences)


def difference(capture, status, output, errors):
    """What is not as captured, as text."""
    is_compared = not capture.has_no_text and not any(
        capture.line.startswith(line) for line in STATUS_ONLY)
    problems = []
    if capture.status not in (None, status):
        problems.append(f"exit {status}, recorded {capture.status}")
    if is_compared:
        expected = capture.output
        if "xxd" in capture.line:
            output, expected = protobuf(capture, output)
        problems += unequal(capture, "output", expected, output)
        problems += unequal(capture, "errors", capture.errors, errors)
    return f"$ {capture.line}\n" + "\n".join(problems) if problems else ""


def unequal(capture, stream, expected, actual):
    expected, actual = comparable(expected), comparable(actual)
    if any(word in capture.line for word in UNORDERED) and not capture.is_cut:
        # Some of the listed leases end after two seconds.
        collect = set if "lease list" in capture.line else sorted
        expected, actual = (
            collect(re.split(r'[\s,"{}]+', re.sub(r"found \d+", "found", text)))
            for text in (expected, actual))
    elif capture.is_cut:
        expected, actual = expected.rstrip("\n"), actual[:len(expected.rstrip("\n"))]
    return [f"{stream}:\n{actual}\nrecorded:\n{expected}"] if expected != actual else []


def protobuf(capture, output):
    """Two outputs in protobuf as texts without the IDs."""
    expected = bytes.fromhex(capture.output.strip())
    message = MESSAGES.get(capture.line.split()[0])
    if not message or expected.startswith(b"Error"):
        return output.decode(), expected.decode()
    return tuple(text_of(message, one) for one in (output, expected))


def text_of(name, data):
    message = getattr(api.rpc, name).FromString(data)
    header = message if name == "ResponseHeader" else message.header
    assert header.cluster_id and header.member_id
    header.Clear()
    return str(message)
