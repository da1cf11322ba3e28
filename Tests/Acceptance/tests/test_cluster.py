"""Clusters of three members: election, forwarding, membership changes, loss of the majority.

Run with --kinds real,real,real, or ETCD_BINARY set to a real etcd, to check the tests themselves.
"""
import re
import signal
import subprocess
import threading
import time

import grpc
import pytest

from acceptance import api, load
from acceptance.cluster import (
    CATCHUP_ENTRIES_OF_3_5, binary, connect, hash_at, is_3_5, log_errors, metric, put_with_lease,
    refusal, until)
from acceptance.members import free_ports, tool

rpc = api.rpc


def put(member, key, value=b"value", **options):
    return member.stub("KV").Put(rpc.PutRequest(key=key, value=value, **options), timeout=20)


def get(member, key, **options):
    response = member.stub("KV").Range(rpc.RangeRequest(key=key, **options), timeout=20)
    return [one.value for one in response.kvs]


# Election and status

def test_three_members_agree_on_one_leader(cluster):
    leader = cluster.wait_leader()
    statuses = [one.status() for one in cluster]
    assert [one.header.member_id for one in statuses] == [one.id for one in cluster]
    assert len({one.header.cluster_id for one in statuses}) == 1
    assert {one.leader for one in statuses} == {leader.id}
    assert len({one.raftTerm for one in statuses}) == 1 and statuses[0].raftTerm >= 2
    assert not any(one.isLearner or one.errors for one in statuses)
    assert [metric(one, "etcd_server_is_leader") for one in cluster] == \
        [float(one is leader) for one in cluster]
    assert all(metric(one, "etcd_server_has_leader") == 1 for one in cluster)


def test_all_members_know_all_members(cluster):
    names = {member.name for member in cluster}
    for one in cluster:
        until(lambda: {member.name for member in cluster.member_list(one)} == names)
        listed = {member.name: member for member in cluster.member_list(one)}
        for member in cluster:
            known = listed[member.name]
            assert list(known.peerURLs) == [member.peer_url]
            assert list(known.clientURLs) == [member.url]
            assert not known.isLearner


def test_the_election_is_logged(cluster):
    leader = cluster.wait_leader()
    messages = {one.name: [line["msg"] for line in one.log_lines()] for one in cluster}
    term = leader.status().raftTerm
    assert any(re.fullmatch(rf"{leader.hex_id} became leader at term {term}", text)
               for text in messages[leader.name])
    for one in cluster.followers():
        assert any(re.fullmatch(
            rf"raft.node: {one.hex_id} (elected leader|changed leader from \w+ to) "
            rf"{leader.hex_id} at term {term}", text) for text in messages[one.name])
    assert not any(log_errors(one) for one in cluster)


# Requests to any member

def test_every_member_accepts_writes_and_all_others_read_them_at_once(cluster):
    for number in range(10):
        for writer in cluster:
            value = f"{number} by {writer.name}".encode()
            revision = put(writer, b"written", value).header.revision
            for reader in cluster:
                response = reader.stub("KV").Range(rpc.RangeRequest(key=b"written"), timeout=20)
                assert response.kvs[0].value == value
                assert response.kvs[0].mod_revision == revision
                assert response.header.member_id == reader.id


def test_serializable_reads_are_served_by_the_member_itself(cluster):
    revision = put(cluster.wait_leader(), b"serializable").header.revision
    for one in cluster:
        def seen():
            response = one.stub("KV").Range(
                rpc.RangeRequest(key=b"serializable", serializable=True), timeout=20)
            return response.header.revision >= revision and response.kvs
        assert until(seen)[0].mod_revision == revision


def test_transactions_deletions_and_compactions_through_followers(cluster):
    one, other = cluster.followers()
    txn = rpc.TxnRequest(
        compare=[rpc.Compare(key=b"txn", target="VERSION", version=0)],
        success=[rpc.RequestOp(request_put=rpc.PutRequest(key=b"txn", value=b"1"))])
    assert one.stub("KV").Txn(txn, timeout=20).succeeded
    assert not other.stub("KV").Txn(txn, timeout=20).succeeded
    delete = rpc.DeleteRangeRequest(key=b"txn", prev_kv=True)
    deleted = one.stub("KV").DeleteRange(delete, timeout=20).prev_kvs
    assert [pair.value for pair in deleted] == [b"1"]
    revision = cluster.revision()
    one.stub("KV").Compact(rpc.CompactionRequest(revision=revision, physical=True), timeout=20)
    for member in cluster:
        until(lambda: "compacted" in refused_at(member, revision - 1))


