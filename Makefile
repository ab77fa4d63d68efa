# reqtrace's commands; `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
PORTS ?= 8001 8002 8003
ORDER ?= 1086586281

INSTALLED := .venv/requirements.stamp
PACKAGES := static/node_modules/package-lock.stamp
JUDGES := tests/judges/node_modules/package-lock.stamp
PAGE := static/dist/app.js

# make hands variables of its command line to its recipes' environment, where bash gives SECONDS a meaning of its own.
unexport SECONDS EXPORT PORTS

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test proof bench lint docs reference static messages picture clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) $(PAGE) ## run the demo shop on three servers; SECONDS=20 EXPORT=trace.json for an unattended run
	@$(BIN)/python -m demo.run --ports $(PORTS) $(if $(SECONDS),--seconds "$(SECONDS)") $(if $(EXPORT),--export "$(EXPORT)")

test: lint $(JUDGES) ## run everything: linters, types, front end, tests, browser; ORDER=7 for another order of tests
	.ci/npm test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --randomly-seed $(ORDER)

proof: $(INSTALLED) ## run the tests that take long: proofs of the tour's scenarios, of all pages, of written tests
	$(BIN)/python -m pytest -m long

lint: $(INSTALLED) $(PAGE) ## check style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	.ci/npm run check

bench: $(INSTALLED) ## measure what reqtrace costs, beside its peers
	$(BIN)/python -m benchmarks.overhead

docs: $(INSTALLED) ## build the documentation as a site, in artifacts/site; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs artifacts/site

reference: $(INSTALLED) ## write the tables of docs/reference.md anew, from the code
	$(BIN)/python .ci/reference.py

static: $(PAGE) ## build the page's app.js and app.css

messages: $(PACKAGES) ## collect what is said, for translators, and compile what they wrote
	$(BIN)/python .ci/messages.py

picture: $(INSTALLED) $(PAGE) ## make docs/page.png from the running page
	$(BIN)/python docs/picture.py

clean: ## remove what the commands above made
	rm -rf .venv static/node_modules tests/judges/node_modules static/dist demo/var artifacts build dist

$(INSTALLED): requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(PACKAGES): static/package.json static/package-lock.json | $(INSTALLED)
	.ci/npm ci --no-audit --no-fund
	@touch $@

$(JUDGES): tests/judges/package.json tests/judges/package-lock.json | $(INSTALLED)
	.ci/npm ci --prefix ../tests/judges --no-audit --no-fund
	@touch $@

$(PAGE): $(PACKAGES) $(wildcard static/*.ts) $(shell find static/src -type f)
	.ci/npm run build
	@touch $@
