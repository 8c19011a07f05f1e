"""The staff's price pages, as tests request them."""

from django.test import Client
from django.urls import reverse

from billings.tests.support.sold import Sold

JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/billing/prices/?q=water"}
PRICES = "/billing/prices/"


def address(page: str, sold: Sold) -> str:
    return reverse(f"billings:{page}", args=[sold.course.pk])


def titles(client: Client, query: str = "") -> list[str]:
    answer = client.get(PRICES + query, headers=JSON)
    return [row["title"] for row in answer.json()["results"]]
