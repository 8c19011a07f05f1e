"""The SQL statements of a save, counted over the whole request including the inline converge."""

import json
from collections.abc import Callable

import pytest

from tools.testing.sandbox import Sandbox

# Of each save, BEGIN and COMMIT among them. The price is three calls to Stripe, the others one, one and none.
ALLOWED = {"create": 25, "price": 60, "title": 32, "nothing": 10}
SCRIPT = "from billings.tests.support import saves; saves.main()"


@pytest.mark.parametrize("database", ["sqlite_url", "postgresql_url"])
def test_a_save_runs_few_statements(
    request: pytest.FixtureRequest, sandbox: Sandbox, run_script: Callable[..., str], database: str
):
    printed = run_script(SCRIPT, request.getfixturevalue(database), STRIPE_API_BASE=sandbox.url)
    costs = json.loads(printed.splitlines()[-1])

    for name, cost in costs.items():
        print(f"\n{name}: {cost['statements']} statements, {cost['of_rows']} without those of transactions")
        print(cost["table"])
    assert all(cost["in_sync"] for cost in costs.values())
    assert {name: cost["statements"] for name, cost in costs.items() if cost["statements"] > ALLOWED[name]} == {}