def refused_at(member, revision):
    request = rpc.RangeRequest(key=b"txn", revision=revision, serializable=True)
    try:
        member.stub("KV").Range(request, timeout=20)
    except grpc.RpcError as error:
        return error.details()
    return ""


def test_errors_are_the_same_on_every_member(cluster):
    for one in cluster:
        assert refusal(one.stub("KV").Put, rpc.PutRequest(key=b"a", lease=404)) == (
            "NOT_FOUND", "etcdserver: requested lease not found")
        assert refusal(one.stub("KV").Range, rpc.RangeRequest(key=b"a", revision=10**9)) == (
            "OUT_OF_RANGE", "etcdserver: mvcc: required revision is a future revision")
        assert refusal(one.stub("Lease").LeaseRevoke, rpc.LeaseRevokeRequest(ID=404)) == (
            "NOT_FOUND", "etcdserver: requested lease not found")


def test_watchers_on_all_members_see_writes_to_all_members(cluster):
    start = cluster.revision() + 1
    create = rpc.WatchRequest(create_request=rpc.WatchCreateRequest(
        key=b"watched", start_revision=start))
    done = threading.Event()

    def requests():
        yield create
        done.wait(60)
    streams = [one.stub("Watch").Watch(requests(), timeout=60) for one in cluster]
    for number in range(30):
        put(cluster[number % 3], b"watched", b"%d" % number)
    try:
        for stream in streams:
            values = []
            while len(values) < 30:
                values += [event.kv.value for event in next(stream).events]
            assert values == [b"%d" % number for number in range(30)]
    finally:
        done.set()


def test_alarms_are_known_to_all_members(cluster):
    one, other = cluster.followers()
    alarm = rpc.AlarmRequest(action="ACTIVATE", memberID=other.id, alarm="NOSPACE")
    one.stub("Maintenance").Alarm(alarm, timeout=20)
    try:
        for member in cluster:
            until(lambda: refused_for_space(member))
            until(lambda: f"memberID:{other.id} alarm:NOSPACE" in " ".join(member.status().errors)
                  .replace(": ", ":").replace("  ", " "))
    finally:
        alarm.action = rpc.AlarmRequest.DEACTIVATE
        other.stub("Maintenance").Alarm(alarm, timeout=20)
    for member in cluster:
        until(lambda: not refused_for_space(member))


def refused_for_space(member):
    try:
        put(member, b"space")
    except grpc.RpcError as error:
        return error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    return False


# Leases

def keep_alive(member, lease):
    stream = member.stub("Lease").LeaseKeepAlive(
        iter([rpc.LeaseKeepAliveRequest(ID=lease)]), timeout=20)
    return next(stream).TTL


def time_to_live(member, lease):
    return member.stub("Lease").LeaseTimeToLive(
        rpc.LeaseTimeToLiveRequest(ID=lease, keys=True), timeout=20)


def test_many_keepalives_at_once_through_every_member(cluster):
    """All of one stream, and of several: the leader gets many of them in one request."""
    grant = cluster[0].stub("Lease").LeaseGrant
    for number in range(200):
        grant(rpc.LeaseGrantRequest(ID=5_000 + number, TTL=60), timeout=20)
    # Every tenth lease does not exist.
    ids = [5_000 + number if number % 10 else 9_000 + number for number in range(200)]
    for member in cluster:
        streams = [member.stub("Lease").LeaseKeepAlive(
            iter([rpc.LeaseKeepAliveRequest(ID=id) for id in ids]), timeout=30) for _ in range(5)]
        for stream in streams:
            responses = list(stream)
            assert [response.ID for response in responses] == ids
            assert [response.TTL for response in responses] == [
                60 if number % 10 else 0 for number in range(200)]


def test_leases_work_through_every_member(cluster):
    for number, granting in enumerate(cluster):
        response = granting.stub("Lease").LeaseGrant(
            rpc.LeaseGrantRequest(ID=100 + number, TTL=60), timeout=20)
        assert (response.ID, response.TTL) == (100 + number, 60)
        key = b"leased/%d" % number
        put(cluster[number - 1], key, lease=response.ID)
        for one in cluster:
            # The lease has the key on a member that has applied the put.
            get(one, key)
            assert keep_alive(one, response.ID) == 60
            lease = time_to_live(one, response.ID)
            assert lease.grantedTTL == 60 and 50 < lease.TTL <= 60 and list(lease.keys) == [key]
            leases = one.stub("Lease").LeaseLeases(rpc.LeaseLeasesRequest(), timeout=20).leases
            assert response.ID in [each.ID for each in leases]
    for number, revoking in enumerate(cluster):
        revoking.stub("Lease").LeaseRevoke(
            rpc.LeaseRevokeRequest(ID=100 + number), timeout=20)
        for one in cluster:
            assert get(one, b"leased/%d" % number) == []
            assert time_to_live(one, 100 + number).TTL == -1


