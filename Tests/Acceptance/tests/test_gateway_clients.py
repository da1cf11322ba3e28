"""Unmodified clients of the JSON gateway from PyPI: etcd3gw and async-etcd3gw."""
import asyncio
import concurrent.futures
import time

import async_etcd3gw
import etcd3gw
import pytest
from etcd3gw import exceptions

from acceptance.http_exchange import post
from acceptance.secure import ClientTLS, server_flags


@pytest.fixture(scope="module", params=["plaintext", "tls"])
def served(request, tmp_path_factory, certificates):
    """A member, and the options of clients to reach it."""
    from acceptance.members import our_member

    flags, tls, options = [], None, {"protocol": "http"}
    if request.param == "tls":
        authority = certificates.ca.path
        client = certificates["cli-nocn"]
        flags = server_flags(certificates["srv"], authority)
        tls = ClientTLS(authority, client)
        options = {"protocol": "https", "ca_cert": str(authority),
                   "cert_cert": str(client.certificate), "cert_key": str(client.key)}
    member = our_member(tmp_path_factory.mktemp("member") / "ours.etcd", *flags, tls=tls).start()
    yield member, {"host": "127.0.0.1", "port": member.client_port, "timeout": 20, **options}
    member.close()


@pytest.fixture
def client(served, monkeypatch):
    # These would count before the authority of the client.
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    return etcd3gw.Etcd3Client(**served[1])


def test_keys_are_written_read_and_deleted(client):
    assert client.put("key", "value")
    assert client.get("key") == [b"value"]
    [(value, metadata)] = client.get("key", metadata=True)
    assert (value, metadata["key"], metadata["version"]) == (b"value", b"key", "1")
    assert client.create("key", "no") is False
    assert client.create("new", "yes") is True
    assert client.replace("key", "value", "other") is True
    assert client.replace("key", "value", "third") is False
    for number in range(30):
        client.put(f"r/{number:02}", "x" * number)
    found = client.get_prefix("r/", sort_order="descend", sort_target="key")
    assert [len(value) for value, _ in found] == list(range(29, -1, -1))
    assert len(client.get_all()) >= 32
    assert client.delete("key") is True
    assert client.delete("key") is False
    assert client.delete_prefix("r/") is True
    assert client.get("key") == []


def test_binary_and_large_values_come_back(client):
    value = bytes(range(256)) * 4000
    client.put(b"\x00\xff", value)
    assert client.get(b"\x00\xff") == [value]


def test_leases_are_renewed_and_take_their_keys_along(client):
    lease = client.lease(ttl=100)
    client.put("leased", "x", lease=lease)
    assert 0 < lease.ttl() <= 100
    assert lease.refresh() == 100
    assert lease.keys() == [b"leased"]
    assert lease.revoke() is True
    assert client.get("leased") == []


def test_a_lock_has_one_holder(client):
    with client.lock("one", ttl=60) as lock:
        assert lock.is_acquired()
        assert client.lock("one", ttl=60).acquire() is False
    with client.lock("one", ttl=60) as lock:
        assert lock.is_acquired()


def test_watches_get_events_until_they_are_cancelled(client, served):
    events, cancel = client.watch_prefix("w/")
    until_watched(served[0], client, "w/")
    client.put("w/1", "a")
    client.delete("w/1")
    found = [next(events)]
    while found[-1].get("type") != "DELETE":
        found.append(next(events))
    assert [event["kv"]["key"] for event in found[-2:]] == [b"w/1", b"w/1"]
    assert found[-2]["kv"]["value"] == b"a"
    cancel()
    until_watched(served[0], client, "w/", count=0)


def watchers(member):
    """The number of watchers that the member has."""
    text = member.get("/metrics")[1]
    [line] = [one for one in text.splitlines()
              if one.startswith("etcd_debugging_mvcc_watcher_total ")]
    return float(line.split()[1])


def until_watched(member, client, key, count=1):
    end = time.monotonic() + 60
    while watchers(member) != count:
        assert time.monotonic() < end, f"{watchers(member)} watchers, not {count}"
        time.sleep(0.05)
        if count == 0:
            # A client that reads events notices only then that it is to end.
            client.put(key + "end", "x")


def test_a_watch_sees_what_was_written_before_it(client):
    client.put("history", "1")
    [(_, metadata)] = client.get("history", metadata=True)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        event = pool.submit(client.watch_once, "history", timeout=20,
                            start_revision=int(metadata["mod_revision"])).result()
    assert event["kv"]["value"] == b"1"


def test_status_and_members_are_shown(client, served):
    status = client.status()
    assert f'"etcdserver":"{status["version"]}"' in served[0].get("/version")[1]
    assert int(status["dbSize"]) > 0
    [member] = client.members()
    assert member["clientURLs"] == [served[0].url]


def test_errors_arrive_as_those_of_the_client(client):
    with pytest.raises(exceptions.Etcd3Exception) as raised:
        client.put("", "x")
    assert "key is not provided" in raised.value.detail_text


def test_many_requests_at_once(client):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: client.put(f"many/{number}", "x"), range(300)))
        found = list(pool.map(lambda number: client.get(f"many/{number}"), range(300)))
    assert found == [[b"x"]] * 300


@pytest.mark.filterwarnings("ignore:ssl_context is deprecated")
def test_the_asynchronous_client(served):
    async def run():
        async with async_etcd3gw.AsyncEtcd3Client(**served[1], api_path="/v3/") as client:
            await client.put("a/key", "value")
            assert await client.get("a/key") == [b"value"]
            assert await client.replace("a/key", "value", "other")
            lease = await client.lease(ttl=50)
            assert await lease.refresh() == 50
            await client.put("a/leased", "x", lease=lease)
            events, cancel = await client.watch_prefix("a/", start_revision=1)
            found = []
            async for event in events:
                found.append(event["kv"]["key"])
                if len(found) == 3:
                    break
            assert found == [b"a/key", b"a/key", b"a/leased"]
            await cancel()
            await asyncio.gather(*(client.put(f"a/{number}", "x") for number in range(100)))
            assert len(await client.get_prefix("a/")) == 102
            await client.delete_prefix("a/")

    asyncio.run(run())


def test_a_member_without_the_gateway_has_none(start):
    member = start("--enable-grpc-gateway=false")
    assert post(member, "/v3/kv/range", "{}") == (404, "404 page not found\n")
