"""Allocations and system calls of each request; acceptance/request_costs.py has the method.

The release build is measured: a debug build has several times as many allocations, which the
optimizer removes, and a higher variation than one more allocation in each request. The test builds
it if it is missing.
"""
import os
import pathlib
import subprocess

import pytest

from acceptance import members, request_costs

pytestmark = pytest.mark.alone

ROUNDS = 3


@pytest.fixture(scope="module")
def release_build():
    given = os.environ.get("ETCD_BINARY")
    if given:
        if not (pathlib.Path(given).parent / "loadgenerator").exists():
            pytest.skip("needs a build of this project: no load generator next to $ETCD_BINARY")
        return pathlib.Path(given)
    subprocess.run(["make", "release"], cwd=members.ROOT, check=True)
    return members.ROOT / ".build/release/etcd"


@pytest.fixture(scope="module")
def counted(release_build, tmp_path_factory):
    with request_costs.CountedMember(release_build, tmp_path_factory.mktemp("costs")) as member:
        yield member


@pytest.mark.parametrize("name", request_costs.LOADS)
def test_a_request_costs_no_more_than_its_limit(counted, name):
    previous, limit = request_costs.limits()[name]
    for _ in range(ROUNDS):
        # The sizes of batches vary from run to run: the cheapest run counts.
        found = request_costs.excesses(counted.costs(request_costs.LOADS[name]), limit)
        if not found:
            return
    pytest.fail(
        f"{name}: more than {request_costs.TABLE.name} allows, in each of {ROUNDS} runs\n"
        + "".join(f"    {line}\n" for line in found)
        + f"    when the limit was set: {previous.allocations:g} allocations, "
        f"{previous.system_calls:g} system calls\n"
        f"Stacks: python Tests/Acceptance/programs/request_costs.py --stacks '{name}'\n"
        f"System calls: python Tests/Acceptance/programs/request_costs.py --calls '{name}'\n",
        pytrace=False)


def test_the_table_has_each_load_and_limits_above_the_measured_costs():
    assert list(request_costs.limits()) == list(request_costs.LOADS)
    for found, limit in request_costs.limits().values():
        assert not request_costs.excesses(found, limit)
