"""`expand[]`: ids replaced by the objects they stand for, four levels deep (docs.stripe.com/api/expanding_objects)."""

from __future__ import annotations

from collections.abc import Mapping

from stripe_sandbox.accounts import Realm
from stripe_sandbox.errors import ApiError, invalid
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Store

DEEPEST = 4
TOTAL = "total_count"  # of search results, only on request
# By kind: what each field expands to; None: a field that is only present on request.
FIELDS: Mapping[str, Mapping[str, str | None]] = {
    "product": {"default_price": "price", "tax_code": None},
    "price": {"product": "product", "currency_options": "currency options", "tiers": None},
    "currency option": {"tiers": None},
}
HIDDEN = ("currency_options", "tiers")
OPTION = ("custom_unit_amount", "tax_behavior", "tiers", "unit_amount", "unit_amount_decimal")

type Tree = dict[str, "Tree"]


def plan(kind: str, paths: list[str]) -> Tree:
    """The paths as a tree. Raises Stripe's error. `kind` is the kind of the response: "price", or "list of price".

    The sentences, without a param: Kiln-AI/stripe_world (2026-08-26).
    """
    tree: Tree = {}
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            message = f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}"
            raise invalid(message, code="property_expansion_max_depth")
        _walk(kind, steps)
        place = tree
        for step in steps:
            place = place.setdefault(step, {})
    return tree


def _walk(kind: str, steps: list[str]) -> None:
    envelope, _, inside = kind.rpartition(" of ")
    if envelope:
        if steps == [TOTAL] and envelope == "search":
            return
        if steps[0] != "data":
            raise _not_in_a_list(steps[0])
    current: str | None = inside or kind
    rest = steps[1:] if envelope else steps
    for number, step in enumerate(rest, 1):
        if current == "currency options":
            current = "currency option"
            continue
        fields = FIELDS.get(current or "", {})
        if step not in fields:
            raise invalid(f"This property cannot be expanded ({'.'.join(rest[:number])}).")
        current = fields[step]


def _not_in_a_list(step: str) -> ApiError:
    if step == TOTAL:
        return invalid(f"This property cannot be included ({step})")
    return invalid(f"This property cannot be expanded ({step}). You may want to try expanding 'data.{step}' instead.")


def reached(kind: str, tree: Tree) -> set[str]:
    """The kinds of the objects that a tree expands to."""
    kinds: set[str] = set()
    for name, below in tree.items():
        if name == "data" and " of " in kind:
            kinds |= reached(kind.partition(" of ")[2], below)
        elif (target := FIELDS.get(kind, {}).get(name)) in ("product", "price"):
            kinds |= {target} | reached(target, below)
    return kinds


def expanded(store: Store, realm: Realm, answer: Json, tree: Tree) -> Json:
    """The response with fields that are only present on request left out, and ids in `tree` replaced by objects."""
    if answer.get("object") in ("list", "search_result"):
        return answer | {"data": [expanded(store, realm, one, tree.get("data", {})) for one in answer["data"]]}
    kind = answer.get("object", "")
    shown = {name: value for name, value in answer.items() if name not in HIDDEN or name in tree}
    for name, below in tree.items():
        target = FIELDS.get(kind, {}).get(name)
        if target == "currency options":
            shown[name] = _currency_options(answer, below)
        elif target and isinstance(shown.get(name), str):
            shelf = store.products if target == "product" else store.prices
            found = shelf.get(realm, shown[name])
            shown[name] = expanded(store, realm, found, below) if found else shown[name]
    return shown


def _currency_options(price: Json, asked: Tree) -> Json:
    """All currencies of a price, including its own; their tiers only if requested too."""
    own = {name: price.get(name) for name in OPTION}
    options = {price["currency"]: own, **price.get("currency_options", {})}
    return {
        code: {name: value for name, value in option.items() if name != "tiers" or "tiers" in asked.get(code, {})}
        for code, option in sorted(options.items())
    }
