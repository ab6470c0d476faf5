# SPDX-License-Identifier: Apache-2.0
#
# LIBTORCH names a libtorch folder to use; without it, `make setup` obtains one into .deps/libtorch.

.DEFAULT_GOAL := help
.PHONY: help setup build demo test kit-test smoke fuzz format lint abi-check header-check examples-check minors-check links-check snippets-check docs clean

SWIFT ?= swift
export SWIFT
ifdef LIBTORCH
export LIBTORCH
endif

# Tests compute in their own process, and beside each other. See Processor.environment.
export OMP_WAIT_POLICY ?= PASSIVE

# Suites for `make smoke`: no model, no worker, no plugin.
SMOKE := ArithmeticTests|ShapeTests|IndexingTests|TokenizerTests|OverrideTests|ExperimentTests

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## check the tools and obtain libtorch (LIBTORCH=FOLDER to use one that is there)
	@Scripts/setup.sh

build: setup ## build everything for release
	$(SWIFT) build -c release

demo: build ## build, edit ten facts of the bundled model, show what changed
	.build/release/suture run Examples/World/quickstart.yaml

test: setup ## run the test suite
	$(SWIFT) test

kit-test: ## test SutureKit as a package of its own, without a host
	$(SWIFT) test --package-path Sources --scratch-path .build/kit

smoke: setup header-check ## check the headers, build, run a few fast tests (a minute after a first build)
	$(SWIFT) build --target SutureKit
	$(SWIFT) test --filter '$(SMOKE)'

# Readers and seconds for each of them.
READER ?= all
SECONDS ?= 60

fuzz: setup ## read files that are made by chance (READER=NAME SECONDS=60; see Tests/Fuzz/README.md)
	$(SWIFT) build -c release --product suture-fuzz
	.build/release/suture-fuzz $(READER) --seconds $(SECONDS)

format: ## format every Swift, C and C++ file
	@Scripts/format.sh

lint: ## check that every Swift, C and C++ file is formatted
	@Scripts/format.sh --check

abi-check: ## check that the headers keep the plugin ABI
	@python3 Scripts/abi.py --check

header-check: ## compile the public headers with gcc and clang by strict rules
	@Scripts/check_headers.sh

examples-check: setup ## build and run the example plugins
	@Scripts/check_examples.sh

minors-check: setup ## build a plugin with a kit that is newer than the host, and run it
	@Scripts/check_minors.sh

snippets-check: ## compare the code in the documentation with its sources
	@python3 Scripts/snippets.py

links-check: ## check that the links between pages lead somewhere
	@python3 Scripts/check_links.py

docs: ## make the reference of SutureKit in .build/docs
	@Scripts/make_docs.sh

clean: ## remove the build; libtorch in .deps stays
	$(SWIFT) package clean
