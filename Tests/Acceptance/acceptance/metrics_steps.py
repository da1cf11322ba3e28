"""The steps after which `recorded/metrics_presence.tsv` says which series of /metrics exist."""
import contextlib
import queue
import time

import grpc

from acceptance import api
from acceptance.cluster import metric, until
from acceptance.users import login, metadata, permission

rpc = api.rpc
OLD_LEASE = 404


class Steps:
    """The steps in the recorded order, on a new member with one member in its cluster."""

    def __init__(self, member, channel):
        self.member, self.channel = member, channel
        self.kv, self.watch, self.lease, self.cluster, self.maintenance, self.auth = (
            api.stub(channel, name)
            for name in ("KV", "Watch", "Lease", "Cluster", "Maintenance", "Auth"))

    def all(self):
        """(name, action) of each step."""
        kv, lease, cluster, maintenance = self.kv, self.lease, self.cluster, self.maintenance
        member = self.member
        get, put = rpc.RangeRequest(key=b"a"), rpc.PutRequest(key=b"a", value=b"1")
        write = rpc.RequestOp(request_put=put)
        read = rpc.RequestOp(request_range=get)
        future = rpc.RangeRequest(key=b"a", revision=1_000_000)
        return [
            ("second scrape of /metrics", lambda: None),
            ("KV.Put", lambda: kv.Put(put)),
            ("KV.Range", lambda: kv.Range(get)),
            ("KV.Range serializable", lambda: kv.Range(
                rpc.RangeRequest(key=b"a", serializable=True))),
            ("KV.RangeStream", lambda: list(kv.RangeStream(get))),
            ("KV.Put with an error (no key)", lambda: failed(kv.Put, rpc.PutRequest())),
            ("KV.DeleteRange", lambda: kv.DeleteRange(rpc.DeleteRangeRequest(key=b"a"))),
            ("KV.Txn with a put", lambda: kv.Txn(rpc.TxnRequest(success=[write]))),
            ("KV.Txn read only", lambda: kv.Txn(rpc.TxnRequest(success=[read]))),
            ("KV.Compact physical", lambda: kv.Compact(
                rpc.CompactionRequest(revision=3, physical=True))),
            ("Watch: create, event, progress, cancel", self.watch_to_its_end),
            ("Watch: client cancels", self.cancel_watch),
            ("Lease.LeaseGrant", lambda: lease.LeaseGrant(rpc.LeaseGrantRequest(ID=7, TTL=100))),
            ("Lease.LeaseKeepAlive", lambda: next(lease.LeaseKeepAlive(
                iter([rpc.LeaseKeepAliveRequest(ID=7)])))),
            ("Lease.LeaseTimeToLive, LeaseLeases", lambda: (
                lease.LeaseTimeToLive(rpc.LeaseTimeToLiveRequest(ID=7)),
                lease.LeaseLeases(rpc.LeaseLeasesRequest()))),
            ("Lease.LeaseRevoke", lambda: lease.LeaseRevoke(rpc.LeaseRevokeRequest(ID=7))),
            ("a lease expires", self.let_a_lease_expire),
            ("Cluster.MemberList", lambda: cluster.MemberList(
                rpc.MemberListRequest(linearizable=True))),
            ("Maintenance.Status", lambda: maintenance.Status(rpc.StatusRequest())),
            ("Maintenance.Hash, HashKV", lambda: (
                maintenance.Hash(rpc.HashRequest()), maintenance.HashKV(rpc.HashKVRequest()))),
            ("Maintenance.Alarm activate NOSPACE for member 7",
             lambda: self.alarm("ACTIVATE", rpc.NOSPACE)),
            ("Maintenance.Alarm deactivate", lambda: self.alarm("DEACTIVATE", rpc.NOSPACE)),
            ("Maintenance.Defragment", lambda: maintenance.Defragment(rpc.DefragmentRequest())),
            ("Maintenance.Snapshot", lambda: list(maintenance.Snapshot(rpc.SnapshotRequest()))),
            ("Maintenance.MoveLeader, Downgrade", lambda: (
                failed(maintenance.MoveLeader, rpc.MoveLeaderRequest(targetID=1)),
                failed(maintenance.Downgrade, rpc.DowngradeRequest(version="9.9.9")))),
            ("Auth: status, users, roles", self.add_users),
            ("Auth: every other call", self.make_other_auth_calls),
            ("KV.Range with an error (future revision)", lambda: failed(kv.Range, future)),
            ("KV.Put with an error (unknown lease)", lambda: failed(
                kv.Put, rpc.PutRequest(key=b"a", lease=OLD_LEASE))),
            ("KV.Txn read only with an error", lambda: failed(kv.Txn, rpc.TxnRequest(
                success=[rpc.RequestOp(request_range=future)]))),
            ("request with metadata client-api-version: 3.7", lambda: kv.Range(
                get, metadata=(("client-api-version", "3.7"),))),
            ("Auth.AuthEnable", lambda: self.auth.AuthEnable(rpc.AuthEnableRequest())),
            ("Auth.Authenticate", self.log_in),
            ("Auth: wrong password, no token, bad token", self.be_refused),
            ("KV.Put with a token", lambda: kv.Put(put, metadata=metadata(self.token))),
            ("Auth.AuthDisable", lambda: self.auth.AuthDisable(
                rpc.AuthDisableRequest(), metadata=metadata(self.token))),
            ("Lock, Unlock", self.lock),
            ("Election: campaign, leader, observe", self.elect),
            ("grpc.health.v1 Check", lambda: api.stub(self.channel, "Health").Check(
                api.health.HealthCheckRequest())),
            ("/health", lambda: member.get("/health")),
            ("/health with an alarm", lambda: self.during(rpc.NOSPACE, "/health")),
            ("/readyz, /livez", lambda: (member.get("/readyz"), member.get("/livez"))),
            ("/readyz with a CORRUPT alarm", lambda: self.during(rpc.CORRUPT, "/readyz")),
            ("100 puts (raft snapshot)", lambda: [kv.Put(put) for _ in range(100)]),
            ("Cluster.MemberAdd learner (not started)", self.add_learner),
            ("Maintenance.Downgrade ENABLE 3.6, CANCEL", self.begin_and_cancel_downgrade),
            ("Cluster.MemberPromote of the learner that is not ready", lambda: failed(
                cluster.MemberPromote, rpc.MemberPromoteRequest(ID=self.learner))),
            ("Cluster.MemberRemove", lambda: cluster.MemberRemove(
                rpc.MemberRemoveRequest(ID=self.learner))),
        ]

    def watch_to_its_end(self):
        requests = queue.SimpleQueue()
        responses = self.watch.Watch(iter(requests.get, None))
        requests.put(rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(key=b"a", watch_id=1)))
        assert next(responses).created
        self.kv.Put(rpc.PutRequest(key=b"a", value=b"2"))
        assert next(responses).events
        requests.put(rpc.WatchRequest(progress_request=rpc.WatchProgressRequest()))
        assert not next(responses).events
        requests.put(rpc.WatchRequest(cancel_request=rpc.WatchCancelRequest(watch_id=1)))
        assert next(responses).canceled
        responses.cancel()
        requests.put(None)

    def cancel_watch(self):
        requests = queue.SimpleQueue()
        requests.put(rpc.WatchRequest(create_request=rpc.WatchCreateRequest(key=b"a")))
        responses = self.watch.Watch(iter(requests.get, None))
        next(responses)
        responses.cancel()
        requests.put(None)

    def let_a_lease_expire(self):
        self.lease.LeaseGrant(rpc.LeaseGrantRequest(ID=8, TTL=1))
        while self.lease.LeaseLeases(rpc.LeaseLeasesRequest()).leases:
            time.sleep(0.1)

    def alarm(self, action, kind):
        return self.maintenance.Alarm(rpc.AlarmRequest(
            action=rpc.AlarmRequest.AlarmAction.Value(action), memberID=7, alarm=kind))

    def during(self, kind, path):
        self.alarm("ACTIVATE", kind)
        assert self.member.get(path)[0] == 503
        # The series of an alarm is there from the first scrape that sees the alarm on.
        self.member.get("/metrics")
        self.alarm("DEACTIVATE", kind)

    def add_users(self):
        self.auth.AuthStatus(rpc.AuthStatusRequest())
        self.auth.UserAdd(rpc.AuthUserAddRequest(name="root", password="pw"))
        self.auth.RoleAdd(rpc.AuthRoleAddRequest(name="root"))
        self.auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user="root", role="root"))

    def make_other_auth_calls(self):
        auth = self.auth
        auth.UserAdd(rpc.AuthUserAddRequest(name="u", password="pw"))
        auth.RoleAdd(rpc.AuthRoleAddRequest(name="r"))
        auth.RoleGrantPermission(rpc.AuthRoleGrantPermissionRequest(
            name="r", perm=permission("READ", b"a")))
        auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user="u", role="r"))
        auth.UserGet(rpc.AuthUserGetRequest(name="u"))
        auth.UserList(rpc.AuthUserListRequest())
        auth.RoleGet(rpc.AuthRoleGetRequest(role="r"))
        auth.RoleList(rpc.AuthRoleListRequest())
        auth.UserChangePassword(rpc.AuthUserChangePasswordRequest(name="u", password="pw2"))
        auth.RoleRevokePermission(rpc.AuthRoleRevokePermissionRequest(role="r", key=b"a"))
        auth.UserRevokeRole(rpc.AuthUserRevokeRoleRequest(name="u", role="r"))
        auth.RoleDelete(rpc.AuthRoleDeleteRequest(role="r"))
        auth.UserDelete(rpc.AuthUserDeleteRequest(name="u"))

    def log_in(self):
        self.token = login(self.auth, "root", "pw")

    def be_refused(self):
        failed(self.auth.Authenticate, rpc.AuthenticateRequest(name="root", password="no"))
        failed(self.kv.Range, rpc.RangeRequest(key=b"a"))
        failed(self.kv.Range, rpc.RangeRequest(key=b"a"), metadata("none.1"))

    def lock(self):
        locks = api.stub(self.channel, "Lock")
        held = locks.Lock(api.lock.LockRequest(name=b"lock", lease=self.granted(11)))
        locks.Unlock(api.lock.UnlockRequest(key=held.key))

    def elect(self):
        election = api.stub(self.channel, "Election")
        election.Campaign(api.election.CampaignRequest(
            name=b"election", lease=self.granted(12), value=b"v"))
        election.Leader(api.election.LeaderRequest(name=b"election"))
        observed = election.Observe(api.election.LeaderRequest(name=b"election"))
        next(observed)
        observed.cancel()

    def granted(self, number):
        return self.lease.LeaseGrant(rpc.LeaseGrantRequest(ID=number, TTL=100)).ID

    def add_learner(self):
        added = self.cluster.MemberAdd(rpc.MemberAddRequest(
            peerURLs=["http://127.0.0.1:1"], isLearner=True))
        self.learner = added.member.ID
        # The member is dialed at intervals.
        until(lambda: metric(self.member, "etcd_network_peer_sent_failures_total"))

    def begin_and_cancel_downgrade(self):
        for action in (rpc.DowngradeRequest.ENABLE, rpc.DowngradeRequest.CANCEL):
            self.maintenance.Downgrade(rpc.DowngradeRequest(action=action, version="3.6"))


def failed(call, request, with_metadata=None):
    """Makes a call that must fail."""
    with contextlib.suppress(grpc.RpcError):
        call(request, metadata=with_metadata)
        raise AssertionError("the call must fail")