def test_responses_for_missing_leases_are_the_same_on_every_member(cluster):
    for one in cluster:
        assert keep_alive(one, 404) == 0
        lease = time_to_live(one, 404)
        assert (lease.TTL, lease.grantedTTL, list(lease.keys)) == (-1, 0, [])


def test_a_lease_that_is_not_renewed_expires_on_all_members(cluster):
    follower = cluster.followers()[0]
    lease = follower.stub("Lease")

    def renewed():
        """When a new lease was last renewed; None if the machine was paused for longer than it."""
        put_with_lease(lease, follower.stub("KV"), b"ends", 200, ttl=2)
        last = time.monotonic()
        for _ in range(8):
            time.sleep(0.5)
            sent = time.monotonic()
            if keep_alive(follower, 200) == 0:
                assert time.monotonic() - last > 1.5
                return None
            last = sent
        return last
    begin = until(renewed)
    until(lambda: not get(follower, b"ends"), 60)
    assert time.monotonic() - begin >= 2
    for one in cluster:
        assert get(one, b"ends") == []


# Leadership transfer

def test_leadership_is_moved_to_any_member(cluster):
    for member in cluster:
        if cluster.wait_leader() is member:
            continue
        term = member.status().raftTerm
        output = cluster.etcdctl("move-leader", member.hex_id).stdout
        assert f"to {member.hex_id}" in output
        until(lambda: cluster.leader() is member)
        assert member.status().raftTerm == term + 1
        put(cluster[0], b"moved")


def test_only_the_leader_moves_leadership_and_only_to_voters(cluster):
    leader = cluster.wait_leader()
    one, other = cluster.followers()
    request = rpc.MoveLeaderRequest(targetID=other.id)
    assert refusal(one.stub("Maintenance").MoveLeader, request) == (
        "FAILED_PRECONDITION", "etcdserver: not leader")
    assert refusal(leader.stub("Maintenance").MoveLeader, rpc.MoveLeaderRequest(targetID=1)) == (
        "FAILED_PRECONDITION", "etcdserver: bad leader transferee")
    leader.stub("Maintenance").MoveLeader(rpc.MoveLeaderRequest(targetID=leader.id), timeout=20)
    assert cluster.wait_leader() is leader


def test_a_leader_that_is_stopped_transfers_leadership(make_cluster):
    """Election timeouts are long, so that only a leadership transfer can be this fast."""
    cluster = make_cluster("--election-timeout=20000", "--heartbeat-interval=100")
    leader = cluster.wait_leader()
    term = leader.status().raftTerm
    others = cluster.followers()
    begin = time.monotonic()
    leader.process.send_signal(signal.SIGTERM)
    new = cluster.wait_leader(others, other_than=leader)
    assert time.monotonic() - begin < 10
    assert new.status().raftTerm == term + 1
    put(others[0], b"after the transfer")
    assert leader.process.wait(60) == -signal.SIGTERM
    leader.start()
    until(lambda: cluster.leader() is new)
    assert new.status().raftTerm == term + 1


# No majority

@pytest.fixture(params=["former leader", "follower"])
def alone(request, make_cluster):
    """The only running member of a cluster, without a leader."""
    cluster = make_cluster()
    cluster.wait_connected()
    put(cluster[0], b"before", b"old")
    cluster[0].stub("Lease").LeaseGrant(rpc.LeaseGrantRequest(ID=300, TTL=600), timeout=20)
    for one in cluster:
        assert get(one, b"before") == [b"old"]
    leader = cluster.wait_leader()
    member = leader if request.param == "former leader" else cluster.followers()[0]
    others = [one for one in cluster if one is not member]
    for one in others:
        one.freeze()
    until(lambda: member.status().leader == 0)
    yield member
    for one in others:
        one.resume()
    cluster.wait_healthy()
    put(member, b"after", b"new")
    assert get(others[0], b"after") == [b"new"]


