# SPDX-License-Identifier: Apache-2.0
#
# LIBTORCH names a libtorch folder to use; without it, `make setup` obtains one into .deps/libtorch.

.DEFAULT_GOAL := help
.PHONY: help setup build demo test clean

SWIFT ?= swift
ifdef LIBTORCH
export LIBTORCH
endif

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## check the tools and obtain libtorch (LIBTORCH=FOLDER to use one that is there)
	@Scripts/setup.sh

build: setup ## build everything for release
	$(SWIFT) build -c release

demo: build ## build, edit ten facts of the bundled model, show what changed
	.build/release/suture run Examples/World/quickstart.yaml

test: setup ## run the test suite
	$(SWIFT) test

clean: ## remove the build; libtorch in .deps stays
	$(SWIFT) package clean
