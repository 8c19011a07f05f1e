"""Fills the portal's database with a large catalogue: courses, their products, and problems of some.

The first 100,000 courses are written through the portal's own models, so that every derived column is as after a save.
A larger catalogue repeats them, copied by the database itself: the same titles, other teachers and ids, so that a title
occurs ten times in a million.

A tenth of the courses belongs to one teacher and the rest to 999 others; 1 in 50 has drift, 1 in 200 was rejected by
Stripe, 1 in 100 waits for Stripe, 1 in 200 is being saved.
"""

import random
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, models, transaction

from billings.models import BillingPrice, BillingProduct, Drift, Rejection, StripeRequest
from courses.models import Course

TEACHERS = 1_000
BATCH = 2_000
WRITTEN_ONE_BY_ONE = 100_000
ACCOUNT = "acct_bench"
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
RARE_WORD = "Glasharfe"
RARE = 20_000  # one course in so many has it in its title

# Subject, the words that a title is made of, and their language.
SUBJECTS = {
    "en": ("Watercolour", "Sourdough bread", "Statistics", "Chess", "Astronomy", "Knitting", "Guitar", "Piano",
           "Photography", "Bookbinding", "Public speaking", "Linear algebra", "First aid", "Beekeeping", "Carpentry"),
    "de": ("Aquarell", "Brot backen", "Stochastik", "Schach", "Sternkunde", "Stricken", "Gitarre", "Klavier",
           "Fotografie", "Buchbinden", "Rhetorik", "Geschäftsführung", "Erste Hilfe", "Imkerei", "Möbelbau"),
    "es": ("Acuarela", "Pan casero", "Estadística", "Ajedrez", "Astronomía", "Punto", "Guitarra", "Piano clásico",
           "Fotografía", "Encuadernación", "Oratoria", "Álgebra", "Primeros auxilios", "Apicultura", "Carpintería"),
    "fr": ("Aquarelle", "Pain au levain", "Statistique", "Échecs", "Astronomie", "Tricot", "Guitare", "Piano jazz",
           "Photographie", "Reliure", "Prise de parole", "Algèbre", "Premiers secours", "Apiculture", "Menuiserie"),
    "ru": ("Акварель", "Домашний хлеб", "Статистика", "Шахматы", "Астрономия", "Вязание", "Гитара", "Фортепиано",
           "Фотография", "Переплёт", "Риторика", "Алгебра", "Первая помощь", "Пчеловодство", "Столярное дело"),
    "ja": ("水彩画", "パン作り", "統計学", "将棋", "天文学", "編み物", "ギター", "ピアノ", "写真", "製本", "話し方",
           "線形代数", "応急手当", "養蜂", "木工"),
}  # fmt: skip
PATTERNS = {
    "en": ("{} for beginners, part {}", "{} in {} evenings", "Advanced {}: {} projects", "{} of an afternoon, no. {}"),
    "de": (
        "{} für Anfänger, Teil {}",
        "{} an {} Abenden",
        "{} für Fortgeschrittene, Stufe {}",
        "{} im Alltag, Band {}",
    ),
    "es": ("{} para principiantes, parte {}", "{} en {} tardes", "{} avanzado: {} proyectos", "Taller de {} n.º {}"),
    "fr": ("{} pour débutants, partie {}", "{} en {} soirées", "{} avancé : {} projets", "Atelier de {} nº {}"),
    "ru": ("{} для начинающих, часть {}", "{} за {} вечеров", "{}: {} проектов", "{}, книга {}"),
    "ja": ("{}入門 第{}回", "{}を{}日で学ぶ", "{}応用 {}課", "{}教室 {}"),
}
CURRENCIES = {"usd": 60, "eur": 20, "gbp": 8, "chf": 5, "jpy": 5, "kwd": 2}
STATUSES = {"published": 70, "draft": 20, "archived": 10}


def people() -> tuple[User, User]:
    """The teacher who owns a tenth of everything, and a superuser, who can see every list; 999 more teachers."""
    teachers = [User(username=f"t{n}", email=f"teacher{n}@school{n % 40}.example") for n in range(1, TEACHERS + 1)]
    User.objects.bulk_create(teachers)
    staff = User.objects.create_superuser("staff", "staff@example.com")
    return User.objects.get(username="t1"), staff


