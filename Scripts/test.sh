#!/usr/bin/env bash
# Every check in turn; the last line is the sum of all tests.
set -uo pipefail
cd "$(dirname "$0")/.."
bash Scripts/setup.sh test || exit 1

passed=0 failed=0
step() { # step NAME COMMAND...: runs it, counts its tests by the runner's closing line
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

step "imports" python3 Scripts/check-imports.py
step "formatting and lint" swift format lint --strict --recursive --parallel Sources Tests Package.swift
step "build" swift build --build-tests
step "unit tests" swift test --skip-build --no-parallel
# What requests cost is counted in a release build.
step "release build" make release
step "acceptance tests" .venv/bin/python -m pytest -q -o tmp_path_retention_policy=failed Tests/Acceptance

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
