"""Change a course to what Stripe holds, where staff accept a change made there."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from billings.models import BillingProduct
from billings.product_fields import Field
from courses.models import Course
from courses.stripe_integration import copy_listing


def apply_stripe_value(course_id: UUID, field: Field, remote_value: Any, *, actor: User) -> None:
    """Set one field to Stripe's value and copy it to billing, as every save does.

    Runs inside the transaction of `decisions.accept_stripes_value`, which has validated that a course can say this.
    """
    course = Course.objects.select_for_update().get(pk=course_id)
    course.billing = BillingProduct.objects.select_for_update().get(course=course)
    match field:
        case Field.NAME:
            course.title = remote_value.strip()
        case Field.DESCRIPTION:
            course.summary = remote_value.strip()
        case Field.ACTIVE:
            course.status = Course.Status.PUBLISHED if remote_value else Course.Status.DRAFT
    course.updated_by = actor
    course.save(update_fields=["title", "summary", "status", "updated_by", "updated_at"])
    copy_listing(course)
