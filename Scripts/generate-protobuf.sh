#!/usr/bin/env bash
# Generates Sources/API/EtcdAPI/Generated from Proto/. Needs protoc on PATH.
#
# The plugin is $PROTOC_GEN_SWIFT, or protoc-gen-swift from PATH, or built from the swift-protobuf
# checkout of this package, so that the generated code and the library have the same version.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
output="$root/Sources/API/EtcdAPI/Generated"

find_plugin() {
    if [[ -n "${PROTOC_GEN_SWIFT:-}" ]]; then
        echo "$PROTOC_GEN_SWIFT"
    elif command -v protoc-gen-swift; then
        :
    else
        local checkout="$root/.build/checkouts/swift-protobuf"
        [[ -d "$checkout" ]] || swift package --package-path "$root" resolve >&2
        local build=(swift build --package-path "$checkout" --scratch-path "$root/.build/protoc")
        "${build[@]}" --product protoc-gen-swift >&2
        echo "$("${build[@]}" --show-bin-path)/protoc-gen-swift"
    fi
}

plugin="$(find_plugin)"
mkdir -p "$output"
rm -f "$output"/*.pb.swift
cd "$root/Proto"
find . -name '*.proto' | sed 's|^\./||' | LC_ALL=C sort | xargs protoc \
    --proto_path=. \
    --plugin=protoc-gen-swift="$plugin" \
    --swift_opt=Visibility=Package \
    --swift_opt=FileNaming=PathToUnderscores \
    --swift_opt=UseAccessLevelOnImports=true \
    --swift_out="$output"

# The schema of the JSON gateway. Reading the descriptors needs Python's protobuf library, which
# `make setup` installs.
python="$root/.venv/bin/python"
find . -name '*.proto' | sed 's|^\./||' | LC_ALL=C sort | xargs protoc \
    --proto_path=. --descriptor_set_out=/dev/stdout |
    "$python" "$root/Scripts/message-schema.py" \
        > "$root/Sources/API/ProtobufJSON/Generated/EtcdSchema.swift"
