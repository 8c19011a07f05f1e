"""`make run` starts what runs in production, plus the Stripe sandbox."""

from pathlib import Path

from honcho.environ import parse_procfile

ROOT = Path(__file__).resolve().parents[2]


def programs(procfile: str) -> dict[str, str]:
    return dict(parse_procfile((ROOT / procfile).read_text()).processes)


def test_make_run_starts_what_production_starts_and_the_sandbox():
    here = programs("tools/Procfile.run")

    assert here.pop("sandbox") == programs("tools/Procfile.dev")["sandbox"] == "exec .venv/bin/stripe-sandbox"
    assert here == programs("Procfile")
