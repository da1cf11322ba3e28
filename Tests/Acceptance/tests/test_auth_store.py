"""Users and roles on disk: the bytes of a real etcd, from the same operations and in both
directions.

`Tests/AuthTests/Recorded/auth-store.db` is the database of a real etcd 3.7.1 after `operations`.
Stored passwords contain a random salt; everything else must be the same to the byte.
"""
import re
import subprocess

import grpc
import pytest

from acceptance import api, bolt, users
from acceptance.members import ROOT, free_ports, our_member, real_member, tool

rpc = api.rpc
RECORDED = ROOT / "Tests/AuthTests/Recorded/auth-store.db"
BCRYPT = re.compile(rb"\$2a\$04\$[./A-Za-z0-9]{53}")
HASH, HASH_KV, HASH_KV_OLDER = 55404263, (2369424464, 4, 6), (2373118946, 4, 5)
AUTH_REVISION = 159
# The peer URL and the client URL are part of the recorded data; nothing listens there.
PEER_URL, CLIENT_URL = "http://127.0.0.1:26001", "http://127.0.0.1:26000"
READ, WRITE, BOTH = 0, 1, 2


def grants():
    """The permissions of the roles: (role, kind, key, range end)."""
    for number in range(60):
        slot = 59 - number
        yield "many", number % 3, b"/t/%02d/" % slot, b"/t/%02d0" % slot
    yield "reader", READ, b"/app/", b"/app0"
    yield "reader", READ, b"a", b""
    yield "writer", WRITE, b"/app/", b"/app0"
    yield "writer", BOTH, b"m", b"\x00"
    yield "writer", BOTH, b"\x00\xff", b"\x01"
    yield "dup", READ, b"k", b""
    yield "dup", WRITE, b"k", b"l"
    yield "dup", BOTH, b"k", b"l"
    yield "dup", READ, b"z", b""


def run_operations(member):
    """The recorded operations, in their order."""
    with member.connect() as channel:
        kv, auth = api.stub(channel, "KV"), api.stub(channel, "Auth")
        lease, maintenance = api.stub(channel, "Lease"), api.stub(channel, "Maintenance")
        kv.Put(rpc.PutRequest(key=b"k1", value=b"v1"))
        kv.Put(rpc.PutRequest(key=b"k1", value=b"v2"))
        kv.Put(rpc.PutRequest(key=b"gone", value=b"x"))
        kv.DeleteRange(rpc.DeleteRangeRequest(key=b"gone"))
        lease.LeaseGrant(rpc.LeaseGrantRequest(TTL=6000, ID=77))
        kv.Put(rpc.PutRequest(key=b"lk", value=b"on lease", lease=77))
        add_users(auth)
        add_roles(auth)
        for number in range(1, 31):
            auth.UserAdd(no_password(f"user{number:02}"))
        for number in range(1, 31):
            grant(auth, f"user{number:02}", "many")
        auth.AuthEnable(rpc.AuthEnableRequest())
        root = users.metadata(users.login(auth, "root", "rootpw"))
        auth.AuthDisable(rpc.AuthDisableRequest(), metadata=root)
        auth.AuthEnable(rpc.AuthEnableRequest())
        root = users.metadata(users.login(auth, "root", "rootpw"))
        kv.Compact(rpc.CompactionRequest(revision=4, physical=True), metadata=root)
        maintenance.Defragment(rpc.DefragmentRequest(), metadata=root)


def no_password(name):
    return rpc.AuthUserAddRequest(
        name=name, options=api.authpb.UserAddOptions(no_password=True))


def grant(auth, user, role):
    auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user=user, role=role))


def add_users(auth):
    def add(name, password):
        auth.UserAdd(rpc.AuthUserAddRequest(name=name, password=password))

    def change(name, password):
        auth.UserChangePassword(
            rpc.AuthUserChangePasswordRequest(name=name, password=password))
    add("root", "rootpw")
    add("alice", "alicepw")
    add("bob", "")
    auth.UserAdd(no_password("nopw"))
    add("üser/1", "p")
    add("deleted", "p")
    change("bob", "bobpw")
    add("emptyhash", "p")
    change("emptyhash", "")


