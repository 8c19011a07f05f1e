"""A course with only what billing needs."""

from django.apps import apps
from django.contrib.auth.models import User

from billings import pricing
from billings.models import BillingProduct
from billings.money import PriceSpec
from billings.product_fields import Field
from billings.sync import desired
from billings.sync.converge import Result, converge

USD49 = PriceSpec(4900, "usd")
USD59 = PriceSpec(5900, "usd")


class Sold:
    """A course as billing sees it, with verbs for what teachers and the worker do."""

    def __init__(self, owner: User, *, price: PriceSpec | None = USD49, published: bool = True) -> None:
        self.course = apps.get_model("courses", "Course").objects.create(
            owner=owner, title="Watercolour", summary="For beginners"
        )
        status = "published" if published else "draft"
        texts = {Field.NAME: "Watercolour", Field.DESCRIPTION: "For beginners"}
        self.row = desired.open_product(self.course.id, texts, status=status, owner=self.course.owner)
        self.price(price)

    @property
    def product(self) -> BillingProduct:
        return BillingProduct.objects.get(pk=self.row.pk)

    def price(self, price: PriceSpec | None) -> None:
        pricing.set_price(self.row, price, actor=None)

    def listing(self, **changes: str) -> None:
        status = changes.pop("status", self.product.desired_status)
        texts = {Field(name): value for name, value in changes.items()}
        desired.update(self.row, texts=texts, status=status)

    def converge(self) -> Result:
        return converge(self.row.pk)
