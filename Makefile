# The commands of this project. They need Python >= 3.12, git and make; everything else they fetch into .venv.

help:      ## lists these commands
	@grep -E '^[a-z-]+: .*## ' Makefile | sed -e 's/:.*## /\t/' | expand -t 12

setup:     ## .venv with everything installed; does nothing when nothing changed
	@tools/setup requirements-dev.txt

run: setup ## the portal as in production, with its worker and a Stripe sandbox; PORT=8000 SANDBOX_PORT=12111
	@exec .venv/bin/python -m tools.portal run

dev: setup ## the same with DEBUG on, taking up changed code by itself
	@exec .venv/bin/python -m tools.portal dev

serve:     ## the production web server alone, settings from the environment; PORT=8000 BIND=127.0.0.1
	@tools/setup requirements.txt
	@exec .venv/bin/python -m tools.portal serve

worker:    ## a worker alone, settings from the environment
	@tools/setup requirements.txt
	@exec .venv/bin/python manage.py worker

test: setup ## every test, the browser's too
	@exec tools/test

test-fast: setup ## the tests that need no browser, no program of their own, no PostgreSQL and no Stripe sandbox
	@unset PYTHONDONTWRITEBYTECODE; PYTHONPYCACHEPREFIX=$(CURDIR)/.venv/pycache exec .venv/bin/pytest --numprocesses=auto --quiet -m "not (browser or processes or postgresql or stripe or slow)"

lock: setup ## the lock files, after a pin in requirements*.txt or constraints.txt has changed
	@exec tools/lock

lint: setup ## Python's style, templates, types, and who imports whom
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/djlint --lint --quiet templates
	.venv/bin/djlint --lint --quiet --profile=jinja --ignore=H030 tools/stripe_sandbox
	DEBUG=1 STRIPE_SECRET_KEY=none .venv/bin/mypy
	PYTHONPATH=site .venv/bin/lint-imports

bench: setup ## the programs that measure
	@for program in bench/*.py tools/stripe_sandbox/src/stripe_sandbox/bench.py; do \
	    if [ -e "$$program" ]; then echo "$$program"; .venv/bin/python "$$program" || exit 1; fi; \
	done

campaign: setup ## every operation meets every fault and SIGKILL, a kill storm on both engines, 1,000 random histories, 10,000 odd requests
	@status=0; \
	.venv/bin/python -m billings.tests.campaign || status=1; \
	.venv/bin/python -m billings.tests.kill_storm || status=1; \
	STATEFUL_EXAMPLES=1000 .venv/bin/pytest --quiet billings/tests/sync/test_stateful.py || status=1; \
	PYTHONPATH=site .venv/bin/python -m config.tests.fuzz || status=1; \
	exit $$status

.PHONY: help setup run dev serve worker test test-fast lock lint bench campaign