def add_roles(auth):
    for name in ("reader", "writer", "empty", "dup", "deletedrole", "root", "many"):
        auth.RoleAdd(rpc.AuthRoleAddRequest(name=name))
    for role, *permission in grants():
        auth.RoleGrantPermission(rpc.AuthRoleGrantPermissionRequest(
            name=role, perm=users.permission(*permission)))
    auth.RoleRevokePermission(rpc.AuthRoleRevokePermissionRequest(role="dup", key=b"z"))
    auth.RoleGrantPermission(rpc.AuthRoleGrantPermissionRequest(
        name="deletedrole", perm=users.permission(READ, b"k")))
    for user, role in [("root", "root"), ("alice", "writer"), ("alice", "reader"),
                       ("alice", "deletedrole"), ("bob", "dup"), ("nopw", "reader"),
                       ("nopw", "empty")]:
        grant(auth, user, role)
    auth.UserRevokeRole(rpc.AuthUserRevokeRoleRequest(name="nopw", role="empty"))
    auth.RoleDelete(rpc.AuthRoleDeleteRequest(role="deletedrole"))
    auth.UserDelete(rpc.AuthUserDeleteRequest(name="deleted"))


def auth_buckets(path):
    """The buckets of users and roles, without salts and hashes of passwords."""
    found = bolt.read(path)
    return {name: {key: BCRYPT.sub(b"BCRYPT", value) for key, value in found[name].items()}
            for name in (b"auth", b"authUsers", b"authRoles")}


def as_user(member, name, password):
    """The stub of service KV and the metadata of a user."""
    channel = member.connect()
    token = users.login(api.stub(channel, "Auth"), name, password)
    return api.stub(channel, "KV"), users.metadata(token)


def status(member):
    """Whether authentication is enabled, and the auth revision; 3.5.1 has it for users only."""
    root = root_of(member)
    with member.connect() as channel:
        found = api.stub(channel, "Auth").AuthStatus(rpc.AuthStatusRequest(), metadata=root)
    return found.enabled, found.authRevision


def hash_kv(member, revision, metadata):
    with member.connect() as channel:
        found = api.stub(channel, "Maintenance").HashKV(
            rpc.HashKVRequest(revision=revision), metadata=metadata)
    return found.hash, found.compact_revision, found.hash_revision


def root_of(member, password="rootpw"):
    with member.connect() as channel:
        return users.metadata(users.login(api.stub(channel, "Auth"), "root", password))


