"""Every kind of user, and the objects that URLs can name."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from billings.models import BillingProduct, Drift, StrayProduct
from billings.money import PriceSpec
from billings.product_fields import Field
from courses import lifecycle
from courses.content import Content
from courses.models import Course

PEOPLE = ("anonymous", "teacher", "other", "staff", "manager", "superuser", "deactivated")
CONTENT = Content(
    title="Watercolour",
    summary="Paint light.",
    description="",
    subject="Art",
    level="all",
    language="en",
    cover="",
    price=PriceSpec(4900, "usd"),
)


@dataclass
class Scenario:
    """`course` is the teacher's; everything that can be named in an address belongs to it."""

    people: dict[str, User | None]
    course: Course
    drift: Drift
    stray: StrayProduct

    @classmethod
    def make(cls) -> "Scenario":
        people: dict[str, User | None] = {
            name: User.objects.create_user(
                name,
                f"{name}@example.com",
                is_staff=name in ("staff", "manager", "superuser"),
                is_superuser=name == "superuser",
                is_active=name != "deactivated",
            )
            for name in PEOPLE[1:]
        }
        for user in people.values():
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        people["manager"].user_permissions.add(Permission.objects.get(codename="manage_prices"))
        course = lifecycle.create(owner=people["teacher"], content=CONTENT)
        product = BillingProduct.objects.get(course_id=course.pk)
        drift = Drift.objects.create(product=product, field=Field.NAME, local_value="Watercolour", remote_value="Oil")
        stray = StrayProduct.objects.create(
            account="acct_1", livemode=False, stripe_id="prod_stray", name="Ink", active=True, seen_at=timezone.now()
        )
        return cls({"anonymous": None, **people}, course, drift, stray)

    @property
    def arguments(self) -> Mapping[str, str]:
        """A value for every argument of an address, of something that is there where there is one."""
        teacher = self.people["teacher"]
        known = {
            "app_label": "courses",
            "content_type_id": str(ContentType.objects.get_for_model(Course).pk),
            "course_id": str(self.course.pk),
            "drift_id": str(self.drift.pk),
            "id": str(teacher.pk),
            "key": EmailConfirmationHMAC(EmailAddress.objects.get(user=teacher)).key,
            "name": f"covers/{'0' * 32}.webp",
            "object_id": str(self.course.pk),
            "stray_id": str(self.stray.pk),
            "uidb36": user_pk_to_url_str(teacher),
            "url": "nowhere",
        }
        return defaultdict(lambda: "1", known)

    def client(self, name: str) -> Client:
        """A browser in which they are signed in, by a session from the time when they were active."""
        client, user = Client(), self.people[name]
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client
