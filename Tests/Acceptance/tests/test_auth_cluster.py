"""Users and permissions in clusters: ours alone, and with real etcd 3.5.1 members in every role.

All members must refuse alike: a member that applied a put which the others refuse would have other
data for ever. `--kinds` does not apply here: the kinds are part of the tests.
"""
import contextlib

import grpc
import pytest

from acceptance import api, history, users
from acceptance.auth_differential import error_of_3_7
from acceptance.cluster import binary, is_3_5, log_errors, metric, put_with_lease, refusal, until
from acceptance.users import login, metadata, permission

rpc = api.rpc
READ, WRITE, BOTH = 0, 1, 2
USERS = [("alice", "alicepw", [(BOTH, b"a/", b"a0"), (WRITE, b"w/", b"w0")]),
         ("bob", "bobpw", [(READ, b"a/", b"a0")])]
# Small enough for snapshots; 3.5.1 always keeps 5,000 entries.
FLAGS = ("--bcrypt-cost=4", "--snapshot-count=100", "--snapshot-catchup-entries=50")
BEYOND_THE_LOG_OF_3_5 = 6_000
DENIED = ("PERMISSION_DENIED", "etcdserver: permission denied")
NOBODY = ("INVALID_ARGUMENT", "etcdserver: user name is empty")
MIXED = [("real", "real", "ours"), ("ours", "ours", "real"), ("ours",) * 3]


def compare(key):
    return rpc.Compare(key=key, target="VERSION", version=0)


def put(key, **fields):
    return rpc.RequestOp(request_put=rpc.PutRequest(key=key, **fields))


# Calls that 3.5.1 and 3.7 permit to the same users.
CALLS = {
    "put": ("KV.Put", rpc.PutRequest(key=b"a/1", value=b"1")),
    "put elsewhere": ("KV.Put", rpc.PutRequest(key=b"x")),
    "put with the previous value": ("KV.Put", rpc.PutRequest(key=b"w/1", prev_kv=True)),
    "put with a lease": ("KV.Put", rpc.PutRequest(key=b"a/1", lease=7)),
    "range": ("KV.Range", rpc.RangeRequest(key=b"a/", range_end=b"a0", keys_only=True)),
    "local range": ("KV.Range", rpc.RangeRequest(key=b"a/1", serializable=True, keys_only=True)),
    "range elsewhere": ("KV.Range", rpc.RangeRequest(key=b"w/1")),
    "local range elsewhere": ("KV.Range", rpc.RangeRequest(key=b"x", serializable=True)),
    "open range": ("KV.Range", rpc.RangeRequest(key=b"a/", range_end=b"\0", count_only=True)),
    "delete": ("KV.DeleteRange", rpc.DeleteRangeRequest(key=b"a/2")),
    "delete elsewhere": ("KV.DeleteRange", rpc.DeleteRangeRequest(key=b"a/", range_end=b"\0")),
    "txn": ("KV.Txn", rpc.TxnRequest(compare=[compare(b"a/3")], success=[put(b"a/4")])),
    "txn elsewhere": ("KV.Txn", rpc.TxnRequest(success=[put(b"a/4")], failure=[put(b"x")])),
    "nested txn": ("KV.Txn", rpc.TxnRequest(success=[rpc.RequestOp(
        request_txn=rpc.TxnRequest(success=[put(b"w/1", prev_kv=True)]))])),
    "txn that reads": ("KV.Txn", rpc.TxnRequest(compare=[compare(b"w/1")])),
    "revocation of a lease": ("Lease.LeaseRevoke", rpc.LeaseRevokeRequest(ID=7)),
    "own roles": ("Auth.UserGet", rpc.AuthUserGetRequest(name="bob")),
    "role": ("Auth.RoleGet", rpc.AuthRoleGetRequest(role="bob")),
    "users": ("Auth.UserList", rpc.AuthUserListRequest()),
    "grant": ("Auth.UserGrantRole", rpc.AuthUserGrantRoleRequest(user="alice", role="alice")),
    "hash": ("Maintenance.HashKV", rpc.HashKVRequest(revision=1)),
}
# 3.5.1 does not check transactions inside others; its data would differ for ever.
NOT_CHECKED_BY_3_5 = {"nested txn"}
# Root could really revoke the lease, and delete its key.
NOT_FOR_ROOT = {"revocation of a lease", "delete elsewhere"}


