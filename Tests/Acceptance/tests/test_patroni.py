"""Patroni from PyPI and PostgreSQL: a failover, with etcd's JSON gateway over TLS as a user.

acceptance/patroni_cluster.py has the steps; programs/patroni_failover.py is the form with three
nodes.
"""
from acceptance import patroni_cluster


def test_postgresql_fails_over(certificates):
    with patroni_cluster.folder() as folder:
        patroni_cluster.failover(folder, certificates, nodes=2)
