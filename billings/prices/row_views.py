"""Endpoints of single rows in the staff's list: their status, all in one response; and retries."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from billings.prices import row_polling
from billings.prices.listing import PRICES, listed, to_retry
from billings.prices.row_polling import PolledRow
from billings.prices.views import Row, by_button, product_or_404, row_answer, row_json, vary
from billings.sync import desired
from web.access import StaffRequest, price_managers_only, wants_json
from web.bidi import isolate
from web.bodies import fields_sent, reports_unreadable_body
from web.list_query import ListQuery


@require_safe
@vary
@price_managers_only
def statuses(request: StaffRequest) -> HttpResponse:
    """The pending rows that the page names: those that have changed, and when to poll again."""
    if not request.htmx:
        return redirect("billings:prices")
    sent = row_polling.sent(request.GET.getlist(row_polling.PARAM))
    rows = [Row.of(product, PRICES.query()) for product in (listed(sent) if sent else [])]
    changed = [row for row in rows if row.mark != sent[row.product.course_id]]
    context = {
        "changed": changed,
        "watch_seconds": row_polling.seconds(PolledRow(row.product, row.status) for row in rows),
        "news": row_polling.news([(row.product.course.title, row.status) for row in changed]),
    }
    return render(request, "billings/prices.html#watched", context)


@by_button
@vary
@price_managers_only
def retry(request: StaffRequest, course_id: UUID) -> HttpResponse:
    """Retry one course now, including what Stripe rejected before."""
    product = product_or_404(course_id)
    desired.retry(product)
    row = Row.of(product_or_404(course_id), PRICES.query(request.GET.dict()))
    if wants_json(request):
        return JsonResponse(row_json(row.product))
    messages.add_message(request, *_tried(row))
    if request.htmx:
        return row_answer(request, course_id)
    return HttpResponseRedirect(_way_back(request, row.query.url), status=303)


def _tried(row: Row) -> tuple[int, str]:
    facts = {"course": isolate(row.product.course.title), "status": row.status.label.rstrip("…")}
    words = _("Asked Stripe again for “%(course)s”: %(status)s.") % facts
    if row.status.state in ("attention", "drift"):
        return messages.WARNING, words
    return messages.INFO if row.status.poll_seconds else messages.SUCCESS, words


@require_POST
@vary
@price_managers_only
@reports_unreadable_body
def retry_all(request: StaffRequest) -> HttpResponse:
    """Have the workers retry every course that matches; `count` is the number the user was shown."""
    query = PRICES.query(request.GET.dict())
    products = to_retry(query)
    shown = fields_sent(request, {"count"}).get("count", "")
    if shown.isdecimal() and (now := products.count()) > int(shown[:9]):
        words = _("There are %(n)d of them by now. Nothing was done: look again, then decide.") % {"n": now}
        return _retried(request, query, words, 409, messages.WARNING)
    count = desired.retry_all(products)
    text = ngettext("%(n)d course is tried again.", "%(n)d courses are tried again, one after another.", count)
    return _retried(request, query, text % {"n": count}, 200, messages.INFO, count)


def _retried(
    request: StaffRequest, query: ListQuery, words: str, code: int, level: int, count: int | None = None
) -> HttpResponse:
    if wants_json(request):
        body = {"errors": {"__all__": [words]}} if count is None else {"retried": count}
        return JsonResponse(body, status=code)
    messages.add_message(request, level, words)
    return HttpResponseRedirect(query.url, status=303)


def _way_back(request: StaffRequest, otherwise: str) -> str:
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else otherwise
