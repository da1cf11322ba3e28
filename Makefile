# `make run` and `make test`, and their parts.

PYTHON_ENVIRONMENT := .venv
# The same flags for all release builds: other flags would rebuild everything.
# Programs need the C library alone: setup.sh links to the archives of the others. They export no
# symbols, which are a tenth of their size.
RELEASE := PKG_CONFIG_PATH=$(CURDIR)/.build/archives/pkgconfig swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked \
    -Xswiftc -L.build/archives -Xswiftc -Xclang-linker -Xswiftc -static-libgcc \
    -Xlinker --no-export-dynamic

.PHONY: run cluster test server release setup lint benchmark growth pauses profile limits chart fuzz differential kill faults client-faults package patroni simulate format

## Starts a member on 127.0.0.1:2379 with its data in ./default.etcd; Ctrl-C stops it.
run: server
	@exec "$$($(RELEASE) --show-bin-path)/etcd" \
	    --listen-client-urls http://127.0.0.1:2379 \
	    --advertise-client-urls http://127.0.0.1:2379 \
	    --listen-peer-urls http://127.0.0.1:2380 \
	    --initial-advertise-peer-urls http://127.0.0.1:2380 \
	    --initial-cluster default=http://127.0.0.1:2380

## Starts three members on 127.0.0.1, data and logs in ./cluster; Ctrl-C stops them all.
## make cluster TLS=1 encrypts every wire, with certificates made for it in ./cluster/tls.
cluster: server
	@TLS=$(TLS) exec bash Scripts/cluster.sh "$$($(RELEASE) --show-bin-path)/etcd"

## All checks: imports, formatting, unit tests, acceptance tests with the differential test.
test:
	@bash Scripts/test.sh

## Builds the server and etcdctl.
server:
	@bash Scripts/setup.sh build
	$(RELEASE) --product etcd
	$(RELEASE) --product etcdctl

## Builds server and tools with a statically linked Swift standard library.
release:
	@bash Scripts/setup.sh build
	$(RELEASE)

## A tarball, a Debian package and a container image of a release build, in ./packages.
package: release
	python3 Scripts/package.py

## Installs missing dependencies of builds and tests.
setup:
	@bash Scripts/setup.sh test

## A longer differential test: make differential SEED=7 CALLS=100000 USERS=simple, or PROXY=1
differential:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/programs/differential.py --seed $(or $(SEED),1) --calls $(or $(CALLS),100000) $(if $(USERS),--users $(USERS)) $(if $(PROXY),--proxy)

## kill -9 under load: make kill ROUNDS=100 SEED=1
kill:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/programs/kill.py --seed $(or $(SEED),1) --rounds $(or $(ROUNDS),100)

## A cluster under faults and load: make faults SECONDS=600 SEED=1 MEMBERS=5
faults:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/programs/faults.py --seed $(or $(SEED),1) --seconds $(or $(SECONDS),600) --members $(or $(MEMBERS),3) --kinds $(or $(KINDS),ours) $(if $(PROXY),--proxy)

## A cluster under faults that the Swift client library uses: make client-faults SECONDS=600 SEED=1
client-faults:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/programs/faults.py --client --seed $(or $(SEED),1) --seconds $(or $(SECONDS),600) --members $(or $(MEMBERS),3) --kinds $(or $(KINDS),ours)

## PostgreSQL under Patroni on our etcd: make patroni NODES=3
patroni:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/programs/patroni_failover.py --nodes $(or $(NODES),3)

## The simulator with new seeds: make simulate MINUTES=60
simulate:
	@bash Scripts/setup.sh build
	$(RELEASE) --product simulate
	@exec "$$($(RELEASE) --show-bin-path)/simulate" --minutes $(or $(MINUTES),60)

## Benchmark of swift-etcd and the real etcd: make benchmark ONLY=put ROUNDS=3
benchmark: release
	@bash Scripts/setup.sh test
	$(PYTHON_ENVIRONMENT)/bin/python Benchmarks/compare.py --rounds $(or $(ROUNDS),5) $(if $(ONLY),--only "$(ONLY)")

## Growth of the cost of a request, for both servers: make growth ONLY=keys
growth: release
	@bash Scripts/setup.sh test
	$(PYTHON_ENVIRONMENT)/bin/python Benchmarks/growth.py $(if $(ONLY),--only "$(ONLY)")

## What puts wait for, during 20 quiet rounds: make pauses ONLY=compaction ROUNDS=2 KEYS=100000 SERVERS=ours
pauses: release
	@bash Scripts/setup.sh test
	$(PYTHON_ENVIRONMENT)/bin/python Benchmarks/pauses.py --rounds $(or $(ROUNDS),20) --keys $(or $(KEYS),1000000) $(if $(SERVERS),--servers $(SERVERS)) $(if $(ONLY),--only "$(ONLY)")

## CPU time of each stage of a request, measured with perf: make profile ONLY=put
profile: release
	@bash Scripts/setup.sh test
	$(PYTHON_ENVIRONMENT)/bin/python Benchmarks/stages.py $(if $(ONLY),--only "$(ONLY)")

## Lower bounds of the machine: a durable batch, a round trip, a copy.
limits:
	@python3 Benchmarks/limits.py

## The charts in docs/benchmarks from the newest results, or from RESULTS=results/compare-....json
chart:
	$(PYTHON_ENVIRONMENT)/bin/python Benchmarks/chart.py docs/benchmarks $(RESULTS)

## All fuzz targets: make fuzz SECONDS_EACH=60
fuzz:
	@bash Scripts/setup.sh build
	@bash Scripts/fuzz.sh $(or $(SECONDS_EACH),60)

## Formats the sources.
format:
	swift format -i --recursive --parallel Sources Tests Package.swift