def refused(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.details()


def test_the_same_operations_store_the_same_bytes(start):
    member = start("--bcrypt-cost=4")
    run_operations(member)
    assert status(member) == (True, AUTH_REVISION)
    root = root_of(member)
    assert hash_kv(member, 0, root) == HASH_KV
    assert hash_kv(member, 5, root) == HASH_KV_OLDER
    member.stop()
    stored = auth_buckets(member.directory / "member/snap/db")
    assert stored == auth_buckets(RECORDED)


@pytest.fixture
def restored(tmp_path):
    """A member of ours on the recorded file."""
    directory = tmp_path / "restored.etcd"
    subprocess.run(
        [tool("etcdutl"), "snapshot", "restore", str(RECORDED), "--skip-hash-check",
         "--name=n1", f"--initial-cluster=n1={PEER_URL}", "--initial-cluster-token=facts",
         f"--initial-advertise-peer-urls={PEER_URL}", "--data-dir", str(directory)],
        check=True, capture_output=True)
    member = our_member(
        directory, "--name=n1", f"--advertise-client-urls={CLIENT_URL}", "--bcrypt-cost=4",
        f"--initial-advertise-peer-urls={PEER_URL}", f"--initial-cluster=n1={PEER_URL}",
        "--initial-cluster-token=facts")
    yield member.start()
    member.close()


def test_the_recorded_file_is_served_with_its_hashes(restored):
    for _ in range(2):
        assert status(restored) == (True, AUTH_REVISION)
        root = root_of(restored)
        with restored.connect() as channel:
            found = api.stub(channel, "Maintenance").Hash(rpc.HashRequest(), metadata=root)
        assert found.hash == HASH
        assert hash_kv(restored, 0, root) == HASH_KV
        assert hash_kv(restored, 5, root) == HASH_KV_OLDER
        restored.stop()
        restored.start()


def test_the_recorded_users_log_in_and_have_their_permissions(restored):
    with restored.connect() as channel:
        auth = api.stub(channel, "Auth")
        for name, password in [("emptyhash", "p"), ("emptyhash", ""), ("alice", "bobpw"),
                               ("deleted", "p")]:
            assert refused(lambda: users.login(auth, name, password)) == (
                "etcdserver: authentication failed, invalid user ID or password")
        for name in ("nopw", "user01"):
            assert "no password user" in refused(lambda: users.login(auth, name, ""))
        users.login(auth, "üser/1", "p")
    kv, alice = as_user(restored, "alice", "alicepw")
    kv.Put(rpc.PutRequest(key=b"/app/x", value=b"1"), metadata=alice)
    kv.Put(rpc.PutRequest(key=b"m", value=b"1"), metadata=alice)
    assert kv.Range(rpc.RangeRequest(key=b"/app/", range_end=b"/app0"),
                    metadata=alice).kvs[0].key == b"/app/x"
    denied = "etcdserver: permission denied"
    assert refused(lambda: kv.Put(rpc.PutRequest(key=b"k1"), metadata=alice)) == denied
    kv, bob = as_user(restored, "bob", "bobpw")
    assert refused(lambda: kv.Range(rpc.RangeRequest(key=b"z"), metadata=bob)) == denied
    kv.Put(rpc.PutRequest(key=b"k5"), metadata=bob)


def check(member, passwords):
    """Every user logs in; alice may only what her role says."""
    with member.connect() as channel:
        auth = api.stub(channel, "Auth")
        for name, password in passwords.items():
            users.login(auth, name, password)
    kv, alice = as_user(member, "alice", passwords["alice"])
    kv.Put(rpc.PutRequest(key=b"a/1", value=b"x"), metadata=alice)
    assert refused(lambda: kv.Put(rpc.PutRequest(key=b"b"), metadata=alice)) == (
        "etcdserver: permission denied")
    assert refused(lambda: kv.Put(rpc.PutRequest(key=b"a/1"))) == "etcdserver: user name is empty"


def add_user(member, name, password, root):
    with member.connect() as channel:
        auth = api.stub(channel, "Auth")
        auth.UserAdd(rpc.AuthUserAddRequest(name=name, password=password), metadata=root)
        auth.UserChangePassword(
            rpc.AuthUserChangePasswordRequest(name="alice", password=f"by {name}"), metadata=root)


def test_a_directory_with_users_goes_from_a_real_etcd_to_ours_and_back(tmp_path):
    flags = ["--bcrypt-cost=4"]
    ports = free_ports(2)
    real = real_member(tmp_path / "data.etcd", *flags, ports=ports)
    ours = our_member(tmp_path / "data.etcd", *flags, ports=ports)
    passwords = {"root": "rootpw", "alice": "alicepw"}
    try:
        real.start()
        with real.connect() as channel:
            users.setup(api.stub(channel, "Auth"),
                        [("alice", "alicepw", [(BOTH, b"a/", b"a0")])])
        check(real, passwords)
        for number, member in enumerate([ours, real, ours, real]):
            before = status(real if member is ours else ours)
            (real if member is ours else ours).stop()
            member.start()
            assert status(member) == before
            check(member, passwords)
            # A password that the one hashes is checked by the other.
            add_user(member, f"user{number}", f"p{number}", root_of(member))
            passwords |= {f"user{number}": f"p{number}", "alice": f"by user{number}"}
            check(member, passwords)
    finally:
        real.close()
        ours.close()
