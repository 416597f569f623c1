# The one way, by hand and in CI. Each target makes the environment by itself.
SHELL := /bin/bash
.DEFAULT_GOAL := run
.PHONY: run demo test generate screenshots bench bundle tokens transcript environment clean


run: environment
	.venv/bin/socialapi-mcp http

demo: environment
	.venv/bin/python -P -m server.demo

test: environment
	bash scripts/check

generate: environment
	.venv/bin/python -m tools.docs
	.venv/bin/python scripts/snapshots.py

screenshots: environment
	.venv/bin/python -m scripts.screenshots

tokens: environment
	bash scripts/interop
	.venv/bin/python -P -m scripts.tokens

transcript: environment
	bash scripts/interop
	.venv/bin/python -P -m scripts.transcript

bench: environment
	.venv/bin/python bench/run.py

bundle: environment
	.venv/bin/python scripts/bundle.py

environment:
	@uv --version >/dev/null 2>&1 || test -x .venv-bootstrap/bin/uv || \
		(python3 -m venv .venv-bootstrap && .venv-bootstrap/bin/pip install --quiet "uv>=0.5,<1")
	@if uv --version >/dev/null 2>&1; then uv sync --frozen --quiet; else .venv-bootstrap/bin/uv sync --frozen --quiet; fi

clean:
	rm -rf .venv .venv-bootstrap dist
