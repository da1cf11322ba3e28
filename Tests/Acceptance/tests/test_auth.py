"""Users and permissions of one member: what each of etcd's security advisories was about, and what
recording real etcd showed.

Advisories: a watch beyond the range of a permission; previous values and leases in transactions;
tokens of users who are gone; passwords in logs (CVE-2021-28235); maintenance without root. Two
users: alice may read and write [a/, a0), and only write [w/, w0); bob only reads [a/, a0).
"""
import base64
import json
import time

import grpc
import pytest

from acceptance import api, users
from acceptance.auth_replay import Stream
from acceptance.cluster import put_with_lease, refusal, until
from acceptance.members import our_member
from acceptance.secure import ClientTLS, server_flags
from acceptance.users import SigningKeys, login, metadata, permission

rpc = api.rpc
READ, WRITE, BOTH = 0, 1, 2
ALICE = ("alice", "alicepw", [(BOTH, b"a/", b"a0"), (WRITE, b"w/", b"w0")])
BOB = ("bob", "bobpw", [(READ, b"a/", b"a0")])
DENIED = ("PERMISSION_DENIED", "etcdserver: permission denied")
NOBODY = ("INVALID_ARGUMENT", "etcdserver: user name is empty")
WRONG_TOKEN = ("UNAUTHENTICATED", "etcdserver: invalid auth token")
OLD_REVISION = ("INVALID_ARGUMENT", "etcdserver: revision of auth store is old")


class Served:
    """A member with users, the stubs of its services and the metadata of its users."""

    def __init__(self, member):
        self.member = member
        self.channel = member.connect()
        self.kv, self.lease, self.maintenance, self.auth = (
            api.stub(self.channel, name) for name in ("KV", "Lease", "Maintenance", "Auth"))
        users.setup(self.auth, [ALICE, BOB])
        self.root, self.alice, self.bob = (
            metadata(login(self.auth, name, password)) for name, password in
            [("root", "rootpw"), ALICE[:2], BOB[:2]])

    def put(self, key, caller, **fields):
        return self.kv.Put(rpc.PutRequest(key=key, **fields), metadata=caller, timeout=20)

    def get(self, key, caller):
        return self.kv.Range(rpc.RangeRequest(key=key), metadata=caller, timeout=20)

    def watch(self, caller, key, end=b""):
        """The first response of a watch."""
        stream = self.open_watch()
        try:
            stream.send(create(key, end), caller)
            return stream.take(20)
        finally:
            stream.close()

    def open_watch(self):
        return Stream(api.stub(self.channel, "Watch").Watch, is_client_stream=True)

    def close(self):
        self.channel.close()


