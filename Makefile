# Thin names for commands. One release artefact serves them all: every cargo call has the same profile,
# target and flags, so nothing is built twice.
SHELL := /bin/bash
.DEFAULT_GOAL := help

HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
FLAGS := --release --target $(HOST) --locked
comma := ,
TRIPLE := $(shell echo $(HOST) | tr 'a-z-' 'A-Z_')
# A static binary runs in a scratch image and on any Linux of its architecture. Packed relocations and C code that the linker
# can leave out make it 10 % smaller; a libc before 2.36 cannot unpack the first.
ifneq (,$(findstring linux-gnu,$(HOST)))
LIBC := $(shell getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/glibc //')
RELR := $(if $(and $(LIBC),$(filter 2.36,$(firstword $(sort 2.36 $(LIBC))))),-C link-arg=-Wl$(comma)-z$(comma)pack-relative-relocs)
export CARGO_TARGET_$(TRIPLE)_RUSTFLAGS := -C target-feature=+crt-static $(RELR)
export CFLAGS ?= -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
endif
TARGET_DIR = $(or $(CARGO_TARGET_DIR),target)
BINARY = $(TARGET_DIR)/$(HOST)/release/eddyline
FILE ?= examples/quickstart.yaml
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml | head -1)
IMAGE ?= registry.local/eddyline:$(VERSION)
IMAGE_FILE ?= $(TARGET_DIR)/eddyline-image.tar
CLUSTER ?= local

help: ## what can be made
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

tools: ## checks for what a build needs, and says how to install what is missing
	@./tests/tools.sh

build: tools ## the one binary, eddyline
	cargo build $(FLAGS) --workspace --bins

up: build ## runs $(FILE) on this machine: broker, topics, connectors
	$(BINARY) up -f $(FILE) $(ARGS)

check: ## fmt, clippy, docs, dependency rules
	cargo fmt --all --check
	cargo clippy $(FLAGS) --workspace --all-targets -- -D warnings
	cargo clippy $(FLAGS) --manifest-path broker/fuzz/Cargo.toml -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(FLAGS) --workspace --no-deps --document-private-items --quiet
	@if command -v cargo-deny >/dev/null; then cargo deny --workspace check bans licenses sources; \
	else echo "left out: cargo-deny (cargo install cargo-deny --locked)"; [ -z "$(EDDYLINE_REQUIRE)" ]; fi

test: tools ## everything this machine can run; the last lines say what was left out
	EDDYLINE_CLUSTER=$(CLUSTER) cargo run $(FLAGS) --quiet --package tests --bin tiers -- --require "$(EDDYLINE_REQUIRE)" --only "$(ONLY)" -- $(FLAGS)

clients: ## real clients of other makers against the broker, alone
	@$(MAKE) --no-print-directory test ONLY=clients

torture: build ## kill -9, a full disk and power cuts under load, until stopped; ARGS="--only kill --rounds 5"
	$(dir $(BINARY))torture $(ARGS)

powercut: build ## cuts the power of a virtual machine (QEMU) with the broker in it under load, 50 times
	$(dir $(BINARY))torture --only power-cut --rounds 50 $(ARGS)

fuzz: tools ## damaged frames, batches and data folders against the broker, a minute each; ARGS="frames 600" for one target
	./broker/fuzz/run $(ARGS)

image: build ## the image $(IMAGE) as a file that every container tool can load, without Docker
	./tests/cluster/image $(BINARY) $(IMAGE) $(IMAGE_FILE)

kubernetes: image ## everything on Kubernetes: cluster, image, chart, quickstart, first record; CLUSTER=local|kind|existing
	./tests/cluster/quickstart $(CLUSTER) $(IMAGE_FILE) $(IMAGE)

e2e: ## the end-to-end suite on a Kubernetes, alone; CLUSTER=local|kind|existing
	@$(MAKE) --no-print-directory test ONLY=e2e CLUSTER=$(CLUSTER)

bench: build ## the broker beside Apache Kafka, in one run; hours, or ten minutes with ARGS=--quick
	cargo run $(FLAGS) --quiet --package tests --bin bench -- $(ARGS)

gen: ## writes crds/*.yaml and the chart's copies from the Rust types
	cargo run $(FLAGS) --quiet --package crds --bin crdgen

.PHONY: help tools build up check test clients torture powercut fuzz image kubernetes e2e bench gen
