"""Comparison of swift-etcd with the real etcd: rows, measurements and reports.

The servers are members of the acceptance tests, whose library is added to the module path.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Acceptance"))
