#!/usr/bin/env bash
# Runs fuzz targets for SECONDS each: Scripts/fuzz.sh [SECONDS] [TARGET...]
#
# Inputs that reach new code are kept in .build-fuzz/corpus, failing inputs in .build-fuzz/findings.
# After the fix, a failing input belongs in Tests/FuzzTests/Regressions/TARGET.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true

FUZZ=1 swift build --scratch-path .build-fuzz --product fuzz \
    --sanitize=fuzzer --sanitize=address
program=$(FUZZ=1 swift build --scratch-path .build-fuzz --product fuzz \
    --sanitize=fuzzer --sanitize=address --show-bin-path)/fuzz

names=("$@")
if [ ${#names[@]} = 0 ]; then
    mapfile -t names < <(sed -n 's/^ *case [a-zA-Z0-9]* = "\(.*\)"$/\1/p' \
        Sources/Verification/FuzzTargets/FuzzTarget.swift)
fi

export LSAN_OPTIONS=suppressions=Scripts/fuzz-leaks.txt:print_suppressions=0
failed=0
for name in "${names[@]}"; do
    kept=Tests/FuzzTests/Regressions/$name
    corpus=.build-fuzz/corpus/$name
    findings=.build-fuzz/findings/$name
    mkdir -p "$kept" "$corpus" "$findings"
    echo "== $name"
    if ! FUZZ_TARGET=$name "$program" "$corpus" "$kept" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="$findings/" 2>&1 \
        | grep -E "^(stat::number_of_executed_units|stat::peak_rss_mb|SUMMARY|==|Test unit|.*error)"
    then
        failed=1
    fi
    if [ -n "$(ls -A "$findings")" ]; then
        echo "$name: $(ls "$findings" | wc -l) findings in $findings"
        failed=1
    fi
    rmdir --ignore-fail-on-non-empty "$kept"
done
exit $failed
