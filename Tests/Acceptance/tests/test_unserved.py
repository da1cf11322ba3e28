"""A database that was damaged in transfer is not installed, and the member's own data is unchanged.
"""
import subprocess

from acceptance import history
from acceptance.cluster import metric, until
from acceptance.members import our_etcdutl

# Small enough for snapshots; 3.5.1 always keeps 5,000 entries.
FLAGS = ("--snapshot-count=100", "--snapshot-catchup-entries=50")
BEYOND_THE_LOG_OF_3_5 = 6_000


def read(member, key, *flags):
    """The value of a key on this member."""
    return member.etcdctl("get", key, "--consistency=s", "--print-value-only", *flags,
                          check=False).stdout.strip()


def hash_of_keys(member):
    result = subprocess.run(
        [our_etcdutl(), "hashkv", str(member.directory / "member/snap/db")],
        capture_output=True, text=True, check=True)
    return result.stdout


def fill(member, tmp_path):
    record = history.History(tmp_path / "history.jsonl")
    history.fill(member, record, BEYOND_THE_LOG_OF_3_5)
    record.close()


def lagging_learner(cluster, tmp_path):
    """A stopped learner of ours with the key `own`, which needs a snapshot of the real member."""
    real = cluster[0]
    ours = cluster.add("ours", learner=True)
    real.etcdctl("put", "own", "1")
    until(lambda: read(ours, "own") == "1")
    ours.stop()
    fill(real, tmp_path)
    return ours


def test_a_database_damaged_in_transfer_is_not_installed(make_cluster, tmp_path):
    cluster = make_cluster(*FLAGS, kinds=("real",), proxies=True)
    real = cluster[0]
    ours = lagging_learner(cluster, tmp_path)
    # A meta page (its magic), each time the database is sent.
    cluster.proxies.damage(real.name, ours.name, b"\xed\xda\x0c\xed")
    before = hash_of_keys(ours)
    ours.start(wait=False)

    def rejections():
        return [line for line in ours.log_lines()
                if line["msg"] == "the received database is refused, and the present one stays"]
    until(rejections, what="a rejected database")
    assert rejections()[0]["error"].startswith("the database is corrupt: page ")
    assert ours.is_running
    ours.kill()
    assert hash_of_keys(ours) == before
    real.etcdctl("put", "later", "1")
    ours.start(wait=False)
    cluster.proxies.heal()
    until(lambda: read(ours, "later") == "1", what="the undamaged snapshot")
    until(lambda: metric(ours, "etcd_network_snapshot_receive_success") >= 1)
    cluster.promote(ours)
    cluster.same_hashes()
