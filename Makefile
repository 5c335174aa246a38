# Every target says what it does and about how long it takes on two idle cores. The work is in scripts/.
.DEFAULT_GOAL := help
.PHONY: help run test test-deep build dev setup fmt lint unit e2e bench doc
MAKEFLAGS += --no-print-directory

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 19

run: build ## build, fill a new database with an example, serve on http://localhost:3000 (15 to 18 minutes the first time, then seconds)
	@scripts/run

test: ## everything that must hold: format, clippy, tests on SQLite and PostgreSQL, documentation, end to end (40 minutes from nothing, 25 after a change)
	@scripts/test

test-deep: build ## files with programs of others: tus clients through a line that breaks, ZIP readers, curl, an S3 server; engines, and a server that is killed while they work (20 minutes once built)
	@scripts/test-deep
	@scripts/test-deep s3

build: ## target/release/commonhold and target/site (15 minutes from nothing, 2 seconds with nothing to do)
	@scripts/setup build
	@scripts/build

dev: ## build for debugging, serve, and again whenever a file changes (5 minutes the first time)
	@scripts/setup build
	@scripts/dev

setup: ## bring everything the other targets need and this machine lacks; safe to run twice (5 minutes the first time)
	@scripts/setup

fmt: ## format the code (a second)
	@cargo fmt
	@cargo fmt --manifest-path tools/site/Cargo.toml

lint: ## format and clippy, both halves (4 minutes from nothing, seconds later)
	@scripts/setup build
	@scripts/test lint

unit: ## the Rust tests, on SQLite and PostgreSQL (8 minutes from nothing, 1 later)
	@scripts/setup test
	@scripts/test unit

e2e: build ## what people do, in Chromium, with JavaScript and without (5 minutes once built)
	@scripts/setup test
	@scripts/e2e

bench: build ## measure (30 minutes once built; the Drive on PostgreSQL too where it is installed)
	@scripts/setup test bench
	@if scripts/with-postgres true 2>/dev/null; then scripts/with-postgres cargo bench; else cargo bench; fi
	@scripts/measure

doc: ## the code's documentation, private items included, in target/doc (2 minutes from nothing)
	@cargo doc --no-deps --document-private-items