def add_users(cluster, enable=True):
    """Users, enabled; from then on the cluster is queried as root."""
    auth = cluster.wait_leader().stub("Auth")
    users.setup(auth, USERS, enable=False)
    cluster.wait_leader().stub("Lease").LeaseGrant(rpc.LeaseGrantRequest(TTL=6000, ID=7))
    cluster.wait_leader().stub("KV").Put(rpc.PutRequest(key=b"x/locked", lease=7))
    if enable:
        auth.AuthEnable(rpc.AuthEnableRequest())
        cluster.user = ("root", "rootpw")


def plain(member, service):
    """A stub without the user of the cluster."""
    return member.stub(service, as_user=False)


def tokens(member):
    auth = plain(member, "Auth")
    return {"nobody": None, "wrong": metadata("AAAAAAAAAAAAAAAA.1"),
            **{name: metadata(login(auth, name, f"{name}pw")) for name in ("root", "alice", "bob")}}


def verdict(member, name, caller):
    """What a member responds to a call: OK, or code and text."""
    call, request = CALLS[name]
    service, method = call.split(".")
    try:
        getattr(plain(member, service), method)(request, metadata=caller, timeout=20)
    except grpc.RpcError as error:
        return error_of_3_7(error)
    return "OK"


def verdicts(member, callers, unchecked):
    return {(who, name): verdict(member, name, caller)
            for who, caller in callers.items() for name in CALLS
            if name not in unchecked and not (who == "root" and name in NOT_FOR_ROOT)}


def require_same_verdicts(cluster):
    """Every member knows every token, and responds as the others; also has the same data."""
    members = cluster.running()
    has_3_5 = any(is_3_5(binary(one.kind)) for one in members)
    unchecked = NOT_CHECKED_BY_3_5 if has_3_5 else set()
    found = {one.name: verdicts(one, tokens(members[(number + 1) % len(members)]), unchecked)
             for number, one in enumerate(members)}
    expected = found[members[0].name]
    assert expected["alice", "put"] == "OK" and expected["bob", "put"] == DENIED
    assert expected["nobody", "put"] == NOBODY and expected["root", "put elsewhere"] == "OK"
    assert expected["alice", "put with a lease"] == DENIED
    for one in members:
        different = {key: (expected[key], found[one.name][key]) for key in expected
                     if found[one.name][key] != expected[key]}
        assert not different, (one.name, one.kind, different)
    cluster.same_hashes()
    revisions = {one.stub("Auth").AuthStatus(rpc.AuthStatusRequest()).authRevision
                 for one in members}
    assert len(revisions) == 1
    for one in members:
        assert not log_errors(one), (one.name, one.kind, log_errors(one)[:3])


@pytest.mark.parametrize("kinds", MIXED, ids=",".join)
def test_all_members_refuse_alike_whoever_leads(make_cluster, kinds):
    cluster = make_cluster("--bcrypt-cost=4", kinds=kinds)
    add_users(cluster)
    for leader in cluster:
        if cluster.wait_leader() is not leader:
            cluster.move_leader(leader)
        require_same_verdicts(cluster)


