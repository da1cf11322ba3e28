"""The Swift client under faults (a short run), and tests of its checker.

acceptance/client_faults.py has the requirements.
"""
import pytest

from acceptance import faults
from acceptance.client_faults import ClientFaultInjector, check_locks


def test_the_client_sees_no_gap_no_second_holder_and_loses_no_write(kinds):
    faults.run(seed=1, kinds=kinds, injector_type=ClientFaultInjector, faults=[
        ClientFaultInjector.break_links, ClientFaultInjector.hold_links_to_minority,
        ClientFaultInjector.freeze_leader, ClientFaultInjector.kill_leader])


def hold(lock, acquired, released):
    return {"holder": 0, "lock": lock, "acquired": acquired, "released": released}


def test_the_checker_of_locks():
    check_locks([hold(2, 20, 30), hold(1, 10, 20)])
    with pytest.raises(AssertionError, match="two holders"):
        check_locks([hold(1, 10, 20), hold(2, 19, 30)])
    with pytest.raises(AssertionError, match="falls"):
        check_locks([hold(2, 10, 20), hold(1, 20, 30)])
