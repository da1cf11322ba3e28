#!/usr/bin/env bash
# Installs missing dependencies: `setup.sh build` for builds, `setup.sh test` for tests as well.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-build}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

missing=()
need() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed' || missing+=("$1"); }
need libnghttp2-dev
need zlib1g-dev
need libcrypt-dev
need pkg-config
if [ "$purpose" = test ]; then
    need curl
    need nghttp2-client
    need openssl
    need strace
    python3 -c 'import ensurepip, venv' 2>/dev/null || need python3-venv
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing: ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
fi

if [ "$purpose" = test ]; then
    stamp=.venv/requirements.sha
    wanted=$(sha256sum Tests/Acceptance/requirements.txt | cut -d' ' -f1)
    if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
        python3 -m venv .venv
        .venv/bin/pip install --quiet --disable-pip-version-check -r Tests/Acceptance/requirements.txt
        echo "$wanted" > "$stamp"
    fi
fi
