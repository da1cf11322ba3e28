#!/usr/bin/env bash
# Runs all checks; the last line is the sum of all tests.
set -uo pipefail
cd "$(dirname "$0")/.."
bash Scripts/setup.sh test || exit 1

passed=0 failed=0
step() { # step NAME COMMAND...: runs a command and counts the tests in its summary
    local name=$1 output status; shift
    echo "== $name"
    output=$(mktemp)
    "$@" 2>&1 | tee "$output"
    status=${PIPESTATUS[0]}
    local good bad
    good=$(python3 Scripts/count-tests.py passed < "$output")
    bad=$(python3 Scripts/count-tests.py failed < "$output")
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    passed=$((passed + good)); failed=$((failed + bad))
    rm -f "$output"
}

step "modules" python3 Scripts/modules.py
step "terms" python3 Scripts/words.py
step "formatting and lint" swift format lint --strict --recursive --parallel Sources Tests Package.swift
# SwiftPM checks that no import is undeclared; modules.py checks the rest.
step "build" swift build --build-tests --explicit-target-dependency-import-check error
step "unit tests" swift test --skip-build --no-parallel
# The costs of requests are measured in a release build.
step "release build" make release
step "acceptance tests" .venv/bin/python -m pytest -q -o tmp_path_retention_policy=failed Tests/Acceptance

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
