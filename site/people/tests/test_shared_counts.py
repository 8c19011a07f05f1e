"""Rate limits are counted in one place for all processes: the database, or a Redis."""

import secrets
import socket
import sys
from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.test import Client

from tools.processes import run

REDIS = ("127.0.0.1", 6379)
COUNT = """
import django; django.setup()
from django.conf import settings
from django.core.cache import caches
caches["default"].key_prefix = {prefix!r}
from allauth.core.internal import ratelimit
from django.test import RequestFactory
request = RequestFactory().post("/accounts/login/")
print(sum(bool(ratelimit.consume(request, app="allauth.account", action="login_failed", key="anna")) for _ in range(3)))
"""


@pytest.fixture
def redis(settings) -> Iterator[str]:
    """A part of its own of the Redis of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(REDIS):
            pytest.skip("no Redis answers at 127.0.0.1:6379")
    prefix = f"portal-tests-{secrets.token_hex(4)}"
    address = f"redis://{REDIS[0]}:{REDIS[1]}/0"
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": address,
            "KEY_PREFIX": prefix,
            "TIMEOUT": 60,
        }
    }
    yield prefix
    client = caches["default"]._cache.get_client(write=True)
    for key in client.scan_iter(f"{prefix}:*"):
        client.delete(key)
    caches["default"].close()


@pytest.mark.processes
def test_two_processes_count_together_in_redis(redis, monkeypatch):
    monkeypatch.setenv("CACHE_URL", f"redis://{REDIS[0]}:{REDIS[1]}/0")
    monkeypatch.setenv("PYTHONPATH", "site")
    program = [sys.executable, "-c", COUNT.format(prefix=redis)]
    seen = [run(program).stdout for _ in range(2)]

    assert [int(count) for count in seen] == [3, 2]


def test_guessing_is_slowed_down_in_redis_as_well(redis, teacher, sign_in):
    assert [sign_in(password="wrong").status_code for _ in range(6)] == [200] * 5 + [429]
    assert int(sign_in().headers["Retry-After"]) <= 300


def test_a_redis_that_does_not_answer_is_no_error_of_ours(settings, teacher, sign_in):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    }
    answer = sign_in(client=Client(raise_request_exception=False))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