def create(key, end=b"", **fields):
    return rpc.WatchRequest(create_request=rpc.WatchCreateRequest(
        key=key, range_end=end, **fields))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A member for all tests that leave its users as they are."""
    member = our_member(tmp_path_factory.mktemp("auth") / "ours.etcd", "--bcrypt-cost=4").start()
    one = Served(member)
    yield one
    one.close()
    member.close()


# Advisories


@pytest.mark.parametrize("key, end", [
    (b"a/", b"\0"), (b"\0", b"\0"), (b"a/", b"b"), (b"b", b""), (b"", b"\0"), (b"", b""),
    (b"a", b"a0"), (b"w/", b"w0")], ids=repr)
def test_a_watch_beyond_the_permission_is_refused(served, key, end):
    response = served.watch(served.alice, key, end)
    assert (response.created, response.canceled, response.watch_id) == (True, True, -1)
    assert response.cancel_reason == (
        "rpc error: code = PermissionDenied desc = etcdserver: permission denied")


def test_a_watch_within_the_permission_is_created(served):
    for key, end in [(b"a/", b"a0"), (b"a/1", b""), (b"a/1", b"a/9")]:
        response = served.watch(served.bob, key, end)
        assert response.created and not response.canceled


def txn(*operations, failure=()):
    return rpc.TxnRequest(success=operations, failure=failure)


def put(key, **fields):
    return rpc.RequestOp(request_put=rpc.PutRequest(key=key, **fields))


def get(key, end=b""):
    return rpc.RequestOp(request_range=rpc.RangeRequest(key=key, range_end=end))


def delete(key, end=b"", **fields):
    return rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(
        key=key, range_end=end, **fields))


def nested(*operations):
    return rpc.RequestOp(request_txn=txn(*operations))


# Alice may write w/1 but not read it; x is nobody's.
NOT_FOR_ALICE = {
    "previous value of a put": put(b"w/1", prev_kv=True),
    "previous value of a delete": delete(b"w/1", prev_kv=True),
    "previous values of a range": delete(b"w/", b"w0", prev_kv=True),
    "read": get(b"w/1"),
    "read beyond the range": get(b"a/", b"\0"),
    "write of another key": put(b"x"),
    "deletion beyond the range": delete(b"w/", b"w1"),
    "deletion of everything": delete(b"\0", b"\0"),
    "key of a lease with other keys": put(b"a/1", lease=77),
}


@pytest.fixture(scope="module")
def shared_lease(served):
    """A lease with a key that only root may write."""
    served.lease.LeaseGrant(rpc.LeaseGrantRequest(TTL=6000, ID=77), metadata=served.root)
    served.put(b"x", served.root, lease=77)
    served.put(b"w/1", served.root, value=b"secret")
    return 77


@pytest.mark.parametrize("how", ["alone", "success", "failure", "nested", "nested twice", "both"])
@pytest.mark.parametrize("what", NOT_FOR_ALICE)
def test_nothing_is_permitted_in_a_transaction_that_is_not_permitted_alone(
        served, shared_lease, what, how):
    operation = NOT_FOR_ALICE[what]
    request = {
        "alone": None, "success": txn(operation), "failure": txn(failure=[operation]),
        "nested": txn(nested(operation)), "nested twice": txn(nested(nested(operation))),
        "both": txn(put(b"a/2"), failure=[nested(operation)])}[how]
    if request:
        assert refusal(served.kv.Txn, request, metadata=served.alice) == DENIED
        return
    kind = operation.WhichOneof("request")
    call = {"request_put": served.kv.Put, "request_range": served.kv.Range,
            "request_delete_range": served.kv.DeleteRange}[kind]
    assert refusal(call, getattr(operation, kind), metadata=served.alice) == DENIED


def test_a_compare_needs_the_permission_to_read(served, shared_lease):
    for compare in (rpc.Compare(key=b"w/1", target="VALUE", value=b"secret"),
                    rpc.Compare(key=b"w/1", target="VERSION", version=1),
                    rpc.Compare(key=b"a/", range_end=b"\0", target="VERSION", version=1)):
        request = rpc.TxnRequest(compare=[compare], success=[put(b"a/3")])
        assert refusal(served.kv.Txn, request, metadata=served.alice) == DENIED
    assert not served.get(b"a/3", served.root).kvs


def test_a_refused_transaction_changes_nothing(served, shared_lease):
    before = served.get(b"a/1", served.root).header.revision
    refusal(served.kv.Txn, txn(put(b"a/1"), put(b"x")), metadata=served.alice)
    refusal(served.kv.Txn, txn(put(b"a/1"), failure=[put(b"x")]), metadata=served.alice)
    assert served.get(b"a/1", served.root).header.revision == before


def test_a_lease_with_keys_of_others_is_not_for_every_user(served, shared_lease):
    assert refusal(served.lease.LeaseRevoke, rpc.LeaseRevokeRequest(ID=77),
                   metadata=served.alice) == DENIED
    assert refusal(served.lease.LeaseTimeToLive,
                   rpc.LeaseTimeToLiveRequest(ID=77, keys=True), metadata=served.alice) == DENIED
    assert refusal(served.lease.LeaseKeepAlive, iter([rpc.LeaseKeepAliveRequest(ID=77)]),
                   metadata=served.alice) == DENIED
    assert refusal(served.lease.LeaseLeases, rpc.LeaseLeasesRequest(),
                   metadata=served.alice) == DENIED
    found = served.lease.LeaseTimeToLive(
        rpc.LeaseTimeToLiveRequest(ID=77), metadata=served.alice)
    assert found.grantedTTL == 6000 and not found.keys


ADMINISTRATION = {
    "Maintenance.Hash": rpc.HashRequest(), "Maintenance.HashKV": rpc.HashKVRequest(),
    "Maintenance.Snapshot": rpc.SnapshotRequest(), "Maintenance.Defragment": rpc.DefragmentRequest(),
    "Maintenance.MoveLeader": rpc.MoveLeaderRequest(targetID=1),
    "Maintenance.Downgrade": rpc.DowngradeRequest(action=0, version="3.6"),
    "Maintenance.Alarm": rpc.AlarmRequest(action=1, alarm=1),
    "KV.Compact": rpc.CompactionRequest(revision=1),
    "Cluster.MemberAdd": rpc.MemberAddRequest(peerURLs=["http://127.0.0.1:1"]),
    "Cluster.MemberRemove": rpc.MemberRemoveRequest(ID=1),
    "Cluster.MemberUpdate": rpc.MemberUpdateRequest(ID=1, peerURLs=["http://127.0.0.1:1"]),
    "Cluster.MemberPromote": rpc.MemberPromoteRequest(ID=1),
    "Auth.UserList": rpc.AuthUserListRequest(), "Auth.RoleList": rpc.AuthRoleListRequest(),
    "Auth.AuthDisable": rpc.AuthDisableRequest(),
    "Auth.UserChangePassword": rpc.AuthUserChangePasswordRequest(name="alice", password="x"),
    "Auth.UserGrantRole": rpc.AuthUserGrantRoleRequest(user="alice", role="root"),
}


@pytest.mark.parametrize("call", ADMINISTRATION)
def test_administration_is_for_root_alone(served, call):
    service, method = call.split(".")
    method = getattr(api.stub(served.channel, service), method)
    assert refusal(method, ADMINISTRATION[call], metadata=served.alice) == DENIED
    assert refusal(method, ADMINISTRATION[call]) == NOBODY
    assert refusal(method, ADMINISTRATION[call], metadata=metadata("x")) == WRONG_TOKEN


def test_the_token_of_a_deleted_user_is_worth_nothing_even_if_the_user_is_added_again(served):
    served.auth.UserAdd(rpc.AuthUserAddRequest(name="short", password="p"), metadata=served.root)
    served.auth.UserGrantRole(
        rpc.AuthUserGrantRoleRequest(user="short", role="bob"), metadata=served.root)
    short = metadata(login(served.auth, "short", "p"))
    served.get(b"a/1", short)
    served.auth.UserDelete(rpc.AuthUserDeleteRequest(name="short"), metadata=served.root)
    assert refusal(served.kv.Range, rpc.RangeRequest(key=b"a/1"), metadata=short) == WRONG_TOKEN
    served.auth.UserAdd(rpc.AuthUserAddRequest(name="short", password="p"), metadata=served.root)
    served.auth.UserGrantRole(
        rpc.AuthUserGrantRoleRequest(user="short", role="bob"), metadata=served.root)
    assert refusal(served.kv.Range, rpc.RangeRequest(key=b"a/1"), metadata=short) == WRONG_TOKEN
    served.auth.UserDelete(rpc.AuthUserDeleteRequest(name="short"), metadata=served.root)


def test_a_new_password_ends_the_tokens_of_its_user_alone(served):
    served.auth.UserAdd(rpc.AuthUserAddRequest(name="pw", password="one"), metadata=served.root)
    served.auth.UserGrantRole(
        rpc.AuthUserGrantRoleRequest(user="pw", role="bob"), metadata=served.root)
    before = metadata(login(served.auth, "pw", "one"))
    served.auth.UserChangePassword(
        rpc.AuthUserChangePasswordRequest(name="pw", password="two"), metadata=served.root)
    assert refusal(served.kv.Range, rpc.RangeRequest(key=b"a/1"), metadata=before) == WRONG_TOKEN
    assert refusal(served.auth.Authenticate, rpc.AuthenticateRequest(
        name="pw", password="one"))[1] == (
            "etcdserver: authentication failed, invalid user ID or password")
    served.get(b"a/1", metadata(login(served.auth, "pw", "two")))
    served.get(b"a/1", served.bob)


def test_a_signed_token_of_an_old_auth_revision_is_refused(tmp_path, start):
    SigningKeys(tmp_path).make(["priv-key=rs256.key"])
    one = Served(start("--bcrypt-cost=4",
                       "--auth-token=jwt,priv-key=rs256.key,sign-method=RS256,ttl=10m"))
    one.put(b"a/1", one.alice)
    one.auth.RoleGrantPermission(rpc.AuthRoleGrantPermissionRequest(
        name="bob", perm=permission(READ, b"b")), metadata=one.root)
    assert refusal(one.kv.Put, rpc.PutRequest(key=b"a/1"), metadata=one.alice) == OLD_REVISION
    assert refusal(one.kv.Range, rpc.RangeRequest(key=b"a/1"),
                   metadata=one.alice) == OLD_REVISION
    response = one.watch(one.alice, b"a/1")
    assert response.cancel_reason.endswith(OLD_REVISION[1])
    one.put(b"a/1", metadata(login(one.auth, *ALICE[:2])))
    # A token of a deleted user stays valid by its signature, and permits nothing.
    bob = metadata(login(one.auth, *BOB[:2]))
    root = metadata(login(one.auth, "root", "rootpw"))
    one.auth.UserDelete(rpc.AuthUserDeleteRequest(name="bob"), metadata=root)
    assert refusal(one.kv.Range, rpc.RangeRequest(key=b"a/1"), metadata=bob) == OLD_REVISION
    one.close()


NAMES = {"empty": "", "too long": "n" * 32_769, "much too long": "n" * 1_000_000,
         "line feed": "a\nb", "zero": "a\0b", "escape": "\x1b[31mred", "delete": "a\x7f",
         "control of latin-1": "a\x85b"}


@pytest.mark.parametrize("what", NAMES)
def test_a_bad_name_is_refused_and_the_member_goes_on(served, what):
    name = NAMES[what]
    before = served.auth.AuthStatus(rpc.AuthStatusRequest()).authRevision
    for call, request in [
            (served.auth.UserAdd, rpc.AuthUserAddRequest(name=name, password="p")),
            (served.auth.UserAdd, rpc.AuthUserAddRequest(
                name=name, options=api.authpb.UserAddOptions(no_password=True))),
            (served.auth.RoleAdd, rpc.AuthRoleAddRequest(name=name))]:
        assert refusal(call, request, metadata=served.root)[0] == "INVALID_ARGUMENT"
    assert served.auth.AuthStatus(rpc.AuthStatusRequest()).authRevision == before
    served.get(b"a/1", served.alice)


# Tokens


def test_a_token_expires_unless_it_is_used_and_an_open_watch_outlives_it(start):
    one = Served(start("--bcrypt-cost=4", "--auth-token-ttl=3"))
    stream = one.open_watch()
    stream.send(create(b"a/", b"a0"), one.alice)
    assert stream.take(20).created
    # Bob's token is used all the time, alice's is not.
    bob, end, used = one.bob, time.monotonic() + 8, time.monotonic()
    while time.monotonic() < end:
        try:
            one.get(b"a/1", bob)
        except grpc.RpcError:
            # The machine was paused for about as long as a token is valid.
            assert time.monotonic() - used > 2
            bob, end = metadata(login(one.auth, *BOB[:2])), time.monotonic() + 8
        used = time.monotonic()
        time.sleep(0.2)
    assert refusal(one.kv.Range, rpc.RangeRequest(key=b"a/1"), metadata=one.alice) == WRONG_TOKEN
    again = metadata(login(one.auth, *ALICE[:2]))
    one.put(b"a/1", again)
    assert stream.take(20).events[0].kv.key == b"a/1"
    stream.send(create(b"a/2"), one.alice)
    response = stream.take(20)
    assert (response.created, response.canceled, response.watch_id, response.cancel_reason) == (
        True, True, -1,
        "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token")
    one.put(b"a/1", again)
    assert stream.take(20).events[0].kv.key == b"a/1", "the first watch goes on"
    stream.close()
    one.close()


def test_disabling_ends_all_tokens_and_enabling_brings_none_back(start):
    one = Served(start("--bcrypt-cost=4"))
    one.auth.AuthDisable(rpc.AuthDisableRequest(), metadata=one.root)
    one.put(b"x", None)
    # Nobody reads a token while authentication is off.
    one.put(b"x", metadata("nonsense"))
    one.auth.AuthEnable(rpc.AuthEnableRequest())
    for caller in (one.root, one.alice):
        assert refusal(one.kv.Range, rpc.RangeRequest(key=b"a/1"), metadata=caller) == WRONG_TOKEN
    assert refusal(one.kv.Put, rpc.PutRequest(key=b"x")) == NOBODY
    one.close()


def test_users_survive_a_restart_and_tokens_do_not(start):
    member = start("--bcrypt-cost=4")
    one = Served(member)
    before = one.auth.AuthStatus(rpc.AuthStatusRequest())
    # After a kill the newest logins would be applied again, and their tokens with them.
    member.stop()
    member.start()
    after = until(lambda: status_of(member), what="the auth status")
    assert (after.enabled, after.authRevision) == (True, before.authRevision)
    with member.connect() as channel:
        kv, auth = api.stub(channel, "KV"), api.stub(channel, "Auth")
        assert refusal(kv.Put, rpc.PutRequest(key=b"a/1"), metadata=one.alice) == WRONG_TOKEN
        alice = metadata(login(auth, *ALICE[:2]))
        kv.Put(rpc.PutRequest(key=b"a/1"), metadata=alice)
        assert refusal(kv.Put, rpc.PutRequest(key=b"x"), metadata=alice) == DENIED
    one.close()


def status_of(member):
    with member.connect() as channel:
        return api.stub(channel, "Auth").AuthStatus(rpc.AuthStatusRequest(), timeout=10)


# Secrets in logs, CVE-2021-28235


def test_no_password_and_no_token_is_logged_at_any_level(start):
    member = start("--bcrypt-cost=4", "--log-level=debug", "--warning-apply-duration=1ns",
                   "--warning-unary-request-duration=1ns")
    secrets = ["geheim-eins", "geheim-zwei", "geheim-drei"]
    one = Served(member)
    one.auth.UserAdd(rpc.AuthUserAddRequest(name="s", password=secrets[0]), metadata=one.root)
    tokens = [login(one.auth, "s", secrets[0])]
    one.auth.UserChangePassword(
        rpc.AuthUserChangePasswordRequest(name="s", password=secrets[1]), metadata=one.root)
    tokens.append(login(one.auth, "s", secrets[1]))
    refusal(one.auth.Authenticate, rpc.AuthenticateRequest(name="s", password=secrets[2]))
    refusal(one.auth.UserAdd, rpc.AuthUserAddRequest(name="s", password=secrets[2]),
            metadata=one.root)
    refusal(one.auth.UserAdd, rpc.AuthUserAddRequest(name="t", password=secrets[2] * 8))
    one.put(b"a/1", one.alice, value=b"v")
    refusal(one.kv.Range, rpc.RangeRequest(key=b"a/1"), metadata=metadata(tokens[0]))
    refusal(one.kv.Range, rpc.RangeRequest(key=b"a/1"),
            metadata=(("authorization", f"Bearer {tokens[1]}"),))
    tokens += [dict(caller)["token"] for caller in (one.root, one.alice, one.bob)]
    passwords = [*secrets, "rootpw", "alicepw", "bobpw"]
    member.etcdctl("get", "a/1", "--user", "alice:alicepw")
    one.close()
    member.stop()
    lines = member.log_path.read_text()
    assert "apply request took too long" in lines
    hidden = passwords + [base64.b64encode(one.encode()).decode() for one in passwords]
    hidden += tokens + [token.partition(".")[0] for token in tokens] + ["$2a$04$"]
    hidden.append(base64.b64encode(b"$2a$04$").decode()[:8])
    for secret in hidden:
        assert secret not in lines, [line for line in lines.splitlines() if secret in line][:2]


def test_a_signed_token_is_not_logged_either(tmp_path, start):
    SigningKeys(tmp_path).make(["priv-key=es256.key"])
    member = start("--bcrypt-cost=4", "--log-level=debug",
                   "--auth-token=jwt,priv-key=es256.key,sign-method=ES256,ttl=10m")
    one = Served(member)
    one.put(b"a/1", metadata(login(one.auth, *ALICE[:2])))
    refusal(one.kv.Put, rpc.PutRequest(key=b"a/1"),
            metadata=metadata(dict(one.alice)["token"] + "x"))
    tokens = [dict(caller)["token"] for caller in (one.root, one.alice, one.bob)]
    one.close()
    member.stop()
    text = member.log_path.read_text()
    for token in tokens:
        for part in (token, *token.split(".")[1:]):
            assert part not in text
    assert "BEGIN" not in text


# Certificates as users


@pytest.fixture
def secured(start, certificates):
    """start(*flags): a member with users that takes the common name of a certificate as the user."""
    def make(*flags):
        tls = ClientTLS(certificates.ca.path, certificates["cli"])
        member = start("--bcrypt-cost=4", *server_flags(
            certificates["srv"], certificates.ca.path), *flags, tls=tls)
        return Served(member)
    return make


def as_certificate(served, certificates, name):
    return api.connect(served.member.endpoint, ClientTLS(
        certificates.ca.path, certificates[name]).credentials())


def test_the_common_name_of_a_certificate_is_the_user(secured, certificates):
    served = secured()
    with as_certificate(served, certificates, "cli-alice") as channel:
        kv = api.stub(channel, "KV")
        kv.Put(rpc.PutRequest(key=b"a/1"))
        assert refusal(kv.Put, rpc.PutRequest(key=b"x")) == DENIED
        # A token counts more than the certificate, even a wrong one.
        assert refusal(kv.Put, rpc.PutRequest(key=b"a/1"), metadata=served.bob) == DENIED
        assert refusal(kv.Put, rpc.PutRequest(key=b"a/1"),
                       metadata=metadata("x")) == WRONG_TOKEN
    with as_certificate(served, certificates, "cli-nobody") as channel:
        kv = api.stub(channel, "KV")
        assert refusal(kv.Range, rpc.RangeRequest(key=b"a/1")) == DENIED
        assert refusal(api.stub(channel, "Auth").UserList, rpc.AuthUserListRequest())[1] == (
            "etcdserver: user name not found")
    served.close()


def test_etcdctl_with_a_certificate_needs_no_password(secured, certificates):
    served = secured()
    member = served.member
    assert member.etcdctl("put", "x", "1").stdout == "OK\n", "the certificate of root"
    member.tls = ClientTLS(certificates.ca.path, certificates["cli-alice"])
    assert member.etcdctl("put", "a/1", "1").stdout == "OK\n"
    result = member.etcdctl("put", "x", "1", check=False)
    assert result.returncode == 1 and "etcdserver: permission denied" in result.stderr
    served.close()


def test_a_certificate_is_no_user_unless_certificates_are_required(start, certificates):
    member = start("--bcrypt-cost=4", *server_flags(certificates["srv"]),
                   tls=ClientTLS(certificates.ca.path, certificates["cli"]))
    served = Served(member)
    assert refusal(served.kv.Put, rpc.PutRequest(key=b"x")) == NOBODY
    served.close()


# What needs no user


def test_health_and_metrics_need_no_user(served):
    for path in ("/health", "/livez", "/readyz", "/version", "/metrics"):
        status, _ = served.member.get(path)
        assert status == 200, path
    assert json.loads(served.member.get("/health")[1])["health"] == "true"


def test_the_auth_revision_is_a_metric(served):
    revision = served.auth.AuthStatus(rpc.AuthStatusRequest()).authRevision
    text = served.member.get("/metrics")[1]
    found = [line for line in text.splitlines()
             if line.startswith("etcd_debugging_auth_revision ")]
    assert float(found[0].split()[1]) == revision


# Leases and alarms that the member itself acts on


def test_a_lease_expires_whoever_made_it(served):
    put_with_lease(served.lease, served.kv, b"x/short", 91, granted_by=served.bob,
                   metadata=served.root)
    until(lambda: not served.get(b"x/short", served.root).kvs, 30, "the end of the lease")


def test_the_space_alarm_is_raised_without_a_user(start):
    served = Served(start("--bcrypt-cost=4", "--quota-backend-bytes=262144"))

    def is_full():
        try:
            served.put(b"a/full", served.alice, value=b"x" * 60_000)
        except grpc.RpcError as error:
            return error.details() == "etcdserver: mvcc: database space exceeded"
        return False
    until(is_full, 30, "the quota")
    found = until(lambda: served.maintenance.Alarm(
        rpc.AlarmRequest(action=0), metadata=served.root).alarms, what="the alarm")
    assert found[0].alarm == 1
    # The permission comes before the quota, and before the alarm at apply.
    assert refusal(served.kv.Put, rpc.PutRequest(key=b"x", value=b"x" * 60_000),
                   metadata=served.alice)[1] in (
        DENIED[1], "etcdserver: mvcc: database space exceeded")
    assert refusal(served.maintenance.Alarm, rpc.AlarmRequest(action=2, alarm=1),
                   metadata=served.alice) == DENIED
    served.maintenance.Alarm(
        rpc.AlarmRequest(action=2, alarm=1, memberID=found[0].memberID), metadata=served.root)
    served.close()
