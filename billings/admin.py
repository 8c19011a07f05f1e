"""Stripe's mirrors and their history in the admin site, read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from billings.models import SUBJECTS, BillingPrice, BillingProduct, Drift, PriceChange, StripeRequest


class Mirror[T: Model](admin.ModelAdmin[T]):
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(BillingProduct)
class BillingProductAdmin(Mirror[BillingProduct]):
    list_display = ("desired_name", "price", "desired_status", "trouble", "stripe_id", "confirmed_at")
    list_filter = ("desired_status", "trouble", "desired_currency")
    search_fields = ("desired_name", "stripe_id", "course__owner__email")


@admin.register(BillingPrice)
class BillingPriceAdmin(Mirror[BillingPrice]):
    list_display = ("stripe_id", "product", "words", "active", "ours", "gone")
    list_filter = ("active", "ours", "gone", "currency")
    list_select_related = ("product",)
    search_fields = ("stripe_id", "product__stripe_id", "product__desired_name")


@admin.register(StripeRequest)
class StripeRequestAdmin(Mirror[StripeRequest]):
    list_display = ("created_at", "step", "subject", "outcome", "http_status", "request_id")
    list_filter = ("outcome", "step", "livemode")
    list_select_related = SUBJECTS
    search_fields = ("key", "request_id", "path", "product__desired_name")


@admin.register(Drift)
class DriftAdmin(Mirror[Drift]):
    list_display = (
        "opened_at",
        "product",
        "field",
        "local_value",
        "remote_value",
        "closed_at",
        "decision",
        "decided_by",
    )
    list_filter = ("field", "decision")
    list_select_related = ("product", "decided_by")
    search_fields = ("product__stripe_id", "product__desired_name")


@admin.register(PriceChange)
class PriceChangeAdmin(Mirror[PriceChange]):
    list_display = ("created_at", "product", "old", "new", "actor", "source", "reason")
    list_filter = ("source",)
    list_select_related = ("product", "actor")
    search_fields = ("product__stripe_id", "product__desired_name", "actor__email", "reason")
