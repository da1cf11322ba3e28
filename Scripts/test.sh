#!/usr/bin/env bash
# Runs all checks; the last line is the sum of all tests.
#
# docs/internals/testing.md says which steps run beside each other, and why.
set -uo pipefail
cd "$(dirname "$0")/.."
bash Scripts/setup.sh test || exit 1

passed=0 failed=0
outputs=$(mktemp -d)
declare -A started=()
trap 'for group in "${started[@]}"; do kill -- "-$group"; done; rm -rf "$outputs"' EXIT

count() { # count NAME STATUS SECONDS: adds the tests in the summary of a step's output
    local good bad
    good=$(python3 Scripts/count-tests.py passed < "$outputs/$1")
    bad=$(python3 Scripts/count-tests.py failed < "$outputs/$1")
    if [ "$2" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    passed=$((passed + good)); failed=$((failed + bad))
    echo "== $1: $good passed, $bad failed, $3 s"
}

step() { # step NAME COMMAND...: runs a command
    local name=$1 begin=$SECONDS; shift
    echo "== $name"
    "$@" 2>&1 | tee "$outputs/$name"
    count "$name" "${PIPESTATUS[0]}" $((SECONDS - begin))
}

start() { # start NAME COMMAND...: runs a command beside the next steps
    local name=$1; shift
    set -m  # a process group, which ends as a whole if this script does
    { begin=$SECONDS; "$@"; status=$?; echo $((SECONDS - begin)) > "$outputs/$name.seconds"
      exit "$status"; } < /dev/null > "$outputs/$name" 2>&1 &
    started[$name]=$!
    set +m
}

finish() { # finish NAME: waits for a started command and shows its output
    local status
    wait "${started[$1]}"; status=$?
    unset "started[$1]"
    echo "== $1"
    cat "$outputs/$1"
    count "$1" "$status" "$(cat "$outputs/$1.seconds")"
}

acceptance() { # acceptance MARKER OPTION...
    local marker=$1; shift
    .venv/bin/python -m pytest -q -o tmp_path_retention_policy=failed -m "$marker" "$@" \
        Tests/Acceptance
}

step "modules" python3 Scripts/modules.py
step "terms" python3 Scripts/words.py
step "formatting and lint" swift format lint --strict --recursive --parallel Sources Tests Package.swift
# SwiftPM checks that no import is undeclared; modules.py checks the rest.
step "build" swift build --build-tests --explicit-target-dependency-import-check error
step "interface" python3 Scripts/interface.py
step "articles" python3 Scripts/articles.py

# The test program itself: `swift test` would wait for the release build to end.
unit_tests=$(swift build --show-bin-path)/swift-etcdPackageTests.xctest
computing='^(FuzzTests|SimulatorTests)\.'
# The costs of requests are measured in a release build.
start "release build" nice -n 19 make release
start "unit tests that compute" "$unit_tests" --testing-library swift-testing --no-parallel --filter "$computing"
step "unit tests" "$unit_tests" --testing-library swift-testing --no-parallel --skip "$computing"
finish "unit tests that compute"
finish "release build"

step "acceptance tests" acceptance "not alone" --numprocesses 2 --dist loadfile --no-loadscope-reorder
step "acceptance tests that need the machine" acceptance "alone"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
