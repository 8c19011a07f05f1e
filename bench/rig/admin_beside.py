"""Django's admin with the same rows, page size and columns, for comparison with our lists."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin, display
from django.contrib.auth.models import User
from django.urls import path

from billings.models import BillingProduct, Drift, StrayProduct, SyncRun
from config.urls import urlpatterns
from courses.models import Course

PER_PAGE = 24
site = AdminSite(name="beside")


class Beside(ModelAdmin[Any]):
    list_per_page = PER_PAGE
    show_full_result_count = False  # one count less


class Prices(Beside):
    list_display = ("desired_name", "teacher", "price", "trouble", "desired_status", "price_changed_at")
    list_filter = ("desired_status", "desired_currency", "trouble", "rejections__field")
    list_select_related = ("course__owner",)
    search_fields = ("desired_name", "course__owner__email", "stripe_id")

    @display(ordering="course__owner__email")
    def teacher(self, product: BillingProduct) -> str:
        return product.course.owner.email

    @display(ordering="desired_unit_amount")
    def price(self, product: BillingProduct) -> str:
        return str(product.price or "free")


class Courses(Beside):
    list_display = ("title", "price", "status", "updated_at")
    list_filter = ("status", "owner__is_active")
    list_select_related = ("billing",)
    search_fields = ("title", "summary", "subject")
    raw_id_fields = ("owner", "updated_by")

    @display(ordering="billing__desired_unit_amount")
    def price(self, course: Course) -> str:
        return str(course.billing.price or "free")


class Drifts(Beside):
    list_display = ("opened_at", "product", "field", "local_value", "remote_value")
    list_filter = ("field", "decision")
    list_select_related = ("product",)


site.register(BillingProduct, Prices)
site.register(Course, Courses)
site.register(Drift, Drifts)
site.register(User, Beside)  # the form of a course points there
site.register([SyncRun, StrayProduct], Beside)


def install() -> None:
    """Add its URLs; must run before the first request."""
    urlpatterns.append(path("beside/", site.urls))


def address(model: type[Any], **query: Any) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/beside/{model._meta.app_label}/{model._meta.model_name}/?{asked}".rstrip("?")
