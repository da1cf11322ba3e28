"""Unmodified etcdctl 3.5.1 prints the same about users and roles with a real etcd and with ours.

acceptance/transcripts.py describes the scripts; the first commands make root, who `--user root:pw`
is, and enable authentication.
"""
import pytest

from acceptance.transcripts import play

ENABLED = """
    user add root:pw
    role add root
    user grant-role root root
    auth enable
"""
SCRIPTS = {
    "users": """
        user add root:pw
        user add root:pw
        user add alice:a
        user add bob --no-password
        user add carol --interactive=false <<< secret
        user add carol --no-password
        user add :x
        user add
        user add "with space:x"
        user add "ü/ñ:x"
        user list
        user list -w json
        user list -w fields
        user get alice
        user get alice -w json
        user get alice -w fields
        user get alice --detail
        user get nobody
        user get
        user passwd alice --interactive=false <<< b
        user passwd nobody --interactive=false <<< b
        user delete bob
        user delete bob
        user delete bob -w json
        user list
    """,
    "roles": """
        role add r
        role add r
        role add ""
        role add r2 -w json
        role grant-permission r read a
        role grant-permission r write a b
        role grant-permission r readwrite k --prefix
        role grant-permission r read m --from-key
        role grant-permission r read ""
        role grant-permission r read "" --prefix
        role grant-permission r read "" --from-key
        role grant-permission r sometimes a
        role grant-permission r read
        role grant-permission missing read a
        role get r
        role get r -w json
        role get r -w fields
        role get missing
        role get root
        role revoke-permission r a
        role revoke-permission r a b
        role revoke-permission r a b
        role revoke-permission r k --prefix
        role revoke-permission r m --from-key
        role revoke-permission missing a
        role get r
        role list
        role list -w json
        role list -w fields
        role delete r2
        role delete r2
        role list
    """,
    "roles of users": """
        user add alice:a
        role add r
        role add s
        role grant-permission r read a
        user grant-role alice r
        user grant-role alice r
        user grant-role alice s -w json
        user grant-role alice missing
        user grant-role nobody r
        user grant-role alice
        user get alice
        user get alice --detail
        user revoke-role alice r
        user revoke-role alice r
        user revoke-role nobody r
        role delete s
        user get alice
    """,
    "enabling": """
        auth status
        auth enable
        user add root:pw
        auth enable
        role add root
        user grant-role root root
        auth enable
        auth status --user root:pw
        auth status --user root:pw -w json
        auth enable --user root:pw
        put a 1
        put a 1 --user root:pw
        put a 1 --user root:wrong
        put a 1 --user nobody:pw
        put a 1 --user root
        user delete root --user root:pw
        role delete root --user root:pw
        user revoke-role root root --user root:pw
        auth disable
        auth disable --user root:pw
        auth disable
        put a 2
        user delete root
        auth enable
    """,
    "permissions": ENABLED + """
        user add alice:a --user root:pw
        role add r --user root:pw
        role grant-permission r readwrite k/ --prefix --user root:pw
        role grant-permission r read only --user root:pw
        put k/1 x --user alice:a
        user grant-role alice r --user root:pw
        put k/1 x --user alice:a
        get k/1 --user alice:a
        get k/ --prefix --user alice:a
        get k --prefix --user alice:a
        get "" --prefix --user alice:a
        get only --user alice:a
        put only x --user alice:a
        del only --user alice:a
        del k/1 --user alice:a --prev-kv
        put k/1 y --prev-kv --user alice:a -w json
        get other --user alice:a
        get k/1
        txn --user alice:a <<< \\nput k/2 1\\nget only\\n\\n\\n
        txn --user alice:a <<< \\nput k/2 1\\n\\nput other 1\\n\\n
        txn --user alice:a <<< mod("other") > "0"\\n\\nput k/2 1\\n\\n\\n
        lease grant 600 --user alice:a
        put k/3 x --lease={lease} --user alice:a
        put other x --lease={lease} --user root:pw
        put k/4 x --lease={lease} --user alice:a
        lease revoke {lease} --user alice:a
        lease revoke {lease} --user root:pw
        user get alice --user alice:a
        user get root --user alice:a
        role get r --user alice:a
        role get root --user alice:a
        user list --user alice:a
        role list --user alice:a
        user passwd alice --interactive=false --user alice:a <<< b
        user add x:y --user alice:a
        user revoke-role alice r --user root:pw
        get k/1 --user alice:a
        user delete alice --user root:pw
        get k/1 --user alice:a
    """,
    "administration": ENABLED + """
        user add alice:a --user root:pw
        endpoint health
        endpoint health --user root:pw
        endpoint health --user alice:a
        endpoint hashkv --user root:pw -w json
        endpoint hashkv --user alice:a
        defrag --user alice:a
        defrag --user root:pw
        member add m --peer-urls=http://127.0.0.1:1 --user alice:a
        member remove 1234 --user alice:a
        member list --user root:pw
        move-leader 1234 --user root:pw
        alarm list --user root:pw
        alarm disarm --user root:pw
        snapshot save /dev/null --user alice:a
        watch a --user alice:a
        lock l echo held --user alice:a
        lock l echo held --user root:pw
        elect e one --user alice:a
    """,
}


# 3.5.1 returns these errors as they are; the later text is recorded (test_auth_recorded.py).
TEXTS_OF_3_5 = {
    f"rpc error: code = Unknown desc = auth: {text}": f"etcdserver: {text}"
    for text in ("permission denied", "user name is empty", "invalid auth token")}


def as_of_3_7(transcript):
    def replaced(text):
        for old, new in TEXTS_OF_3_5.items():
            text = text.replace(old, new)
        return text
    return [(line, status, replaced(out), replaced(err)) for line, status, out, err in transcript]


@pytest.mark.parametrize("name", SCRIPTS)
def test_prints_the_same_as_with_a_real_etcd(start, name):
    real = start("--bcrypt-cost=4", real=True)
    ours = start("--bcrypt-cost=4")
    actual = play(ours, SCRIPTS[name])
    for expected, got in zip(as_of_3_7(play(real, SCRIPTS[name])), actual):
        assert got == expected
