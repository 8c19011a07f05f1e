"""The steps of the requests that were made before, open ones among them, from their paths and parameters.

In batches with a transaction each, so that nobody waits for it; it may be interrupted and repeated.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH = 1000
TEXTS = {"name": "name", "description": "description", "image": "images", "tax_code": "tax_code"}
TERMS = {"tax_behavior": "tax_behavior"}
type Json = dict[str, Any]


def fill(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    requests = apps.get_model("billings", "StripeRequest")
    prices = apps.get_model("billings", "BillingPrice")
    last = 0
    while rows := list(requests.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        named = prices.objects.filter(stripe_id__in={_price_id(row) for row in rows})
        known = {price.stripe_id: [price.unit_amount, price.currency, price.interval or None] for price in named}
        for row in rows:
            row.step_fields = _step_fields(row, known)
        requests.objects.bulk_update(rows, ["step_fields"])
        last = rows[-1].pk


def _price_id(row: Any) -> str:
    """The price that a request changes, or makes the default."""
    return str(row.path.rpartition("/")[2] if row.step.endswith("_price") else row.params.get("default_price", ""))


def _step_fields(row: Any, prices: Mapping[str, Any]) -> Json:
    params, price_id = row.params, _price_id(row)
    match row.step:
        case "create_product":
            data = params.get("default_price_data", {})
            return {
                "texts": _said(TEXTS, params),
                "active": params.get("active", False),
                "price": _spec(data),
                "terms": _said(TERMS, data),
            }
        case "update_product":
            default = {"default": prices.get(price_id), "default_id": price_id} if price_id else {}
            return {"texts": _said(TEXTS, params), "active": params.get("active"), **default}
        case "create_price":
            return {"spec": _spec(params), "terms": _said(TERMS, params)}
        case "update_price":
            return {"price_id": price_id, "terms": _said(TERMS, params)}
        case "activate_price":
            return {"price_id": price_id, "spec": prices.get(price_id), "terms": _said(TERMS, params)}
        case "archive_price":
            return {"price_id": price_id, "spec": prices.get(price_id)}
    return {}


def _spec(data: Json) -> list[Any] | None:
    if "unit_amount" not in data:
        return None
    return [data["unit_amount"], data["currency"], data.get("recurring", {}).get("interval")]


def _said(names: Mapping[str, str], params: Json) -> Json:
    return dict(_pairs(names.items(), params))


def _pairs(names: Iterable[tuple[str, str]], params: Json) -> Iterator[tuple[str, str]]:
    for field, param in names:
        if param in params:
            value = params[param]
            yield field, value[0] if isinstance(value, list) and value else value or ""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billings", "0022_step_fields")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
