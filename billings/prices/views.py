"""The staff's price table: permissions, input and responses; the changes themselves are in `repricing`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import replace_url, trigger_client_event

from billings import status
from billings.models import Availability, BillingProduct, PriceChange
from billings.money import UNKNOWN_LOCALE
from billings.prices import plan_line, repricing, unusual_changes
from billings.prices.forms import PriceChangeForm
from billings.prices.listing import PRICES, Listing, listing, row_url
from billings.prices.repricing import PriceMoved
from billings.prices.row_polling import EVENT, PolledRow
from billings.prices.row_polling import seconds as watch_seconds
from billings.prices.unusual_changes import Unconfirmed
from web.access import StaffRequest, price_managers_only, sends_json, wants_json
from web.bidi import isolate
from web.bodies import fields_sent, reports_unreadable_body
from web.etags import json_answer
from web.list_query import ListQuery

# One URL serves pages, parts and JSON: caches must keep them apart.
vary = vary_on_headers("Accept", "HX-Request")

SORT_LABELS = (
    ("title", _("Course")),
    ("teacher", _("Teacher")),
    ("price", _("Currency, then lowest price")),
    ("-price", _("Currency, then highest price")),
    ("-changed", _("Changed last")),
    ("changed", _("Changed first")),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A course's price in the table, with the URLs of its actions."""

    product: BillingProduct
    status: status.Status
    query: ListQuery

    @classmethod
    def of(cls, product: BillingProduct, query: ListQuery) -> "Row":
        return cls(product, status.describe(product, staff=True), query)

    @property
    def change_url(self) -> str:
        return row_url("change_price", self.product.course_id, self.query)

    @property
    def edit_url(self) -> str:
        return row_url("edit_price", self.product.course_id, self.query)

    @property
    def plan_url(self) -> str:
        return row_url("plan_price", self.product.course_id, self.query)

    @property
    def row_url(self) -> str:
        return row_url("price_row", self.product.course_id, self.query)

    @property
    def retry_url(self) -> str:
        return row_url("retry_price", self.product.course_id, self.query)

    @property
    def mark(self) -> str:
        return PolledRow(self.product, self.status).mark

    @property
    def id(self) -> str:
        return f"row-{self.product.course_id}"


