"""Every URL of the portal, from the resolver, so that new ones are included automatically."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize


@dataclass(frozen=True, slots=True)
class Address:
    """One pattern: `route` as it was written, with every prefix, and the path with `%(argument)s` for each argument."""

    route: str
    path: str

    def url(self, arguments: Mapping[str, str]) -> str:
        return self.path % arguments


def addresses() -> Iterator[Address]:
    return _below(get_resolver(), "", "")


def _below(resolver: URLResolver, route: str, regex: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        here = route + str(entry.pattern), regex + entry.pattern.regex.pattern.removeprefix("^")
        if isinstance(entry, URLPattern):
            ((path, _arguments), *_others) = normalize(here[1])
            yield Address(here[0], f"/{path}")
        else:
            yield from _below(entry, *here)
