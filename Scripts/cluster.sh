#!/usr/bin/env bash
# Starts three members on this machine with data and logs in ./cluster; Ctrl-C stops them.
# `Scripts/cluster.sh PROGRAM` runs any etcd; `make cluster` runs this one. With TLS=1 every wire is
# encrypted, with certificates of an authority that is made for this directory.
set -euo pipefail
cd "$(dirname "$0")/.."

etcd=${1:-.build/release/etcd}
directory=${CLUSTER_DIRECTORY:-cluster}
# Client port and peer port of each member.
ports=("2379 2380" "22379 22380" "32379 32380")
if [ -n "${CLUSTER_PORTS:-}" ]; then IFS=, read -r -a ports <<<"$CLUSTER_PORTS"; fi

scheme=http
if [ "${TLS:-0}" != 0 ]; then scheme=https; fi

peers=()
clients=()
for number in "${!ports[@]}"; do
    read -r client peer <<<"${ports[$number]}"
    peers+=("m$((number + 1))=$scheme://127.0.0.1:$peer")
    clients+=("127.0.0.1:$client")
done
join() { local IFS=,; echo "$*"; }

mkdir -p "$directory"
files=$(realpath "$directory")/tls
flags=()
if [ "$scheme" = https ]; then
    bash Scripts/certificates.sh "$files"
    flags=(--cert-file "$files/server.crt" --key-file "$files/server.key"
        --trusted-ca-file "$files/ca.crt" --client-cert-auth
        --peer-cert-file "$files/peer.crt" --peer-key-file "$files/peer.key"
        --peer-trusted-ca-file "$files/ca.crt" --peer-client-cert-auth)
fi

declare -A members
stop() {
    trap '' INT TERM
    echo
    echo "Stopping ..."
    for pid in "${!members[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${!members[@]}"; do wait "$pid" 2>/dev/null || true; done
    echo "Stopped. The data is in $directory; remove it to start with an empty cluster."
}
trap 'stop; exit 0' INT TERM

for number in "${!ports[@]}"; do
    name=m$((number + 1))
    peer=${peers[$number]#*=}
    client=$scheme://${clients[$number]}
    # In a new session, so that Ctrl-C reaches members only through this script.
    setsid "$etcd" --name "$name" --data-dir "$directory/$name.etcd" \
        --listen-client-urls "$client" --advertise-client-urls "$client" \
        --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
        --initial-cluster "$(join "${peers[@]}")" --initial-cluster-token local-cluster \
        --initial-cluster-state new "${flags[@]}" </dev/null >>"$directory/$name.log" 2>&1 &
    members[$!]=$name
    second=$([ "$name" = m2 ] && echo $! || echo "${second:-}")
done

prefix='' variables=''
if [ "$scheme" = https ]; then
    prefix=https://
    variables="
    export ETCDCTL_CACERT=$files/ca.crt ETCDCTL_CERT=$files/client.crt ETCDCTL_KEY=$files/client.key"
fi
cat <<END
Three members: $(join "${clients[@]}"). Logs: $directory/m1.log, m2.log, m3.log.

    export PATH=$(realpath "$(dirname "$etcd")"):\$PATH
    export ETCDCTL_ENDPOINTS=$(join "${clients[@]/#/$prefix}")$variables
    etcdctl put greeting hello
    etcdctl get greeting
    etcdctl endpoint status --write-out=table     # shows the leader
    etcdctl member list --write-out=table

The cluster survives the loss of one member, for example \`kill -9 $second\` (m2). Ctrl-C stops all.
END

# `wait` is interrupted by a signal, so that the trap runs at once.
ended=
wait -n -p ended "${!members[@]}" 2>/dev/null || true
while [ -n "$ended" ]; do
    echo "${members[$ended]} has exited; see $directory/${members[$ended]}.log"
    unset "members[$ended]"
    [ ${#members[@]} -gt 0 ] || exit 1
    ended=
    wait -n -p ended "${!members[@]}" 2>/dev/null || true
done
stop