def fill(upto: int, chance: random.Random) -> None:
    """Add courses up to this number, and update the engine's statistics."""
    present, teachers = Course.objects.count(), list(User.objects.filter(is_superuser=False).order_by("pk"))
    for numbers in batched(range(present, min(upto, WRITTEN_ONE_BY_ONE)), BATCH):
        _write(numbers, teachers, chance)
    if upto > WRITTEN_ONE_BY_ONE:
        _copy(upto // WRITTEN_ONE_BY_ONE - 1, teachers)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@transaction.atomic
def _write(numbers: Iterable[int], teachers: list[User], chance: random.Random) -> None:
    courses = [_course(number, teachers, chance) for number in numbers]
    with _times_as_given(Course, "created_at", "updated_at"):
        Course.objects.bulk_create(courses)
    products = [_product(course, chance) for course in courses]
    troubles = [trouble for product in products for trouble in _trouble(product, chance)]
    BillingProduct.objects.bulk_create(products)
    BillingPrice.objects.bulk_create(price for product in products for price in _prices(product))
    StripeRequest.objects.bulk_create(row for row in troubles if isinstance(row, StripeRequest))
    Rejection.objects.bulk_create(row for row in troubles if isinstance(row, Rejection))
    Drift.objects.bulk_create(row for row in troubles if isinstance(row, Drift))


class _times_as_given:  # noqa: N801
    """Lets rows keep the times they were created with."""

    def __init__(self, model: type[models.Model], *names: str) -> None:
        self.fields: list[Any] = [model._meta.get_field(name) for name in names]
        self.before = [(field.auto_now, field.auto_now_add) for field in self.fields]

    def __enter__(self) -> None:
        for field in self.fields:
            field.auto_now = field.auto_now_add = False

    def __exit__(self, *error: object) -> None:
        for field, (now, now_add) in zip(self.fields, self.before, strict=True):
            field.auto_now, field.auto_now_add = now, now_add


def _course(number: int, teachers: list[User], chance: random.Random) -> Course:
    language = chance.choice(list(SUBJECTS))
    subject = chance.choice(SUBJECTS[language])
    title = chance.choice(PATTERNS[language]).format(subject, chance.randint(1, 200))
    status, updated = _one(STATUSES, chance), NEWEST - timedelta(minutes=chance.randint(0, 1_500_000))
    return Course(
        id=uuid.UUID(int=chance.getrandbits(128), version=4),
        owner=teachers[0] if chance.random() < 0.1 else chance.choice(teachers),
        title=f"{RARE_WORD}: {title}" if number % RARE == RARE // 50 else title,
        summary=f"Twelve evenings from the first line to something finished ({subject}).",
        description="## Day one\n\nBring **an apron** and [the list](https://a.example/list).\n\n- brushes\n- paper\n",
        subject=subject,
        language=language,
        status=status,
        status_before_archive="published" if status == "archived" else "",
        created_at=updated - timedelta(days=30),
        updated_at=updated,
    )


def _one(shares: dict[str, int], chance: random.Random) -> str:
    return chance.choices(list(shares), list(shares.values()))[0]


def _product(course: Course, chance: random.Random) -> BillingProduct:
    """As after a save that Stripe has confirmed."""
    currency = _one(CURRENCIES, chance)
    amount = None if chance.random() < 0.15 else chance.choice((900, 1900, 2450, 2900, 4900, 9900, 12500, 18000))
    is_sold = amount is not None
    return BillingProduct(
        id=course.id,
        course=course,
        desired_name=course.title,
        desired_description=course.summary,
        desired_status=course.status,
        desired_unit_amount=amount,
        desired_currency=currency,
        price_changed_at=course.created_at if is_sold else None,
        generation=1,
        observed_generation=1,
        stripe_id=f"course_{course.id.hex}" if is_sold else "",
        account=ACCOUNT if is_sold else "",
        exists=is_sold,
        observed_name=course.title if is_sold else "",
        observed_description=course.summary if is_sold else "",
        observed_active=is_sold and course.status == "published",
        observed_default_price=f"price_{course.id.hex}" if is_sold else "",
        metadata_generation=1,
        sent_generation=1,
        confirmed_at=course.updated_at if is_sold else None,
    )


def _prices(product: BillingProduct) -> Iterator[BillingPrice]:
    """The current price, and for a third of the courses an earlier one."""
    for name, active in (("price", True), ("price_old", False)):
        if product.exists and (active or product.pk.int % 3 == 0):
            yield BillingPrice(
                product=product,
                stripe_id=f"{name}_{product.pk.hex}",
                unit_amount=product.desired_unit_amount if active else 100,
                currency=product.desired_currency,
                active=active,
                stripe_created=1_700_000_000,
            )


def _trouble(product: BillingProduct, chance: random.Random) -> Iterator[models.Model]:
    """The product's problem, if any, in the product itself and in related rows."""
    draw = chance.random()
    if not product.exists:
        return
    if draw < 0.02:
        product.has_drift = True
        name = product.desired_name
        yield Drift(product=product, field="name", local_value=name, remote_value=f"{name} (sale)")
    elif draw < 0.025:
        product.has_rejection = True
        yield from _rejected(product)
    elif draw < 0.035:
        product.trouble, product.attempts = chance.choice(("unreachable", "slow", "failing", "rate_limited")), 3
        product.generation, product.behind_since, product.next_attempt_at = 2, NEWEST, NEWEST
    elif draw < 0.04:
        product.generation, product.behind_since = 2, NEWEST


def _rejected(product: BillingProduct) -> Iterator[models.Model]:
    request = StripeRequest(
        product=product,
        key=f"key-{product.pk.hex}",
        step="update_product",
        path=f"/v1/products/{product.stripe_id}",
        params={},
        account=ACCOUNT,
        livemode=False,
        generation=1,
        resolved_at=NEWEST,
        outcome=StripeRequest.Outcome.REJECTED,
        http_status=400,
        error_message="Invalid string: this name is not allowed.",
    )
    yield request
    yield Rejection(product=product, request=request, field="name")


def _copy(times: int, teachers: list[User]) -> None:
    """Copy every course so many times, with everything that belongs to it, in the database."""
    if connection.vendor == "postgresql":
        new_id, hexadecimal = "gen_random_uuid()", "replace(m.new::text, '-', '')"
    else:
        new_id, hexadecimal = "lower(hex(randomblob(16)))", "m.new"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE originals AS SELECT id FROM courses_course")
        for number in range(1, times + 1):
            cursor.execute(f"CREATE TEMPORARY TABLE copied AS SELECT id AS old, {new_id} AS new FROM originals")
            cursor.execute("CREATE UNIQUE INDEX copied_old ON copied (old)")
            cursor.execute("ANALYZE copied")
            with transaction.atomic():
                for model, told in _copied(number, hexadecimal, teachers).items():
                    cursor.execute(_copying(model, told))
            cursor.execute("DROP TABLE copied")
        cursor.execute("DROP TABLE originals")


def _copied(number: int, hexadecimal: str, teachers: list[User]) -> dict[type[models.Model], dict[str, str]]:
    """The columns that differ in the copy of a row (`t`) of a course that has a new id (`m.new`)."""
    first, others = teachers[0].pk, len(teachers) - 1
    owner = f"{first} + 1 + (t.owner_id - {first + 1} + {number * 97}) % {others}"
    owner = f"CASE WHEN t.owner_id = {first} THEN {first} ELSE {owner} END"
    key = f"t.key || '-{number}'"
    return {
        Course: {"id": "m.new", "owner_id": owner},
        BillingProduct: {
            "id": "m.new",
            "course_id": "m.new",
            "owner_id": owner,
            "teacher": f"(SELECT lower(email) FROM auth_user WHERE id = {owner})",
            "stripe_id": f"CASE WHEN t.stripe_id = '' THEN '' ELSE 'course_' || {hexadecimal} END",
            "observed_default_price": (
                f"CASE WHEN t.observed_default_price = '' THEN '' ELSE 'price_' || {hexadecimal} END"
            ),
        },
        BillingPrice: {
            "product_id": "m.new",
            "stripe_id": f"CASE WHEN t.active THEN 'price_' ELSE 'price_old_' END || {hexadecimal}",
        },
        StripeRequest: {"product_id": "m.new", "key": key},
        Rejection: {
            "product_id": "m.new",
            "request_id": (
                "(SELECT new_row.id FROM billings_striperequest new_row"
                " JOIN billings_striperequest old_row ON old_row.id = t.request_id"
                f" WHERE new_row.key = old_row.key || '-{number}')"
            ),
        },
        Drift: {"product_id": "m.new"},
    }


def _copying(model: type[models.Model], told: dict[str, str]) -> str:
    table = model._meta.db_table
    fields = [field for field in model._meta.concrete_fields if not getattr(field, "generated", False)]
    columns = [str(field.column) for field in fields if field.column in told or not field.primary_key]
    values = ", ".join(told.get(column, f't."{column}"') for column in columns)
    owner = "id" if model in (Course, BillingProduct) else "product_id"
    names = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO {table} ({names}) SELECT {values} FROM {table} t JOIN copied m ON m.old = t."{owner}"'
