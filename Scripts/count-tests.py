#!/usr/bin/env python3
"""Counts passed or failed tests in the output of a test runner: count-tests.py passed|failed."""
import re
import sys

text = sys.stdin.read()
passed = failed = 0
for run, issues in re.findall(r"Test run with (\d+) tests?.*? (passed|failed)", text):
    broken = len(set(re.findall(r"✘ Test (?!run with )(.+?) failed after", text)))
    failed += broken if issues == "failed" else 0
    passed += int(run) - (broken if issues == "failed" else 0)
for count, word in re.findall(r"(\d+) (passed|failed|error)", text.splitlines()[-1] if text else ""):
    if word == "passed":
        passed += int(count)
    else:
        failed += int(count)
print(passed if sys.argv[1] == "passed" else failed)