def test_responses_without_a_majority(alone):
    """All calls are concurrent, since the server times out after 7 s."""
    timed_out = ("UNAVAILABLE", "etcdserver: request timed out")
    no_leader = ("UNAVAILABLE", "etcdserver: no leader")
    kv, lease, members = alone.stub("KV"), alone.stub("Lease"), alone.stub("Cluster")

    waiting = {
        "put": (kv.Put, rpc.PutRequest(key=b"before", value=b"lost")),
        "range": (kv.Range, rpc.RangeRequest(key=b"before")),
        "grant": (lease.LeaseGrant, rpc.LeaseGrantRequest(ID=301, TTL=600)),
        "members": (members.MemberList, rpc.MemberListRequest(linearizable=True)),
        "add": (members.MemberAdd, rpc.MemberAddRequest(peerURLs=["http://127.0.0.1:1"])),
    }
    begin = time.monotonic()
    calls = {name: call.future(request, timeout=60) for name, (call, request) in waiting.items()}
    keeping = lease.LeaseKeepAlive(iter([rpc.LeaseKeepAliveRequest(ID=300)]), timeout=60)
    assert get(alone, b"before", serializable=True) == [b"old"]
    status = alone.status()
    assert (status.leader, list(status.errors)) == (0, ["etcdserver: no leader"])
    assert refusal(kv.Put, waiting["put"][1], seconds=1)[0] == "DEADLINE_EXCEEDED"
    requiring_leader = (("hasleader", "true"),)
    for name, (call, request) in waiting.items():
        assert refusal(call, request, metadata=requiring_leader) == no_leader, name
    assert refusal(kv.Range, rpc.RangeRequest(key=b"before", serializable=True),
                   metadata=requiring_leader) == no_leader
    create = rpc.WatchRequest(create_request=rpc.WatchCreateRequest(key=b"before"))
    assert refusal(
        alone.stub("Watch").Watch, iter([create]), metadata=requiring_leader) == no_leader
    assert refusal(lease.LeaseTimeToLive, rpc.LeaseTimeToLiveRequest(ID=300)) == no_leader

    # A request that was not proposed ends with its context.
    expected = dict.fromkeys(waiting, timed_out)
    expected |= dict.fromkeys(
        ("put", "grant", "add"), ("DEADLINE_EXCEEDED", "context deadline exceeded"))
    if is_3_5(binary(alone.kind)):
        # It has another code for that, or no response.
        expected |= dict.fromkeys(("put", "grant"), ("UNKNOWN", "context deadline exceeded"))
        expected["add"] = ("DEADLINE_EXCEEDED", calls["add"].exception().details())
    found = {name: (call.exception().code().name, call.exception().details())
             for name, call in calls.items()}
    assert found == expected
    with pytest.raises(grpc.RpcError) as error:
        list(keeping)
    assert (error.value.code().name, error.value.details()) == no_leader
    assert time.monotonic() - begin >= 6.5


def test_health_checks_without_a_majority(alone):
    status, body = alone.get("/health", timeout=30)
    assert (status, body.strip()) == (503, '{"health":"false","reason":"RAFT NO LEADER"}')
    if is_3_5(binary(alone.kind)):
        return  # without this parameter and these two paths
    assert alone.get("/health?serializable=true", timeout=30)[0] == 200
    status, body = alone.get("/readyz", timeout=30)
    assert status == 503
    assert "[-]linearizable_read failed: etcdserver: request timed out" in body
    assert alone.get("/livez", timeout=30)[0] == 200


def test_watches_that_require_a_leader_end_without_one_and_others_wait(make_cluster):
    cluster = make_cluster()
    member, *others = cluster.followers()[:1] + [cluster.wait_leader()]
    others = [one for one in cluster if one is not member]
    create = rpc.WatchRequest(create_request=rpc.WatchCreateRequest(key=b"watched"))
    done = threading.Event()

    def requests():
        yield create
        done.wait(60)
    watch = member.stub("Watch").Watch
    strict, patient = watch(requests(), metadata=(("hasleader", "true"),)), watch(requests())
    assert next(strict).created and next(patient).created
    for one in others:
        one.freeze()
    with pytest.raises(grpc.RpcError) as error:
        next(strict)
    assert (error.value.code().name, error.value.details()) == (
        "UNAVAILABLE", "etcdserver: no leader")
    for one in others:
        one.resume()
    cluster.wait_healthy()
    put(member, b"watched", b"again")
    assert next(patient).events[0].kv.value == b"again"
    done.set()


# Learners and membership changes

