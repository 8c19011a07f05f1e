"""The number of Stripe requests of every operation, through the teacher's own URLs, counted at the sandbox."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billings.tests.support.editor import FREE, PRICED, PUBLISH, Editor, Operation, draft, press, save
from tools.testing.sandbox import Sandbox

INCLUSIVE = {"tax_code": "txcd_10000000", "tax_behavior": "inclusive"}
# The name, the operations before, the operation, and the requests that docs/architecture.md allows.
TABLE: list[tuple[str, list[Operation], Operation, int]] = [
    ("create a priced course", [], PRICED, 1),
    ("create a subscription", [], draft(price="9", billing_interval="month"), 1),
    ("save without a change", [PRICED], save(title="Watercolour", price="49.00", currency="usd"), 0),
    ("change what Stripe does not see", [PRICED], save(description="Long", level="beginner", language="de"), 0),
    ("change the title", [PRICED], save(title="Oil"), 1),
    ("change title and summary", [PRICED, PUBLISH], save(title="Oil", summary="For all"), 1),
    ("publish a priced course", [PRICED], PUBLISH, 1),
    ("publish with a change of title", [PRICED], press("publish", title="Oil"), 1),
    ("unpublish a priced course", [PRICED, PUBLISH], press("unpublish"), 1),
    ("change the price", [PRICED], save(price="59"), 3),
    ("change the currency", [PRICED, PUBLISH], save(price="49", currency="eur"), 3),
    ("change the interval", [PRICED, PUBLISH], save(price="49", billing_interval="year"), 3),
    ("change price, title and status at once", [PRICED], press("publish", price="59", title="Oil"), 3),
    ("from free to another price", [PRICED, PUBLISH, save(price="")], save(price="59"), 3),
    ("back to an earlier price", [PRICED, PUBLISH, save(price="59")], save(price="49"), 3),
    ("set tax code and how the price is taxed", [PRICED], save(**INCLUSIVE), 2),
    ("set how the price is taxed", [PRICED], save(tax_behavior="inclusive"), 1),
    ("change how the price is taxed", [PRICED, PUBLISH, save(**INCLUSIVE)], save(tax_behavior="exclusive"), 3),
    ("priced to free", [PRICED, PUBLISH], save(price=""), 1),
    ("free to the same price again", [PRICED, PUBLISH, save(price="0")], save(price="49"), 1),
    ("priced to free, a draft", [PRICED], save(price=""), 0),
    ("free to the same price, a draft", [PRICED, save(price="")], save(price="49"), 0),
    ("archive a published priced course", [PRICED, PUBLISH], press("archive"), 1),
    ("restore a published priced course", [PRICED, PUBLISH, press("archive")], press("restore"), 1),
    ("archive a priced draft", [PRICED], press("archive"), 0),
    ("restore a priced draft", [PRICED, press("archive")], press("restore"), 0),
    ("create a free course", [], FREE, 0),
    ("rename a free course", [FREE], save(title="Oil"), 0),
    ("publish, unpublish, archive a free course", [FREE, PUBLISH, press("unpublish")], press("archive"), 0),
    ("the first price of a free published course", [FREE, PUBLISH], save(price="49"), 1),
]


@pytest.fixture
def editor(transactional_db) -> Editor:
    client = Client()
    client.force_login(User.objects.create_user("teacher", "teacher@example.com"))
    return Editor(client)


def count(sandbox: Sandbox, editor: Editor, before: list[Operation], operation: Operation) -> int:
    for earlier in before:
        earlier(editor)
    calls = len(sandbox.calls())
    operation(editor)
    billing = editor.read()["billing"]
    assert (billing["error"], billing["observed_generation"]) == (None, billing["generation"])
    return len(sandbox.calls()) - calls


def test_every_operation_costs_what_the_architecture_says(editor, sandbox, settings, capsys):
    settings.TAX_FIELDS = True
    counted = [
        (name, allowed, count(sandbox, Editor(editor.client), before, operation))
        for name, before, operation, allowed in TABLE
    ]

    with capsys.disabled():
        print("\n\nStripe calls of each operation, counted at the sandbox (allowed, made)")
        for name, allowed, made in counted:
            print(f"  {name:<46} {allowed:>2} {made:>2}")
    assert [(name, made) for name, _, made in counted] == [(name, allowed) for name, allowed, _ in counted]
