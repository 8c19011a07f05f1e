"""Requests by chance, made of the library's own parameter classes: each is answered, and never as a defect.

In this process, so that many fit into a second; the seed is fixed, so that what fails once fails again.
"""

import random
from urllib.parse import urlencode

import pytest

from stripe_sandbox.api import Api
from stripe_sandbox.operations import OPERATIONS
from stripe_sandbox.schema import shape_of
from stripe_sandbox.world import Options, World

REQUESTS = 2_000
TEXTS = (
    *(
        "",
        " ",
        "a",
        "usd",
        "EUR",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "1.5",
        "inf",
        "null",
        "\0",
        "ä",
        "𝛑",
        "'",
        '"',
        "\\",
    ),
    *("<>&", "%", "[", "]", "x" * 501, "x" * 5_001, "9" * 25, "1e9", "https://example.com/", "course_1", "price_1"),
    *("data", "data.default_price", "default_price", "currency_options", "product.default_price", "*", "product.*"),
    *('active:"true"', "name~'abc'", "-metadata['a']:null OR active:'true'", "2026-10-28.endive", "default_price.x"),
)

LIKELY = {
    "currency": "usd",
    "default_price": "<price>",
    "ending_before": "course_1",
    "enabled_events": "*",
    "name": "A",
    "price": "<price>",
    "product": "course_1",
    "query": "active:'true'",
    "unit_amount": "100",
    "unit_amount_decimal": "0.5",
    "up_to": "inf",
    "url": "https://example.com/",
}


class Chance:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.price = "price_none"

    def text(self):
        return self.random.choice(TEXTS)

    def fields(self, shape, name, depth=0):
        """Pairs of a form: what the shape takes, with something else now and then."""
        if depth > 4 or self.random.random() < 0.02:
            return [(name, self.text())]
        if shape.otherwise and self.random.random() < 0.5:
            shape = shape.otherwise
        match shape.kind:
            case "object":
                return [pair for key, one in self.some(shape) for pair in self.fields(one, f"{name}[{key}]", depth + 1)]
            case "list":
                count = self.random.choice((0, 1, 1, 2, 25))
                return [pair for at in range(count) for pair in self.fields(shape.item, f"{name}[{at}]", depth + 1)]
            case "map":
                keys = self.random.sample(("a", "eur", "USD", "x" * 41, "ä", "0"), self.random.randint(0, 3))
                return [pair for key in keys for pair in self.fields(shape.item, f"{name}[{key}]", depth + 1)]
            case _:
                return [(name, self.scalar(shape, name))]

    def scalar(self, shape, name):
        if self.random.random() < 0.2:
            return self.text()
        last = next((part for part in reversed(name.rstrip("]").split("[")) if not part.rstrip("]").isdigit()), "")
        usual = self.random.choice(shape.choices or ("true" if shape.kind == "boolean" else "1",))
        return LIKELY.get(last.rstrip("]"), usual).replace("<price>", self.price)

    def some(self, shape):
        """Mostly what is required, and here and there the rest."""
        return [(key, one) for key, one in shape.fields.items() if self.random.random() < self.share(key, shape)]

    @staticmethod
    def share(key, shape):
        return 0.98 if key in shape.required else 0.12


@pytest.mark.parametrize("seed", range(4))
def test_no_request_is_answered_as_a_defect(seed):
    world, chance = World(Options()), Chance(seed)
    api = Api(world)
    headers = {"authorization": "Bearer sk_test_1", "content-type": "application/x-www-form-urlencoded"}
    api.perform(api.open("POST", "/v1/products", "", headers, b"id=course_1&name=A"))
    seen = set()
    for _ in range(REQUESTS):
        (method, pattern), operation = chance.random.choice(list(OPERATIONS.items()))
        shape = shape_of(operation.params)
        form = urlencode([pair for key, one in chance.some(shape) for pair in chance.fields(one, key)])
        name = chance.random.choice(("course_1", chance.price, "nobody", chance.text().replace("/", "") or "x"))
        path = "/v1/" + pattern.replace("*", name)
        query, body = (form, b"") if method != "POST" else ("", form.encode())

        answer = api.perform(api.open(method, path, query, headers, body))

        assert answer.status in (200, 400, 403, 404), (method, path, form)
        if answer.status == 200 and answer.body.get("object") == "price":
            chance.price = answer.body["id"]
        seen.add((method, pattern, answer.status == 200))
    assert len(seen) > len(OPERATIONS)
    world.store.close()
