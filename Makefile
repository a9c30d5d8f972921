# Every target sets up .venv by itself. `make demo` needs nothing but Python 3.11 and a network for the first time.
PYTHON ?= python3
BIN = .venv/bin
.DEFAULT_GOAL := help

.PHONY: help venv demo chat test long check format bench soak safety weights attack audit lock clean

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/run: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.venv/peers/made: requirements-peers.txt | .venv/run
	$(PYTHON) -m venv .venv/peers
	.venv/peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-peers.txt
	@touch $@

venv: .venv/dev ## the virtual environment in .venv, with what tests need

demo: .venv/run ## the browser chat at http://127.0.0.1:8080, no account needed
	$(BIN)/python -m bot demo

chat: .venv/run ## the same in the terminal
	$(BIN)/python -m bot chat

test: export PYTHONDONTWRITEBYTECODE = # the tests start the program hundreds of times: it is compiled once
test: .venv/dev ## lint, types, contracts, content, and all tests
	$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

long: .venv/dev ## the few tests besides that take minutes each
	$(BIN)/python -m pytest -m long --long

check: .venv/dev ## lint, types, import contracts, content
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m bot check

format: .venv/dev ## puts the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev .venv/peers/made ## measurements beside their peers, written to docs/benchmarks.md
	$(BIN)/python -m benchmarks

MINUTES ?= 2
soak: .venv/dev ## kills and faults at random moments for MINUTES=2; fails if anything is lost or out of order
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

safety: .venv/dev ## what the safety screen finds and misses on labelled sentences
	$(BIN)/python -m tests.safety_table

.venv/weights/made: requirements-weights.txt
	$(PYTHON) -m venv .venv/weights
	.venv/weights/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-weights.txt
	@touch $@

weights: .venv/weights/made ## teaches the safety screen anew from labelled examples, and says what it hears and misses
	.venv/weights/bin/python -m tests.safety_lessons

attack: .venv/dev ## what somebody who leads a group could find out about one person, view by view
	$(BIN)/python -m tests.attacker

audit: ## known faults in what is installed (asks PyPI, so it is no part of check or test)
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	.venv/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.txt
	.venv/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-dev.txt

lock: .venv/dev ## pins requirements anew, with hashes and without index lines (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -c requirements.txt requirements-otel.in -o requirements-otel.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -c requirements-otel.txt requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements-peers.in -o requirements-peers.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements-audit.in -o requirements-audit.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements-weights.in -o requirements-weights.txt

clean: ## forgets the environment and caches, never data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
