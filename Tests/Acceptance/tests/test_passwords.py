"""Passwords: how logins are queued and dropped, and what changes during one.

Rules, texts and stored bytes are in test_auth*.py.
"""
import concurrent.futures

import grpc
import pytest

from acceptance import api

rpc = api.rpc
pytestmark = pytest.mark.alone
# bcrypt of "changed" at cost 4, in base64.
CHANGED = "JDJhJDA0JDhNRVY1VktYN1pVR1VUV29seHIxcE83eUN4elpZWnM0UC9OaC91VUMyYndyZ05vd2tRSnZL"


def serve(start, cost):
    """A member with authentication, and the user alice."""
    member = start(f"--bcrypt-cost={cost}")
    with member.connect() as channel:
        auth = api.stub(channel, "Auth")
        for name in ("root", "alice"):
            auth.UserAdd(rpc.AuthUserAddRequest(name=name, password=f"{name}-secret"), timeout=60)
        auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user="root", role="root"), timeout=20)
        auth.AuthEnable(rpc.AuthEnableRequest(), timeout=20)
    return member


def log_in(auth, name, password=None, timeout=60):
    request = rpc.AuthenticateRequest(name=name, password=password or f"{name}-secret")
    return auth.Authenticate.future(request, timeout=timeout)


def refusal(future):
    with pytest.raises(grpc.RpcError) as error:
        future.result()
    return error.value.code().name, error.value.details()


def test_many_logins_at_once_all_get_a_token_while_others_are_served(start):
    member = serve(start, cost=8)
    with member.connect() as channel:
        auth, kv = api.stub(channel, "Auth"), api.stub(channel, "KV")
        metadata = (("token", log_in(auth, "root").result().token),)
        logins = [log_in(auth, "alice" if number % 2 else "root") for number in range(100)]
        wrong = [log_in(auth, "alice", password=f"wrong {number}") for number in range(10)]
        for number in range(200):
            kv.Put(rpc.PutRequest(key=b"key", value=b"%d" % number), metadata=metadata, timeout=20)
        assert len({login.result().token for login in logins}) == 100
        assert {refusal(login) for login in wrong} == {(
            "INVALID_ARGUMENT",
            "etcdserver: authentication failed, invalid user ID or password")}


def test_logins_of_callers_that_have_gone_are_not_computed(start):
    # One takes a quarter of a second: all of them would take most of a minute.
    member = serve(start, cost=12)
    with member.connect() as channel:
        auth = api.stub(channel, "Auth")
        gone = [log_in(auth, "alice", timeout=1) for _ in range(400)]
        for login in gone:
            if login.exception() is not None:
                assert refusal(login)[0] == "DEADLINE_EXCEEDED"
        assert log_in(auth, "root", timeout=30).result().token


def test_more_logins_than_can_wait_are_refused(start):
    member = serve(start, cost=12)
    with member.connect() as channel:
        auth = api.stub(channel, "Auth")
        logins = [log_in(auth, "alice", timeout=10) for _ in range(600)]
        refusals = {refusal(login) for login in logins if login.exception() is not None}
        assert ("UNKNOWN", "etcdserver: too many requests") in refusals
        assert log_in(auth, "root", timeout=30).result().token


def test_a_password_that_changes_during_a_login_does_not_log_in(start):
    member = serve(start, cost=11)
    with member.connect() as channel:
        auth = api.stub(channel, "Auth")
        metadata = (("token", log_in(auth, "root").result().token),)
        # The login of alice waits behind these, with what was read before.
        others = [log_in(auth, "root") for _ in range(8)]
        login = log_in(auth, "alice")
        auth.UserChangePassword(
            rpc.AuthUserChangePasswordRequest(name="alice", hashedPassword=CHANGED),
            metadata=metadata, timeout=20)
        assert refusal(login)[0] == "INVALID_ARGUMENT"
        assert log_in(auth, "alice", password="changed").result().token
        # Theirs has not changed: they are not refused, nor computed again.
        assert all(other.result().token for other in others)


def test_other_changes_during_a_login_do_not_matter(start):
    member = serve(start, cost=10)
    with member.connect() as channel, concurrent.futures.ThreadPoolExecutor() as threads:
        auth = api.stub(channel, "Auth")
        metadata = (("token", log_in(auth, "root").result().token),)
        login = log_in(auth, "alice")
        list(threads.map(
            lambda number: auth.RoleAdd(
                rpc.AuthRoleAddRequest(name=f"role {number}"), metadata=metadata, timeout=20),
            range(50)))
        token = login.result().token
        response = auth.UserGet(
            rpc.AuthUserGetRequest(name="alice"), metadata=(("token", token),), timeout=20)
        assert list(response.roles) == []


@pytest.mark.parametrize("cost, is_replaced", [(3, True), (4, False), (32, True)])
def test_a_cost_that_bcrypt_does_not_have_is_replaced(start, cost, is_replaced):
    member = start(f"--bcrypt-cost={cost}")
    lines = [line for line in member.log_lines()
             if line["msg"] == "use default bcrypt cost instead of the invalid given cost"]
    assert [line["given-cost"] for line in lines] == ([cost] if is_replaced else [])
    with member.connect() as channel:
        auth = api.stub(channel, "Auth")
        auth.UserAdd(rpc.AuthUserAddRequest(name="a", password="p"), timeout=20)
    member.stop()
    data = (member.directory / "member/snap/db").read_bytes()
    assert (b"$2a$10$" if is_replaced else b"$2a$04$") in data
