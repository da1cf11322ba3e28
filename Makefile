# The two commands of the README, and the parts they are made of.

PYTHON_ENVIRONMENT := .venv
# One set of flags for all release builds; with others everything would be built again.
RELEASE := swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked

.PHONY: run cluster test server release setup lint benchmark growth profile limits chart fuzz twin kill faults simulate format clean-run

## Starts one member on 127.0.0.1:2379 with its data in ./default.etcd; Ctrl-C stops it.
run: server
	@exec "$$($(RELEASE) --show-bin-path)/etcd" \
	    --listen-client-urls http://127.0.0.1:2379 \
	    --advertise-client-urls http://127.0.0.1:2379 \
	    --listen-peer-urls http://127.0.0.1:2380 \
	    --initial-advertise-peer-urls http://127.0.0.1:2380 \
	    --initial-cluster default=http://127.0.0.1:2380

## Starts three members on 127.0.0.1, data and logs in ./cluster; Ctrl-C stops them all.
cluster: server
	@exec bash Scripts/cluster.sh "$$($(RELEASE) --show-bin-path)/etcd"

## Every check: imports, formatting rules, unit tests, acceptance and twin tests.
test:
	@bash Scripts/test.sh

## The server alone.
server:
	@bash Scripts/setup.sh build
	$(RELEASE) --product etcd

## Server and tools with the Swift standard library linked statically.
release:
	@bash Scripts/setup.sh build
	$(RELEASE)

## What builds and tests need, installed where it is missing.
setup:
	@bash Scripts/setup.sh test

## A longer twin run: make twin SEED=7 CALLS=100000
twin:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/twin.py --seed $(or $(SEED),1) --calls $(or $(CALLS),100000)

## kill -9 under load: make kill ROUNDS=100 SEED=1
kill:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/kill.py --seed $(or $(SEED),1) --rounds $(or $(ROUNDS),100)

## A cluster under faults and load: make faults SECONDS=600 SEED=1 MEMBERS=5
faults:
	@bash Scripts/setup.sh test
	swift build
	$(PYTHON_ENVIRONMENT)/bin/python Tests/Acceptance/faults.py --seed $(or $(SEED),1) --seconds $(or $(SECONDS),600) --members $(or $(MEMBERS),3) --kinds $(or $(KINDS),ours)

## Fresh seeds of the simulator: make simulate MINUTES=60
simulate:
	@bash Scripts/setup.sh build
	$(RELEASE) --product simulate
	@exec "$$($(RELEASE) --show-bin-path)/simulate" --minutes $(or $(MINUTES),60)

## The table of Benchmarks/: this etcd beside the real one. make benchmark ONLY=put ROUNDS=3
benchmark: release
	@bash Scripts/setup.sh test
	$(PYTHON_ENVIRONMENT)/bin/python Benchmarks/compare.py --rounds $(or $(ROUNDS),5) $(if $(ONLY),--only "$(ONLY)")

## How the cost of a request grows, by both: make growth ONLY=keys
growth: release
	@bash Scripts/setup.sh test
	$(PYTHON_ENVIRONMENT)/bin/python Benchmarks/growth.py $(if $(ONLY),--only "$(ONLY)")

## Microseconds of each stage of a request, by perf: make profile ONLY=put
profile: release
	@bash Scripts/setup.sh test
	$(PYTHON_ENVIRONMENT)/bin/python Benchmarks/stages.py $(if $(ONLY),--only "$(ONLY)")

## What the machine takes for what no server can leave out: a durable batch, a message, a copy.
limits:
	@python3 Benchmarks/limits.py

## The picture of the README from the newest results, or from RESULTS=results/compare-....json
chart:
	$(PYTHON_ENVIRONMENT)/bin/python Benchmarks/chart.py docs/benchmark.svg $(RESULTS)

## Every fuzz target for SECONDS each (default 60).
fuzz:
	@bash Scripts/setup.sh build
	@bash Scripts/fuzz.sh $(or $(SECONDS_EACH),60)

## Rewrites the sources to the formatting rules.
format:
	swift format --in-place --recursive --parallel Sources Tests Package.swift
