"""A middleware for the browser tests: reports how many database queries a response took."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

HEADER = "X-Queries"


class CountQueries:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        queries = 0

        def count(execute: Callable[..., Any], *query: Any) -> Any:
            nonlocal queries
            queries += 1
            return execute(*query)

        with connection.execute_wrapper(count):
            response = self.get_response(request)
        response[HEADER] = str(queries)
        return response
