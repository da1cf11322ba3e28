"""Upgrade and downgrade of the cluster version, and the corruption checks."""
import json
import time

from acceptance import api
from acceptance.cluster import refusal, until
from acceptance.members import our_member, real_member

rpc = api.rpc
VALIDATE, ENABLE, CANCEL = range(3)


# Real members of 3.5 have no Downgrade.
OURS = ("ours",) * 3


def version(member):
    return json.loads(member.get("/version")[1])["etcdcluster"]


def log_messages(cluster):
    return {line["msg"] for one in cluster for line in one.log_lines()}


def test_a_downgrade_lowers_version_and_files_of_all_members(make_cluster):
    cluster = make_cluster(kinds=OURS)
    cluster.wait_leader()
    until(lambda: {version(one) for one in cluster} == {"3.7.0"})
    follower = cluster.followers()[0]
    downgrade = follower.stub("Maintenance").Downgrade
    for text, error in [
            ("3", "wrong downgrade target version format"),
            ("3.5", "invalid downgrade target version"),
            ("3.7.0", "invalid downgrade target version")]:
        assert refusal(downgrade, rpc.DowngradeRequest(action=VALIDATE, version=text)) == (
            "INVALID_ARGUMENT", f"etcdserver: {error}")
    validated = downgrade(rpc.DowngradeRequest(action=VALIDATE, version="3.6"), timeout=20)
    assert validated.version == "3.7"
    downgrade(rpc.DowngradeRequest(action=ENABLE, version="3.6.0"), timeout=20)
    assert refusal(downgrade, rpc.DowngradeRequest(action=VALIDATE, version="3.6"))[0] in (
        "FAILED_PRECONDITION", "INVALID_ARGUMENT")  # the second once the version is lowered
    until(lambda: {version(one) for one in cluster} == {"3.6.0"})
    for one in cluster:
        until(lambda: one.status().storageVersion == "3.6.0", what="the version of the files")
        status = one.status()
        assert status.downgradeInfo.enabled and status.downgradeInfo.targetVersion == "3.6.0"
    # Operators wait for this line before they replace the members.
    ready = "The server is ready to downgrade"
    until(lambda: all(ready in {line["msg"] for line in one.log_lines()} for one in cluster))
    downgrade(rpc.DowngradeRequest(action=CANCEL), timeout=20)
    until(lambda: not any(one.status().downgradeInfo.enabled for one in cluster))
    # All members run 3.7, so without the downgrade the cluster and storage versions are 3.7 again.
    until(lambda: {version(one) for one in cluster} == {"3.7.0"})
    until(lambda: {one.status().storageVersion for one in cluster} == {"3.7.0"})
    # Without a downgrade it succeeds as well.
    assert downgrade(rpc.DowngradeRequest(action=CANCEL), timeout=20).version == "3.7"


def test_corruption_checks_pass_with_equal_data(make_cluster):
    cluster = make_cluster(
        "--corrupt-check-time=1s", "--compact-hash-check-time=1s",
        "--feature-gates=CompactHashCheck=true,InitialCorruptCheck=true", kinds=OURS)
    cluster.wait_leader()
    keys = cluster.followers()[0].stub("KV")
    for number in range(20):
        keys.Put(rpc.PutRequest(key=b"k%d" % (number % 3), value=b"%d" % number), timeout=20)
    keys.Compact(rpc.CompactionRequest(revision=10, physical=True), timeout=20)
    expected = {
        "initial corruption checking passed; no corruption", "finished peer corruption check",
        "finished compaction hash check", "successfully checked hash on whole cluster"}
    until(lambda: expected <= log_messages(cluster))
    assert not any(one.status().errors for one in cluster)


HELD = "cluster version is held so that the former etcd can come back"


def held_lines(member):
    return [line for line in member.log_lines() if line["msg"].startswith(HELD)]


def test_a_cluster_version_without_a_downgrade_path_is_raised_only_on_request(tmp_path):
    directory = tmp_path / "data"
    real = real_member(directory).start()
    ports = real.client_port, real.peer_port
    until(lambda: version(real) == "3.5.0")
    real.stop()
    ours = our_member(directory, ports=ports).start()
    until(lambda: held_lines(ours))
    time.sleep(5)
    assert version(ours) == "3.5.0" and ours.hash_kv()
    # Once in a term, with instructions to raise it.
    assert len(held_lines(ours)) == 1
    assert held_lines(ours)[0]["cluster-version"] == "3.5"
    assert "SWIFT_ETCD_RAISE_CLUSTER_VERSION=true" in held_lines(ours)[0]["msg"]
    ours.stop()
    raised = our_member(
        directory, ports=ports,
        environment={"SWIFT_ETCD_RAISE_CLUSTER_VERSION": "true"}).start()
    until(lambda: version(raised) == "3.7.0")
    assert len(held_lines(raised)) == 1  # from the earlier run, in the same file
    raised.stop()
    refused = real_member(directory, ports=ports).start(wait=False)
    assert refused.process.wait(60) != 0
    assert "invalid downgrade" in refused.tail()
    refused.log.close()
