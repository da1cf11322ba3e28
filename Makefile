# `make run` and `make test`, and their parts.

PYTHON_ENVIRONMENT := .venv
# The same flags for all release builds: other flags would rebuild everything.
RELEASE := swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked

.PHONY: run cluster test server release setup lint benchmark growth profile limits chart fuzz differential kill faults simulate format

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

## Builds the server.
server:
	@bash Scripts/setup.sh build
	$(RELEASE) --product etcd

## Builds server and tools with a statically linked Swift standard library.
release:
	@bash Scripts/setup.sh build
	$(RELEASE)

## Installs missing dependencies of builds and tests.
setup:
	@bash Scripts/setup.sh test

## A longer differential test: make differential SEED=7 CALLS=100000 USERS=simple
differential:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/programs/differential.py --seed $(or $(SEED),1) --calls $(or $(CALLS),100000) $(if $(USERS),--users $(USERS))

## kill -9 under load: make kill ROUNDS=100 SEED=1
kill:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/programs/kill.py --seed $(or $(SEED),1) --rounds $(or $(ROUNDS),100)

## A cluster under faults and load: make faults SECONDS=600 SEED=1 MEMBERS=5
faults:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/programs/faults.py --seed $(or $(SEED),1) --seconds $(or $(SECONDS),600) --members $(or $(MEMBERS),3) --kinds $(or $(KINDS),ours)

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
