"""From which address a request came. Limits count by it, so nobody may choose their own."""

from ipaddress import IPv6Address, ip_address

from allauth.core.internal.httpkit import clean_client_ip
from django.conf import settings
from django.http import HttpRequest

# A peer without an address came through a socket of this machine.
HERE = "127.0.0.1"


def client_address(request: HttpRequest) -> str:
    """The address that the outermost of our proxies saw (`TRUSTED_PROXY_COUNT`); the peer's where that is not known.

    Each proxy adds one entry to `X-Forwarded-For`, so that what a client wrote there itself stands before ours. Too
    short or unreadable, the header did not come through all of them, and is not believed.
    """
    proxies = settings.TRUSTED_PROXY_COUNT
    entries = request.headers.get("X-Forwarded-For", "").split(",")
    seen = _readable(entries[-proxies]) if 0 < proxies <= len(entries) else None
    return seen or _readable(request.META.get("REMOTE_ADDR", "")) or HERE


def _readable(text: str) -> str | None:
    """As it is always written; an IPv4 address that came as an IPv6 one is IPv4, else all of them would be one /64."""
    cleaned = clean_client_ip(text)
    if cleaned is None:
        return None
    address = ip_address(cleaned)
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address)))
    return str(address)
