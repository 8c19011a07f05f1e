"""The IP address a request came from. Rate limits count by it, so clients must not be able to choose it."""

from ipaddress import IPv6Address, ip_address

from allauth.core.internal.httpkit import clean_client_ip
from django.conf import settings
from django.http import HttpRequest

# A peer without an address connected through a local socket.
HERE = "127.0.0.1"


def client_ip(request: HttpRequest) -> str:
    """The address that the outermost of our proxies saw (`TRUSTED_PROXY_COUNT`), or the peer's if there is none.

    Each proxy appends one entry to `X-Forwarded-For`, so entries before ours are the client's own. A header that is too
    short or unreadable did not come through all proxies and is ignored.
    """
    proxies = settings.TRUSTED_PROXY_COUNT
    entries = request.headers.get("X-Forwarded-For", "").split(",")
    seen = _readable(entries[-proxies]) if 0 < proxies <= len(entries) else None
    return seen or _readable(request.META.get("REMOTE_ADDR", "")) or HERE


def _readable(text: str) -> str | None:
    """Normalised; an IPv4-mapped address becomes IPv4, since they would all share one /64."""
    cleaned = clean_client_ip(text)
    if cleaned is None:
        return None
    address = ip_address(cleaned)
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address)))
    return str(address)
