"""Allocations and system calls of each request. What is counted and how stands in request_costs.py.

The release build is counted: a debug build allocates several times as much, mostly what the
optimizer removes, so that one more allocation in each request would drown in the room that a limit
needs. It is built here if it is not there.
"""
import os
import pathlib
import subprocess

import pytest

import members
import request_costs

ROUNDS = 3


@pytest.fixture(scope="module")
def release_build():
    given = os.environ.get("ETCD_BINARY")
    if given:
        if not (pathlib.Path(given).parent / "loadgenerator").exists():
            pytest.skip("counts a build of this project: no load generator beside $ETCD_BINARY")
        return pathlib.Path(given)
    subprocess.run(["make", "release"], cwd=members.ROOT, check=True)
    return members.ROOT / ".build/release/etcd"


@pytest.fixture(scope="module")
def counted(release_build, tmp_path_factory):
    with request_costs.CountedMember(release_build, tmp_path_factory.mktemp("costs")) as member:
        yield member


@pytest.mark.parametrize("name", request_costs.LOADS)
def test_a_request_costs_no_more_than_its_limit(counted, name):
    found_before, limit = request_costs.limits()[name]
    for _ in range(ROUNDS):
        # How large batches come out differs a little from run to run: the cheapest run counts.
        found = request_costs.excesses(counted.costs(request_costs.LOADS[name]), limit)
        if not found:
            return
    pytest.fail(
        f"{name}: more than {request_costs.TABLE.name} allows, in each of {ROUNDS} runs\n"
        + "".join(f"    {line}\n" for line in found)
        + f"    when the limit was set: {found_before.allocations:g} allocations, "
        f"{found_before.system_calls:g} system calls\n"
        f"Who allocates: python Tests/Acceptance/request_costs.py --stacks '{name}'\n"
        f"Which system calls: python Tests/Acceptance/request_costs.py --calls '{name}'\n",
        pytrace=False)


def test_the_table_has_each_load_and_room_above_what_was_found():
    assert list(request_costs.limits()) == list(request_costs.LOADS)
    for found, limit in request_costs.limits().values():
        assert not request_costs.excesses(found, limit)
