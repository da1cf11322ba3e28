#!/usr/bin/env bash
# `Scripts/certificates.sh DIRECTORY` makes a throw-away authority for a cluster on this machine, and
# certificates for its listeners (server), its peers (peer) and a client. Files that exist are kept.
set -euo pipefail
files=$1
umask 077
mkdir -p "$files"

# Runs openssl, and prints what it says only if it fails.
quiet() {
    openssl "$@" >"$files/openssl.log" 2>&1 || { cat "$files/openssl.log" >&2; exit 1; }
    rm "$files/openssl.log"
}
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

# issue NAME EXTENSION...: a certificate and its key.
issue() {
    local name=$1; shift
    [ ! -f "$files/$name.crt" ] || return 0
    quiet req -new "${key[@]}" -subj "/CN=$name" "${@/#/-addext=}" \
        -keyout "$files/$name.key" -out "$files/$name.csr"
    quiet x509 -req -in "$files/$name.csr" -CA "$files/ca.crt" -CAkey "$files/ca.key" \
        -CAcreateserial -days 365 -copy_extensions copy -out "$files/$name.crt"
    rm "$files/$name.csr"
}

[ -f "$files/ca.crt" ] || quiet req -x509 "${key[@]}" -days 365 -subj "/CN=throw-away authority" \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$files/ca.key" -out "$files/ca.crt"
issue server extendedKeyUsage=serverAuth,clientAuth subjectAltName=IP:127.0.0.1,DNS:localhost
issue peer extendedKeyUsage=serverAuth,clientAuth subjectAltName=IP:127.0.0.1,DNS:localhost
issue client extendedKeyUsage=clientAuth
