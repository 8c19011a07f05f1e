"""Clients cannot choose the address by which they are counted, and no header causes an error."""

import pytest
from django.test import RequestFactory

from people.client_ip import client_ip

PROXY = "10.0.0.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, None, PROXY),
        (0, "198.51.100.7", PROXY),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "1.2.3.4, 198.51.100.7", "198.51.100.7"),  # what the client wrote stands first
        (2, "1.2.3.4, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (1, "198.51.100.7:49152", "198.51.100.7"),
        (1, "[2001:db8::7]:443", "2001:db8::7"),
        (1, "::ffff:198.51.100.7", "198.51.100.7"),
        (1, None, PROXY),
        (1, "", PROXY),
        (1, "unknown", PROXY),
        (1, ",,,", PROXY),
        (1, "1.2.3.4.5", PROXY),
        (1, "\x00\udcff, é", PROXY),
        (1, "fe80::1%" + "x" * 5000, "fe80::1"),
        (2, "198.51.100.7", PROXY),  # did not come through both
        (99, "1.1.1.1", PROXY),
    ],
)
def test_it_is_what_our_own_proxy_saw(settings, proxies, forwarded, expected):
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}

    assert client_ip(RequestFactory().get("/", REMOTE_ADDR=PROXY, **headers)) == expected


@pytest.mark.parametrize("peer", ["", "unix:", "/run/portal.sock"])
def test_a_peer_without_an_address_is_this_machine(peer):
    assert client_ip(RequestFactory().get("/", REMOTE_ADDR=peer)) == "127.0.0.1"


def test_two_ipv4_clients_of_a_server_that_listens_on_ipv6_are_two(settings):
    first, second = (RequestFactory().get("/", REMOTE_ADDR=f"::ffff:192.0.2.{number}") for number in (1, 2))

    assert client_ip(first) == "192.0.2.1"
    assert client_ip(second) == "192.0.2.2"
