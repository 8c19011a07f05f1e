"""Courses in the admin site: read-only, except that a superuser can give one to another teacher."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billings.sync import desired
from courses.models import Course


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # only its stubs are generic
    list_display = ("title", "owner", "status", "price", "updated_at")
    list_filter = ("status", "level")
    list_select_related = ("owner", "billing")
    search_fields = ("title", "summary", "owner__email", "id")
    fields = (
        "title",
        "owner",
        "status",
        "price",
        "summary",
        "subject",
        "level",
        "language",
        "created_at",
        "updated_at",
    )
    readonly_fields = tuple(name for name in fields if name != "owner")
    autocomplete_fields = ("owner",)

    @admin.display(description="price")
    def price(self, course: Course) -> str:
        return str(course.billing.price or "free")

    def save_model(self, request: HttpRequest, obj: Course, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        desired.hand_over(obj.pk, obj.owner)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Course | None = None) -> bool:
        """A course that was sold is archived, never deleted."""
        return False