@pytest.mark.parametrize("kinds", MIXED, ids=",".join)
def test_changes_of_users_under_load_leave_all_members_equal(make_cluster, kinds, tmp_path):
    cluster = make_cluster("--bcrypt-cost=4", kinds=kinds)
    add_users(cluster)
    record = history.History(tmp_path / "history.jsonl")
    clients = history.start_clients(3, record, lambda: list(cluster), seed=1)
    try:
        for number in range(12):
            member = cluster[number % 3]
            auth, root = plain(member, "Auth"), metadata(
                login(plain(member, "Auth"), "root", "rootpw"))
            auth.RoleGrantPermission(rpc.AuthRoleGrantPermissionRequest(
                name="bob", perm=permission(BOTH, b"b%d" % number)), metadata=root)
            bob = metadata(login(auth, "bob", "bobpw"))
            plain(member, "KV").Put(rpc.PutRequest(key=b"b%d" % number), metadata=bob)
            auth.RoleRevokePermission(rpc.AuthRoleRevokePermissionRequest(
                role="bob", key=b"b%d" % number), metadata=root)
            for one in cluster:
                # The revocation is applied on this member once it serves a linearizable read.
                plain(one, "KV").Range(rpc.RangeRequest(key=b"a/1"), metadata=bob)
                assert refusal(plain(one, "KV").Put, rpc.PutRequest(key=b"b%d" % number),
                               metadata=bob) == DENIED
    finally:
        history.stop_clients(clients)
        record.close()
    require_same_verdicts(cluster)


# Joining and starting


def joined(cluster, kind="ours"):
    one = cluster.add(kind, learner=True)
    cluster.promote(one)
    return one


@pytest.mark.parametrize("kind", ["real", "ours"])
def test_ours_joins_a_cluster_with_users(make_cluster, kind):
    cluster = make_cluster("--bcrypt-cost=4", kinds=(kind,))
    add_users(cluster)
    ours = joined(cluster)
    require_same_verdicts(cluster)
    cluster.move_leader(ours)
    require_same_verdicts(cluster)


@pytest.mark.parametrize("kind", ["real", "ours"])
def test_ours_receives_a_snapshot_with_users(make_cluster, tmp_path, kind):
    cluster = make_cluster(*FLAGS, kinds=(kind,))
    ours = joined(cluster)
    cluster[0].etcdctl("put", "own", "1")
    ours.stop()
    # Without it the remaining member has no quorum.
    third = joined_later(cluster, ours, kind)
    add_users(cluster)
    record = history.History(tmp_path / "history.jsonl")
    history.fill(cluster[0], record, BEYOND_THE_LOG_OF_3_5 if kind == "real" else 300)
    record.close()
    ours.start(wait=False)
    ours.wait_ready()
    until(lambda: metric(ours, "etcd_network_snapshot_receive_success"), what="a snapshot")
    assert third.is_running
    require_same_verdicts(cluster)
    ours.kill()
    ours.start()
    require_same_verdicts(cluster)


def joined_later(cluster, stopped, kind):
    """A third member, added while the stopped one is down and back for the change."""
    stopped.start()
    third = joined(cluster, kind)
    stopped.stop()
    return third


@pytest.mark.parametrize("kinds", MIXED, ids=",".join)
def test_members_are_present_when_users_are_added_and_go_away_and_return(make_cluster, kinds):
    cluster = make_cluster("--bcrypt-cost=4", kinds=kinds)
    add_users(cluster, enable=False)
    auth = cluster.wait_leader().stub("Auth")
    auth.AuthEnable(rpc.AuthEnableRequest())
    cluster.user = ("root", "rootpw")
    # The change must be stored with its index: applied twice, or not at all, members would differ.
    ours = [one for one in cluster if one.kind == "ours"]
    cluster.kill(ours)
    for one in ours:
        one.start(wait=False)
    cluster.wait_healthy()
    require_same_verdicts(cluster)
    for one in cluster:
        one.stop()
    cluster.start()
    require_same_verdicts(cluster)
    root = metadata(login(plain(cluster[0], "Auth"), "root", "rootpw"))
    plain(cluster[1], "Auth").AuthDisable(rpc.AuthDisableRequest(), metadata=root)
    cluster.user = None
    for one in cluster:
        until(lambda: is_open(one), what="authentication off everywhere")
    cluster.same_hashes()


def is_open(member):
    with contextlib.suppress(grpc.RpcError):
        plain(member, "KV").Put(rpc.PutRequest(key=b"open"), timeout=5)
        return True
    return False


def test_a_member_switches_programs_on_a_directory_with_users(make_cluster):
    cluster = make_cluster("--bcrypt-cost=4", kinds=("real",) * 3)
    add_users(cluster)
    for kind in ("ours", "real"):
        for one in cluster:
            one.stop()
            one.kind = kind
            one.start()
            require_same_verdicts(cluster)