def test_a_learner_follows_serves_serializable_reads_and_rejects_other_requests(make_cluster):
    cluster = make_cluster()
    put(cluster[0], b"before", b"joined")
    learner = cluster.add(learner=True)
    status = learner.status()
    assert status.isLearner and status.leader == cluster.wait_leader(list(cluster)[:3]).id
    assert [one.isLearner for one in cluster.member_list(cluster[0]) if one.ID == learner.id] == \
        [True]
    assert until(lambda: get(learner, b"before", serializable=True)) == [b"joined"]

    code = "UNAVAILABLE" if is_3_5(binary(learner.kind)) else "FAILED_PRECONDITION"
    refused = (code, "etcdserver: rpc not supported for learner")
    for service, method, request in [
            ("KV", "Put", rpc.PutRequest(key=b"a")),
            ("KV", "Range", rpc.RangeRequest(key=b"a")),
            ("KV", "DeleteRange", rpc.DeleteRangeRequest(key=b"a")),
            ("KV", "Txn", rpc.TxnRequest()),
            ("KV", "Compact", rpc.CompactionRequest(revision=2)),
            ("Lease", "LeaseGrant", rpc.LeaseGrantRequest(TTL=5)),
            ("Lease", "LeaseLeases", rpc.LeaseLeasesRequest()),
            ("Cluster", "MemberList", rpc.MemberListRequest()),
            ("Cluster", "MemberPromote", rpc.MemberPromoteRequest(ID=learner.id)),
            ("Maintenance", "HashKV", rpc.HashKVRequest()),
            ("Maintenance", "Alarm", rpc.AlarmRequest()),
            ("Maintenance", "MoveLeader", rpc.MoveLeaderRequest(targetID=learner.id))]:
        assert refusal(getattr(learner.stub(service), method), request) == refused, method
    create = rpc.WatchRequest(create_request=rpc.WatchCreateRequest(key=b"a"))
    assert refusal(learner.stub("Watch").Watch, iter([create])) == refused
    assert refusal(learner.stub("Lease").LeaseKeepAlive,
                   iter([rpc.LeaseKeepAliveRequest(ID=1)])) == refused

    leader = cluster.wait_leader(list(cluster)[:3])
    assert refusal(leader.stub("Maintenance").MoveLeader,
                   rpc.MoveLeaderRequest(targetID=learner.id)) == (
        "FAILED_PRECONDITION", "etcdserver: bad leader transferee")
    assert refusal(leader.stub("Cluster").MemberAdd, rpc.MemberAddRequest(
        peerURLs=["http://127.0.0.1:1"], isLearner=True)) == (
        "FAILED_PRECONDITION", "etcdserver: too many learner members in cluster")


@pytest.mark.parametrize("through", ["leader", "follower"])
def test_a_learner_is_promoted_once_it_is_in_sync(make_cluster, through):
    cluster = make_cluster()
    load.fill(cluster[0].endpoint, ((b"k%d" % n, b"v") for n in range(300)), size=1)
    leader = cluster.wait_leader()
    via = leader if through == "leader" else cluster.followers()[0]
    learner = cluster.add(learner=True, start=False)
    promote = via.stub("Cluster").MemberPromote
    assert refusal(promote, rpc.MemberPromoteRequest(ID=learner.id)) == (
        "FAILED_PRECONDITION",
        "etcdserver: can only promote a learner member which is in sync with leader")
    assert refusal(promote, rpc.MemberPromoteRequest(ID=via.id)) == (
        "FAILED_PRECONDITION", "etcdserver: can only promote a learner member")
    assert refusal(promote, rpc.MemberPromoteRequest(ID=1)) == (
        "NOT_FOUND", "etcdserver: member not found")
    learner.start(wait=False)
    cluster.promote(learner, via=via)
    until(lambda: not learner.status().isLearner)
    put(learner, b"by the new one")
    cluster.same_hashes()
    # It votes: with it and two others, one of the former members can be down.
    cluster.kill([one for one in cluster if one not in (learner, via)][:1])
    cluster.wait_leader()
    put(learner, b"with three of four")


