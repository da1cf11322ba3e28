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
    need iproute2
    need nghttp2-client
    need openssl
    need strace
    ls /usr/lib/postgresql/*/bin/postgres > /dev/null 2>&1 || need postgresql
    python3 -c 'import ensurepip, venv' 2>/dev/null || need python3-venv
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing: ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
fi

# Archives that release builds link instead of shared libraries. pkg-config names their directory
# first, since the linker takes a library from the first directory that has it in any form.
archives=$PWD/.build/archives
mkdir -p "$archives/pkgconfig"
for library in nghttp2 z crypt stdc++; do
    for archive in /usr/lib/"$(uname -m)"-linux-gnu/lib$library.a \
        /usr/lib/gcc/"$(uname -m)"-linux-gnu/*/lib$library.a; do
        if [ -f "$archive" ]; then ln -sf "$archive" "$archives"; fi
    done
done
for library in libnghttp2:nghttp2 zlib:z; do
    name=${library%%:*}
    printf 'Name: %s\nDescription: archive\nVersion: %s\nLibs: -L%s -l%s\nCflags:\n' \
        "$name" "$(pkg-config --modversion "$name")" "$archives" "${library##*:}" \
        > "$archives/pkgconfig/$name.pc"
done

if [ "$purpose" = test ]; then
    stamp=.venv/requirements.sha
    wanted=$(sha256sum Tests/Acceptance/requirements.txt | cut -d' ' -f1)
    if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
        python3 -m venv .venv
        .venv/bin/pip install --quiet --disable-pip-version-check -r Tests/Acceptance/requirements.txt
        echo "$wanted" > "$stamp"
    fi
    # Prometheus is unpacked, not installed: its package starts a service.
    if ! command -v prometheus > /dev/null && [ ! -x .venv/prometheus/usr/bin/prometheus ]; then
        echo "unpacking: prometheus"
        package=$(mktemp -d)
        download() { (cd "$package" && apt-get -qq -o APT::Sandbox::User=root download prometheus); }
        download 2> /dev/null || { as_root apt-get update -qq; download; }
        dpkg -x "$package"/prometheus_*.deb .venv/prometheus
        rm -r "$package"
    fi
fi