# What members do for each other


@pytest.mark.parametrize("kinds", [("ours", "real"), ("ours", "ours")], ids=",".join)
def test_a_promotion_asked_of_a_follower_is_checked(make_cluster, kinds):
    """`kinds` are those of the leader and of the follower that is asked. A member of 3.5.1 forwards
    a promotion without its caller, and as the leader refuses all forwarded ones."""
    cluster = make_cluster("--bcrypt-cost=4", kinds=kinds)
    add_users(cluster)
    leader, follower = cluster
    if cluster.wait_leader() is not leader:
        cluster.move_leader(leader)
    learner = cluster.add("ours", learner=True)
    promote = plain(follower, "Cluster").MemberPromote
    request = rpc.MemberPromoteRequest(ID=learner.id)
    callers = tokens(follower)
    assert refusal(promote, request) == NOBODY
    for who in ("alice", "bob"):
        assert refusal(promote, request, metadata=callers[who]) == DENIED
    assert refusal(promote, request, metadata=callers["wrong"])[1] == (
        "etcdserver: invalid auth token")
    assert any(one.isLearner for one in cluster.member_list(follower))
    cluster.promote(learner, via=leader if is_3_5(binary(follower.kind)) else follower)
    require_same_verdicts(cluster)


@pytest.mark.parametrize("asked", ["leader", "follower"])
def test_leases_asked_of_any_member_are_checked(make_cluster, asked):
    cluster = make_cluster("--bcrypt-cost=4", kinds=("ours",) * 3)
    add_users(cluster)
    member = cluster.wait_leader() if asked == "leader" else cluster.followers()[0]
    callers, lease = tokens(member), plain(member, "Lease")
    renewal = [rpc.LeaseKeepAliveRequest(ID=7)]
    for who, expected in [("alice", DENIED), ("bob", DENIED), ("nobody", NOBODY)]:
        assert refusal(lease.LeaseKeepAlive, iter(renewal), metadata=callers[who]) == expected
        assert refusal(lease.LeaseTimeToLive, rpc.LeaseTimeToLiveRequest(ID=7, keys=True),
                       metadata=callers[who]) == expected
    response = next(lease.LeaseKeepAlive(iter(renewal), metadata=callers["root"]))
    assert response.TTL == 6000
    response = lease.LeaseTimeToLive(
        rpc.LeaseTimeToLiveRequest(ID=7, keys=True), metadata=callers["root"])
    assert list(response.keys) == [b"x/locked"]
    response = lease.LeaseTimeToLive(
        rpc.LeaseTimeToLiveRequest(ID=7), metadata=callers["bob"])
    assert response.grantedTTL == 6000 and not response.keys


def test_a_member_that_lags_waits_for_the_login_of_a_token(make_cluster):
    cluster = make_cluster("--bcrypt-cost=4", kinds=("ours",) * 3)
    add_users(cluster)
    lagging = cluster.followers()[0]
    other = next(one for one in cluster if one is not lagging)
    lagging.freeze()
    alice = tokens(other)["alice"]
    lagging.resume()
    # A read that waits for no other member: the token must be known first.
    response = plain(lagging, "KV").Range(
        rpc.RangeRequest(key=b"a/1", serializable=True), metadata=alice, timeout=30)
    assert response.header.member_id == lagging.id


@pytest.mark.parametrize("kinds", MIXED, ids=",".join)
def test_leases_expire_whoever_leads(make_cluster, kinds):
    cluster = make_cluster("--bcrypt-cost=4", kinds=kinds)
    add_users(cluster)
    for number, leader in enumerate(cluster):
        if cluster.wait_leader() is not leader:
            cluster.move_leader(leader)
        root = tokens(leader)["root"]
        put_with_lease(plain(leader, "Lease"), plain(leader, "KV"), b"x/short", 100 + number,
                       metadata=root)
        until(lambda: not plain(leader, "KV").Range(
            rpc.RangeRequest(key=b"x/short"), metadata=root).kvs, 40, "the end of the lease")
    require_same_verdicts(cluster)
