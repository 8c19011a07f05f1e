"""The invariants of a course and the sandbox once everything is in sync."""

from billings.money import PriceSpec


def assert_in_sync(sold, sandbox):
    """What must hold at rest, whatever happened before."""
    row = sold.product
    assert row.observed_generation == row.generation
    assert (row.trouble, row.attempts, row.next_attempt_at) == ("", 0, None)
    assert not row.requests.filter(resolved_at=None).exists()
    products = {product["id"]: product for product in sandbox.products()}
    if not row.exists:
        assert row.stripe_id not in products
        return
    product = products[row.stripe_id]
    assert product["name"] == row.desired_name == row.observed_name
    assert (product["description"] or "") == row.desired_description
    assert product["active"] == row.desired.active == row.observed_active
    assert product["metadata"]["course_id"] == str(row.course_id)
    held = {price["id"]: price for price in sandbox.prices()}
    active = [price for price in held.values() if price["active"]]
    assert [price["id"] for price in active] == [product["default_price"]]
    assert row.observed_default_price == product["default_price"]
    if row.price:
        (price,) = active
        assert not price.get("currency_options")
        interval = (price["recurring"] or {}).get("interval")
        assert PriceSpec(price["unit_amount"], price["currency"], interval) == row.price
    assert {price.stripe_id: price.active for price in row.prices.filter(gone=False)} == {
        price["id"]: price["active"] for price in held.values()
    }
    plain = [price for price in held.values() if not price.get("currency_options")]
    terms = [(p["unit_amount"], p["currency"], (p["recurring"] or {}).get("interval")) for p in plain]
    assert len(terms) == len(set(terms)), "the same price was made twice"


class Only:
    """The sandbox as one product knows it."""

    def __init__(self, sandbox, product_id):
        self.sandbox, self.product_id = sandbox, product_id

    def products(self):
        return [product for product in self.sandbox.products() if product["id"] == self.product_id]

    def prices(self):
        return [price for price in self.sandbox.prices() if price["product"] == self.product_id]