def masked(text):
    """The text without IDs, addresses, names of initial members, etcdctl's retry logs and order."""
    text = re.sub(r'^\{"level":.*$\n?', "", text, flags=re.MULTILINE)
    text = re.sub(r" *\b[0-9a-f]{13,16}\b", " ID", text)  # IDs are padded to 16 digits
    text = re.sub(r"\bm[0-2]\b", "NAME", re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", text))
    text = re.sub(r"  +", " ", text)  # IDs are padded
    text = re.sub(r'CLUSTER="(.*)"', lambda found: str(sorted(found[1].split(","))), text)
    return sorted(text.splitlines())


def changes_of_members(cluster):
    """A sequence of membership changes by etcdctl; returns its masked output."""
    leader = cluster.wait_leader()
    one, other = cluster.followers()
    played = []

    def play(*arguments, via=leader):
        result = via.etcdctl(*arguments, check=False)
        played.append((arguments[:2], result.returncode,
                       masked(result.stdout), masked(result.stderr)))

    cluster.wait_connected()
    ports = free_ports(4)
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    play("member", "list")
    play("member", "add", "m9", "--peer-urls=" + one.peer_url)
    play("member", "add", "m9", "--peer-urls=bad")
    play("member", "add", "m9")
    play("member", "remove", "1234567890abcdef")
    play("member", "remove", "xyz")
    play("member", "update", "1234567890abcdef", "--peer-urls=" + urls[0])
    play("member", "update", one.hex_id, "--peer-urls=" + other.peer_url)
    play("member", "promote", one.hex_id)
    play("member", "promote", "1234567890abcdef")
    # A member that was never started does not count as down.
    play("member", "add", "m3", "--peer-urls=" + urls[1], via=one)
    play("member", "list", via=other)
    unstarted = next(
        f"{listed.ID:x}" for listed in cluster.member_list(leader) if not listed.name)
    play("member", "remove", unstarted, via=one)
    play("member", "remove", unstarted)
    # With one of three members down, only that one can be removed.
    cluster.kill([other])
    for member in (leader, one):
        until(lambda: metric(member, "etcd_network_active_peers") == 1, what="the loss of a peer")
    play("member", "remove", one.hex_id)
    play("member", "add", "m4", "--peer-urls=" + urls[2])
    play("member", "add", "m4", "--learner", "--peer-urls=" + urls[2], via=one)
    play("member", "remove", other.hex_id, via=one)
    play("member", "list", via=one)
    play("member", "add", "m5", "--peer-urls=" + urls[3])
    play("member", "remove", one.hex_id)
    play("member", "list")
    return played


def test_etcdctl_member_prints_the_same_as_with_real_members(make_cluster):
    real = changes_of_members(make_cluster(kinds=("real",) * 3))
    ours = changes_of_members(make_cluster())
    for expected, got in zip(real, ours, strict=True):
        assert got == expected


def test_membership_changes_are_logged(make_cluster):
    cluster = make_cluster()
    leader = cluster.wait_leader()
    new = cluster.add(learner=True)
    cluster.promote(new)
    url = new.peer_url.replace("127.0.0.1", "localhost")
    cluster.retried("member", "update", new.hex_id, f"--peer-urls={url}")
    cluster.retried("member", "remove", new.hex_id)

    def logged(message, subject):
        return until(lambda: next((line for line in leader.log_lines(delay=0)
                                   if line["msg"] == message and line[subject] == new.hex_id),
                                  None), what=message)

    added = logged("added member", "added-peer-id")
    assert added["added-peer-peer-urls"] == [new.peer_url] and added["added-peer-is-learner"]
    assert logged("promote member", "promoted-member-id")["local-member-id"] == leader.hex_id
    updated = logged("updated member", "updated-remote-peer-id")
    assert updated["updated-remote-peer-urls"] == [url]
    removed = logged("removed member", "removed-remote-peer-id")
    assert not removed["removed-remote-peer-is-learner"]


def test_a_removed_member_exits_and_cannot_start_again(make_cluster):
    cluster = make_cluster()
    leader = cluster.wait_leader()
    removed = cluster.followers()[0]
    cluster.retried("member", "remove", removed.hex_id)
    assert removed.process.wait(60) == 0
    put(leader, b"two are left")
    removed.start(wait=False)
    assert removed.process.wait(60) == 1
    assert "removed" in removed.tail(100)
    assert len(cluster.member_list(leader)) == 2
    cluster.same_hashes()


def test_the_others_elect_a_leader_when_the_leader_is_removed(make_cluster):
    cluster = make_cluster()
    leader = cluster.wait_leader()
    one, other = cluster.followers()
    cluster.retried("member", "remove", leader.hex_id, via=one)
    leader.process.wait(60)
    cluster.wait_leader([one, other], other_than=leader)
    put(one, b"without it")
    assert get(other, b"without it") == [b"value"]


def test_a_member_changes_its_address(make_cluster):
    cluster = make_cluster()
    member = cluster.followers()[0]
    member.stop()
    member.peer_port = member.advertised_port = free_ports(1)[0]
    cluster.retried("member", "update", member.hex_id, f"--peer-urls={member.peer_url}")
    put(cluster.wait_leader(), b"while it moves")
    member.start()
    assert get(member, b"while it moves") == [b"value"]
    for one in cluster:
        known = [url for listed in cluster.member_list(one) for url in listed.peerURLs]
        assert member.peer_url in known


def test_a_cluster_grows_from_one_member_to_five(make_cluster, kinds):
    cluster = make_cluster(kinds=kinds[:1])
    for number in range(4):
        put(cluster[0], b"size", b"%d" % (number + 1))
        cluster.add()
        assert get(cluster[number + 1], b"size") == [b"%d" % (number + 1)]
    cluster.kill(cluster.followers()[:2])
    put(cluster.wait_leader(), b"size", b"5, two of them down")
    assert len(cluster.member_list()) == 5


# Restart and restore

def test_a_cluster_recovers_after_all_members_were_killed(make_cluster):
    cluster = make_cluster("--snapshot-count=100")
    for number in range(3):
        load.fill(cluster[number].endpoint,
                  ((b"%d/%d" % (number, n), b"v") for n in range(300)), size=1)
        revision = cluster.revision()
        cluster.kill(list(cluster))
        cluster.start()
        assert cluster.revision() == revision
        cluster.same_hashes()


def test_force_new_cluster_with_one_member_of_a_lost_cluster(make_cluster):
    cluster = make_cluster()
    load.fill(cluster[0].endpoint, ((b"k%d" % n, b"v") for n in range(300)), size=1)
    revision = cluster.revision()
    expected = cluster.same_hashes()
    survivor, *lost = list(cluster)
    # The commit of the last entries is in the log only with later entries.
    for number in range(5):
        put(survivor, b"unsettled/%d" % number)
    identity = survivor.status().header.cluster_id
    cluster.kill(list(cluster))
    survivor.extra_flags = ["--force-new-cluster"]
    survivor.start()
    assert [one.ID for one in cluster.member_list(survivor)] == [survivor.id]
    assert survivor.status().header.cluster_id == identity
    assert hash_at(survivor, revision) == expected
    put(survivor, b"alone")
    survivor.stop()
    survivor.extra_flags = []
    survivor.start()
    assert [one.ID for one in cluster.member_list(survivor)] == [survivor.id]
    for one in lost:
        del cluster.members[one.name]
    for _ in lost:
        cluster.add()
    assert [get(one, b"alone") for one in cluster] == [[b"value"]] * 3
    cluster.same_hashes()


def test_a_cluster_is_restored_from_a_snapshot(make_cluster, tmp_path):
    cluster = make_cluster()
    load.fill(cluster[0].endpoint, ((b"k%d" % n, b"v") for n in range(500)), size=1)
    expected = cluster.same_hashes()
    path = tmp_path / "snapshot.db"
    cluster.followers()[0].etcdctl("snapshot", "save", str(path))
    put(cluster[0], b"after the snapshot")
    before = cluster.status_ids = {one.name: one.id for one in cluster}
    cluster.kill(list(cluster))
    for one in cluster:
        one.wipe()
        subprocess.run(
            [tool("etcdutl"), "snapshot", "restore", str(path), "--data-dir", str(one.directory),
             "--name", one.name, "--initial-cluster", one.initial_cluster,
             "--initial-advertise-peer-urls", one.peer_url,
             "--initial-cluster-token", "restored"], check=True, capture_output=True)
    cluster.start()
    assert all(one.id != before[one.name] for one in cluster)
    assert cluster.same_hashes() == expected
    assert get(cluster[0], b"after the snapshot") == []
    put(cluster.followers()[0], b"goes on")
    assert [get(one, b"goes on") for one in cluster] == [[b"value"]] * 3


class Writer(threading.Thread):
    """Sequential puts on a member, all of which must succeed."""

    def __init__(self, member):
        super().__init__(daemon=True)
        self.channel = connect(member.endpoint)
        self.kv = api.stub(self.channel, "KV")
        self.stopping, self.count, self.longest, self.failure = threading.Event(), 0, 0.0, None

    def run(self):
        try:
            while not self.stopping.is_set():
                begin = time.monotonic()
                self.kv.Put(rpc.PutRequest(key=b"writer", value=b"%d" % self.count), timeout=30)
                self.longest = max(self.longest, time.monotonic() - begin)
                self.count += 1
        except grpc.RpcError as failure:
            self.failure = failure

    def stop(self):
        self.stopping.set()
        self.join(60)
        self.channel.close()
        assert self.failure is None, self.failure
        return self.count


def catch_up(cluster, member, entries):
    """The member is down for so many entries, and restarts during writes."""
    member.kill()
    leader = cluster.wait_leader([one for one in cluster if one is not member])
    load.fill(leader.endpoint, ((b"k%d" % (n % 1000), bytes(100)) for n in range(entries)), size=1,
              outstanding=200)
    writer = Writer(leader)
    writer.start()
    member.start()
    count = writer.count
    until(lambda: writer.count > count + 20 or writer.failure)
    writer.stop()
    cluster.same_hashes()
    return leader


def test_a_member_12_000_entries_behind_catches_up_from_the_log(make_cluster):
    cluster = make_cluster("--snapshot-count=100000", "--snapshot-catchup-entries=20000")
    member = cluster.followers()[0]
    catch_up(cluster, member, 12_500)
    assert metric(member, "etcd_network_snapshot_receive_success") == 0
    assert not log_errors(member)


def test_a_member_too_far_behind_for_the_log_gets_a_snapshot(make_cluster):
    cluster = make_cluster("--snapshot-count=100", "--snapshot-catchup-entries=50")
    member = cluster.followers()[0]
    leader = cluster.wait_leader()
    kept = CATCHUP_ENTRIES_OF_3_5 if is_3_5(binary(leader.kind)) else 50
    leader = catch_up(cluster, member, kept + 500)
    until(lambda: metric(member, "etcd_network_snapshot_receive_success"), what="a snapshot")
    # The sender counts it once it has the response.
    until(lambda: metric(leader, "etcd_network_snapshot_send_success"), what="a sent snapshot")
    until(lambda: metric(member, "etcd_snap_db_fsync_duration_seconds_count"), what="an fsync")
    until(lambda: metric(member, "etcd_server_snapshot_apply_in_progress_total") == 0,
          what="the end of the installation")
    member.kill()
    member.start()
    cluster.same_hashes()
    assert not log_errors(member)


def test_the_log_is_compacted_with_each_snapshot_at_any_snapshot_count(make_cluster):
    """A member that lags by more entries than are kept gets a snapshot; log lines as in etcd."""
    cluster = make_cluster("--snapshot-count=10", "--snapshot-catchup-entries=10")
    member = cluster.followers()[0]
    member.kill()
    leader = cluster.wait_leader([one for one in cluster if one is not member])
    kept = CATCHUP_ENTRIES_OF_3_5 if is_3_5(binary(leader.kind)) else 10
    load.fill(leader.endpoint, ((b"k%d" % n, b"value") for n in range(kept + 30)), size=1,
              outstanding=1)

    def has_logged(message):
        return any(line.get("msg", "").startswith(message) for line in leader.log_lines())

    # 3.7 appends where it is saved.
    until(lambda: has_logged("saved snapshot"))
    member.start()
    cluster.same_hashes()
    until(lambda: has_logged("sent database snapshot"))
    until(lambda: metric(member, "etcd_network_snapshot_receive_success"), what="a snapshot")


def test_a_member_that_was_isolated_does_not_raise_the_term(make_cluster):
    """Pre-vote: an isolated member returns without a higher term."""
    cluster = make_cluster(proxies=True)
    leader = cluster.wait_leader()
    term = leader.status().raftTerm
    member = cluster.followers()[0]
    cluster.proxies.isolate(member.name, [one.name for one in cluster if one is not member])
    until(lambda: member.status().leader == 0)
    time.sleep(3)
    cluster.proxies.heal()
    until(lambda: cluster.leader() is leader)
    assert leader.status().raftTerm == term


def test_a_leader_without_a_majority_serves_no_read_and_steps_down(make_cluster):
    cluster = make_cluster(proxies=True)
    put(cluster[0], b"contested", b"old")
    leader = cluster.wait_leader()
    others = cluster.followers()
    cluster.proxies.isolate(leader.name, [one.name for one in others])
    reads = [leader.stub("KV").Range.future(rpc.RangeRequest(key=b"contested"), timeout=60)
             for _ in range(10)]
    cluster.wait_leader(others, other_than=leader)
    put(others[0], b"contested", b"new")
    reads += [leader.stub("KV").Range.future(rpc.RangeRequest(key=b"contested"), timeout=4)
              for _ in range(10)]
    assert all(read.exception() for read in reads)
    until(lambda: leader.status().leader == 0)
    cluster.proxies.heal()
    cluster.wait_leader()
    assert get(leader, b"contested") == [b"new"]