def by_button(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """POST only. A browser that follows a link here is redirected to the form; API clients get 405."""

    @wraps(view)
    def pressed(request: StaffRequest, course_id: UUID) -> HttpResponse:
        if request.method == "POST":
            return view(request, course_id)
        if request.method not in ("GET", "HEAD") or wants_json(request):
            return HttpResponseNotAllowed(["POST"])
        return redirect("billings:edit_price", course_id)

    return pressed


@require_safe
@vary
@price_managers_only
def prices(request: StaffRequest) -> HttpResponse:
    """The prices of every course."""
    found = listing(PRICES.query(request.GET.dict()))
    if wants_json(request):
        return json_answer(request, _listing_json(found))
    rows = [Row.of(product, found.query) for product in found.page]
    context: dict[str, Any] = {
        "listing": found,
        "rows": rows,
        "watch_seconds": watch_seconds(PolledRow(row.product, row.status) for row in rows),
    }
    if request.htmx and not request.htmx.history_restore_request:
        return replace_url(render(request, "billings/prices.html#found", context), found.url)
    context |= {"statuses": Availability.choices, "currencies": found.currencies, "sorts": SORT_LABELS}
    return render(request, "billings/prices.html", context)


@require_safe
@vary
@price_managers_only
def edit_price(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """The form that changes one price: in its row, or on a page of its own."""
    product = product_or_404(course_id)
    return _editor(request, PriceChangeForm.showing(product))


@by_button
@vary
@price_managers_only
@reports_unreadable_body
def plan_price(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """What saving would do, and how the price is understood. Saves nothing."""
    form = _form_sent(request, product_or_404(course_id))
    form.fields["reason"].required = False
    if request.htmx:
        context = {"form": form, "plan": _plan_line(form), "validated": True}
        return render(request, "billings/price_form.html#validated", context)
    return _editor(request, form, code=200 if form.is_valid() else 422)


@by_button
@vary
@price_managers_only
@reports_unreadable_body
def change_price(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """Change the price, with reason and actor, and update Stripe."""
    product = product_or_404(course_id)
    form = _form_sent(request, product)
    if not form.is_valid():
        return _invalid(request, form)
    fields = form.cleaned_data
    try:
        change = repricing.change_price(
            product,
            form.price_spec,
            version=fields["version"],
            actor=request.user,
            reason=fields["reason"],
            confirm=fields["confirm"],
        )
    except Unconfirmed as unconfirmed:
        return _invalid(request, form.ask(unconfirmed.unusual_change))
    except PriceMoved as moved:
        return _moved(request, form, moved)
    return _changed(request, course_id, change)


@require_safe
@vary
@price_managers_only
def price_row(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """One row of the table, to replace its form on cancelling."""
    row = Row.of(product_or_404(course_id), PRICES.query(request.GET.dict()))
    if not request.htmx:
        return redirect(row.query.url)
    return watched(render(request, "billings/prices.html#row", {"row": row, "focus": True}), row)


def row_answer(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """One updated row in the list that the user is looking at, with messages."""
    asked = QueryDict(urlsplit(request.htmx.current_url or "").query).dict()
    row = Row.of(product_or_404(course_id), PRICES.query(asked))
    return watched(render(request, "billings/prices.html#changed", {"row": row, "focus": True}), row)


def watched(answer: HttpResponse, row: Row) -> HttpResponse:
    """Make the page poll again if this row is pending now."""
    return trigger_client_event(answer, EVENT) if row.status.poll_seconds else answer


def product_or_404(course_id: UUID) -> BillingProduct:
    product = get_object_or_404(BillingProduct.objects.select_related("course__owner"), course_id=course_id)
    status.prefetch(product)
    return product


def _form_sent(request: StaffRequest, product: BillingProduct) -> PriceChangeForm:
    """The form as sent. Numbers in JSON are not in any locale's format."""
    locale = UNKNOWN_LOCALE if sends_json(request) else None
    return PriceChangeForm.sent(fields_sent(request, PriceChangeForm.base_fields), product, locale=locale)


def _plan_line(form: PriceChangeForm) -> str:
    if not form.price_is_valid:
        return gettext("This cannot be saved yet: see the messages beside the fields.")
    if repricing.moved(form.product, form.price_spec, version=form["version"].value() or ""):
        return gettext("This price was changed elsewhere while you were writing. Saving shows both, and you choose.")
    on_sale = form.product.desired_status == Availability.PUBLISHED
    form.unusual_change = unusual_changes.find(
        form.product.price, form.price_spec, was_on_sale=on_sale, on_sale=on_sale
    )
    words = plan_line.for_price(form.product, form.price_spec)
    return f"{plan_line.asks()} {words}" if form.unusual_change else words


def _invalid(request: StaffRequest, form: PriceChangeForm) -> HttpResponse:
    """Nothing was saved; each error is beside its field."""
    if wants_json(request):
        return JsonResponse(form.errors_as_json(), status=422)
    return _editor(request, form, code=422)


def _editor(request: StaffRequest, form: PriceChangeForm, *, code: int = 200, **more: Any) -> HttpResponse:
    """The form with what was typed, and each error beside its field."""
    row = Row.of(form.product, PRICES.query(request.GET.dict()))
    wrong = next((bound.name for bound in form.visible_fields() if bound.errors), "price")
    form.fields[wrong].widget.attrs["autofocus"] = True
    plan = _plan_line(form) if form.is_bound else ""
    page = "billings/prices.html#edit_row" if request.htmx else "billings/price_edit.html"
    context = {"form": form, "row": row, "plan": plan, "reasons": repricing.last_reasons(request.user)}
    return render(request, page, context | more, status=code)


def _moved(request: StaffRequest, form: PriceChangeForm, moved: PriceMoved) -> HttpResponse:
    """Nothing was saved; both prices are shown, and saving once more chooses between them."""
    product = product_or_404(form.product.course_id)
    if wants_json(request):
        sides = {"yours": status.price_as_json(form.price_spec), "theirs": status.price_as_json(moved.theirs)}
        return JsonResponse({"conflicts": {"price": sides}, "version": repricing.token(product)}, status=409)
    again = PriceChangeForm.sent({**form.data, "version": repricing.token(product)}, product)
    conflict = {
        "yours": form.price_spec or gettext("Free"),
        "theirs": moved.theirs or gettext("Free"),
        "change": product.price_changes.select_related("actor").first(),
    }
    return _editor(request, again, code=409, conflict=conflict)


def _changed(request: StaffRequest, course_id: UUID, change: PriceChange | None) -> HttpResponse:
    row = Row.of(product_or_404(course_id), PRICES.query(request.GET.dict()))
    if wants_json(request):
        return JsonResponse(row_json(row.product))
    messages.add_message(request, *_message(row, change))
    if request.htmx:
        return watched(render(request, "billings/prices.html#changed", {"row": row, "focus": True}), row)
    return HttpResponseRedirect(row.query.url, status=303)


def _message(row: Row, change: PriceChange | None) -> tuple[int, str]:
    """The message's level and text: success only if Stripe holds the new price; otherwise says what it still sells."""
    facts = {"course": isolate(row.product.course.title), "price": row.product.price or gettext("free")}
    if change is None:
        return messages.INFO, gettext("Nothing to change: “%(course)s” was %(price)s already.") % facts
    match row.status.state:
        case "in_sync" | "free" | "archived":
            return messages.SUCCESS, gettext("“%(course)s” is %(price)s now.") % facts
        case "attention" | "drift":
            level, words = (
                messages.WARNING,
                _("“%(course)s” should be %(price)s, but that needs attention.") % facts,
            )
        case _:
            level, words = messages.INFO, gettext("“%(course)s” will be %(price)s as soon as Stripe follows.") % facts
    return level, f"{words} {row.status.still}." if row.status.still else words


def _listing_json(found: Listing) -> dict[str, Any]:
    return {"results": [row_json(product) for product in found.page], "count": found.count, "next": found.next_url}


def row_json(product: BillingProduct) -> dict[str, Any]:
    course: Any = product.course
    changed_at = product.price_changed_at
    return {
        "id": str(product.course_id),
        "title": course.title,
        "teacher": course.owner.email,
        "price": status.price_as_json(product.price),
        "billing": status.as_json(product),
        "url": reverse("courses:prices", args=[product.course_id]),
        "price_changed_at": changed_at.isoformat() if changed_at else None,
        "version": repricing.token(product),
    }
