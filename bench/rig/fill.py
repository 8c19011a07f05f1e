"""Fills the portal's database from the sandbox, as if the portal had created everything. Run by `Portal.prepare`.

`mirror`: a course in sync for every product in Stripe. `outage COUNT`: saves that Stripe does not know of.
"""

import os
import random
import sys
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

ROOT = Path(__file__).resolve().parents[2]

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from billings.stripe_api.accounts import Account


def main(what: str, *arguments: str) -> None:
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT / "site"), str(ROOT)]
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    if what == "mirror":
        mirror()
    else:
        outage(int(*arguments))


def mirror() -> None:
    from django.core.management import call_command
    from django.db import connection

    from billings.stripe_api import accounts, gateway

    call_command("migrate", verbosity=0)
    teacher = people()
    account = accounts.present(seconds=20)
    for page in gateway.product_pages(seconds=60):
        _mirror_products(page, teacher, account)
    for page in gateway.price_pages(seconds=60):
        _mirror_prices(page)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def people() -> "User":
    """A teacher and a price manager."""
    from allauth.account.models import EmailAddress
    from django.contrib.auth.models import Group, User

    made = []
    for name in ("teacher", "staff"):
        person = User.objects.create_user(name, f"{name}@example.com", "course-demo")
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
        made.append(person)
    made[1].groups.add(Group.objects.get(name="Price managers"))
    return made[0]


def _mirror_products(page: list[dict[str, Any]], teacher: "User", account: "Account") -> None:
    from billings.models import BillingProduct
    from courses.models import Course

    courses = [
        Course(
            id=UUID(data["metadata"]["course_id"]),
            owner=teacher,
            title=data["name"][:120],
            summary=data["description"],
            status="published",
        )
        for data in page
    ]
    Course.objects.bulk_create(courses)
    BillingProduct.objects.bulk_create(
        _product(data, course, account) for data, course in zip(page, courses, strict=True)
    )


def _product(data: dict[str, Any], course: Any, account: "Account") -> Any:
    from billings.models import BillingProduct

    return BillingProduct(
        id=course.id,
        course=course,
        desired_name=data["name"],
        desired_description=data["description"],
        desired_status="published",
        generation=1,
        observed_generation=1,
        stripe_id=data["id"],
        account=account.id,
        livemode=account.livemode,
        exists=True,
        observed_name=data["name"],
        observed_description=data["description"],
        observed_active=data["active"],
        observed_default_price=data["default_price"],
        metadata_generation=1,
        sent_generation=1,
    )


def _mirror_prices(page: list[dict[str, Any]]) -> None:
    from billings.models import BillingPrice, BillingProduct

    BillingPrice.objects.bulk_create(
        BillingPrice(
            product_id=UUID(data["metadata"]["course_id"]),
            stripe_id=data["id"],
            unit_amount=data["unit_amount"],
            currency=data["currency"],
            active=data["active"],
            stripe_created=data["created"],
        )
        for data in page
    )
    on_sale = {UUID(data["metadata"]["course_id"]): data for data in page if data["active"]}
    rows = list(BillingProduct.objects.filter(pk__in=on_sale))
    for row in rows:
        row.desired_unit_amount = on_sale[row.pk]["unit_amount"]
    BillingProduct.objects.bulk_update(rows, ["desired_unit_amount"])


def outage(count: int) -> None:
    """Three kinds of saves, in equal parts and mixed: new courses, renamed ones, and changed prices."""
    from django.contrib.auth.models import User
    from django.db import transaction

    from billings.models import BillingProduct

    teacher = User.objects.get(username="teacher")
    rows = list(BillingProduct.objects.all())
    saves: list[tuple[str, Any]] = [("create", None)] * (count - len(rows))
    saves += [("rename" if number % 2 else "price", row) for number, row in enumerate(rows)]
    random.Random(count).shuffle(saves)
    for some in batched(saves, 100):
        with transaction.atomic():
            for kind, row in some:
                _save(kind, row, teacher)


def _save(kind: str, row: Any, teacher: "User") -> None:
    from billings import pricing
    from billings.money import PriceSpec
    from billings.product_fields import Field
    from billings.sync import desired
    from courses import lifecycle
    from courses.content import Content

    if kind == "create":
        content = Content(
            title="Made in the outage",
            summary="Nobody has seen it yet.",
            description="",
            subject="",
            level="all",
            language="en",
            cover="",
            price=PriceSpec(4900, "usd"),
        )
        lifecycle.create(owner=teacher, content=content, status="published", inline=False)
        return
    if kind == "rename":
        texts = {Field.NAME: f"{row.desired_name}, second edition", Field.IMAGE: ""}
        desired.update(row, texts=texts, status="published")
    else:
        pricing.set_price(row, PriceSpec(row.desired_unit_amount + 1000, "usd"), actor=teacher)
    desired.converge_after_commit(row, inline=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
