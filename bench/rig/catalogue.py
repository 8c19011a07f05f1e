"""A catalogue as our portal would have created it in Stripe, and edits in the Dashboard."""

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import Any
from uuid import UUID

from rig.processes import Stripe

BATCH = 5_000
EDITORS = 4
WORDS = ("Watercolour", "Bread", "Statistics", "Chess", "Spanish", "Astronomy", "Knitting", "Guitar", "Piano", "Film")


def seed(stripe: Stripe, count: int, chance: random.Random, *, archived_prices: int = 1) -> list[str]:
    """Courses on sale, each with its price and older, archived ones; returns the ids of the products."""
    courses = [UUID(int=chance.getrandbits(128), version=4) for _ in range(count)]
    for some in batched(courses, BATCH):
        items = [_product(course, chance, archived_prices) for course in some]
        stripe.control("POST", "seed", {"items": items})
    return [product_id(course) for course in courses]


def product_id(course: UUID) -> str:
    return f"course_{course.hex}"


def course_path(product: str) -> str:
    """The page of the course that is sold by this product."""
    code = product.removeprefix("course_")
    return f"/courses/{code[:8]}-{code[8:12]}-{code[12:16]}-{code[16:20]}-{code[20:]}/"


def _product(course: UUID, chance: random.Random, archived_prices: int) -> dict[str, Any]:
    ours = {"course_id": str(course)}
    return {
        "id": product_id(course),
        "name": f"{chance.choice(WORDS)}, part {chance.randint(1, 999)}",
        "description": "Twelve evenings from the first line to something finished.",
        "metadata": {**ours, "generation": "1"},
        "default_price_data": {"currency": "usd", "unit_amount": chance.randint(5, 300) * 100, "metadata": ours},
        "archived_prices": [
            {"currency": "usd", "unit_amount": 100 + number, "metadata": ours} for number in range(archived_prices)
        ],
    }


type Edit = tuple[str, dict[str, Any]]
"""An address of the Dashboard's, and what is sent there."""


def edit(stripe: Stripe, edits: list[Edit]) -> None:
    """Carry out the edits in the Dashboard, several at a time."""
    with ThreadPoolExecutor(EDITORS) as editors:
        list(editors.map(lambda one: stripe.control("POST", f"dashboard/{one[0]}", one[1]), edits))


def events(stripe: Stripe, count: int) -> list[bytes]:
    """The newest events as Stripe would deliver them, newest first."""
    found: list[bytes] = []
    for page in stripe.pages("events"):
        found += [json.dumps(event, indent=2).encode() for event in page]
        if len(found) >= count:
            break
    return found[:count]


def archived_prices(stripe: Stripe) -> dict[str, str]:
    """An archived price of each product, by the product's id."""
    return {price["product"]: price["id"] for page in stripe.pages("prices", active="false") for price in page}


def renamings(products: list[str], chance: random.Random, count: int) -> list[Edit]:
    return [(f"products/{chance.choice(products)}", {"name": f"Renamed {number}"}) for number in range(count)]


def drifts(products: list[str], old_prices: dict[str, str], chance: random.Random) -> list[Edit]:
    """One edit for each of these products, of all kinds that a portal should notice."""
    kinds: list[Callable[[str], Edit]] = [
        lambda product: (f"products/{product}", {"name": "Renamed in the Dashboard"}),
        lambda product: (f"products/{product}", {"description": "Described in the Dashboard."}),
        lambda product: (f"products/{product}", {"active": False}),
        lambda product: (f"products/{product}", {"images": ["https://school.example/other.webp"]}),
        lambda product: (f"products/{product}/price", {"unit_amount": 123_456}),
        lambda product: (f"prices/{old_prices[product]}/activate", {}),
        lambda product: (f"products/{product}/delete", {}),
    ]
    return [chance.choice(kinds)(product) for product in products]
