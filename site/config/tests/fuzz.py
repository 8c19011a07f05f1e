"""Malformed requests: unusual bodies, fields, headers and queries, to every URL, by every kind of user.

    PYTHONPATH=site python -m config.tests.fuzz [--requests N] [--seed S]

No answer may be a 5xx, whatever was sent. It prints what it counted, and ends with status 1 if one was. The same seed
sends the same requests. They go through every middleware and view, but for the web server itself; see test_fuzz.py.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlencode
from uuid import UUID

from tools.environments import environment, files_in

if TYPE_CHECKING:
    from config.tests.scenario import Scenario

METHODS = ("GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
# The fields and query parameters that some address or other reads.
NAMES = (
    "title", "summary", "description", "subject", "level", "language", "cover", "remove_cover", "price", "currency",
    "billing_interval", "version", "publish", "confirm", "price_reading", "keep_price", "keep_title",
    "told_publish", "told_save", "reason", "shown", "next", "count", "row", "q", "status", "billing", "sort",
    "page", "cause", "after", "watch", "drifts", "email", "password", "password1", "password2", "oldpassword",
    "login", "remember", "action_add", "action_remove", "action_primary", "action_send", "action",
    "_selected_action", "o", "p", "e", "all", "_popup", "_to_field", "_changelist_filters", "is_staff__exact",
    "id__exact", "app_label", "model_name", "field_name", "term", "username", "usable_password", "permissions",
    "groups", "is_active", "date_joined_0", "date_joined_1", "worker", "csrfmiddlewaretoken", "code",
)  # fmt: skip
TEXTS = (
    "", " ", "0", "-1", "49.00", "1e400", "NaN", "Infinity", "９９", "٤٩", "9" * 5000, "49,00", "true", "None", "[]",
    "http://[", "http://%5B", "//[::1", "http://℀.example/", "javascript:alert(1)", "/\\evil.example", "http://a:b/",
    "\0", "a\0b", "\x7f", "\u202eexe", "\ufeff", "\ud7ff\uffff", "💧" * 300, "é" * 2000, "x" * 21_000, "(" * 999,
    "<script>", "{{ 7 }}", "%(n)d", "%s", "'\"--", "../../etc/passwd", "yes", "usd", "month", "draft", "teacher",
    "teacher@example.com", "x@" + "y" * 300, "2026-13-45", "00000000-0000-0000-0000-000000000000", "1", "10" * 11,
)  # fmt: skip
CHARSETS = ("utf-8", "UTF8", "iso-8859-1", "utf-16", "hex", "idna", "rot13", "undefined", "punycode", "base64", "?", "")
ARGUMENTS = defaultdict(lambda: "9" * 30, course_id=str(UUID(int=7)), object_id="%C3%A9_5B[%00%22", key="MQ:x:-")
TOKEN = "x" * 32
FORM = "application/x-www-form-urlencoded"
TYPES = (
    FORM, "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=é", "text/plain",
    'multipart/form-data; boundary="', "multipart/mixed; boundary=x", "application/json", "application/xml", ";", "",
    "application/json; charset", f"{FORM}; charset*=utf-8''%ff", "multipart/form-data; boundary=" + "x" * 300,
)  # fmt: skip
ACCEPTED = (
    "text/html", "application/json", "*/*", "", ",", ";q=", "application/json;q=x", "a/b;q=9e999", "text/html;q=NaN",
    "é", "text/*;level=1;q=0", "json", "text/html," * 400,
)  # fmt: skip
HEADERS = {
    "Accept": ACCEPTED,
    "Accept-Language": ("de", "xx-" + "y" * 600, "en;q=x", "*", "é,\0", "de-DE-" * 50),
    "Accept-Encoding": ("gzip", "br;q=x", "identity;q=0", "é"),
    "Origin": ("null", "http://[", "http://testserver", "é", "http://testserver:99999999"),
    "Referer": ("http://[", "http://testserver/", "http://testserver/\xe9", "//[::1", "http://testserver:x/", "\0"),
    "HX-Request": ("true", "false", "é"),
    "HX-Current-URL": ("http://[", "http://testserver/billing/prices/?q=%ff&page=9", "//[::1", "http://℀/", "é", "x:["),
    "HX-Current-URL-URI-AutoEncoded": ("true",),
    "HX-Target": ("status", "editor", "sync", "row-1", "é", "#", ""),
    "HX-Boosted": ("true",),
    "HX-History-Restore-Request": ("true",),
    "HX-Trigger": ("é",),
    "X-Requested-With": ("XMLHttpRequest",),
    "X-Written-By": ("1", "x", "é"),
    "X-CSRFToken": ("", "é", "x" * 32, "x" * 64, "\0"),
    "X-Forwarded-For": ("1.2.3.4", "é", "x" * 900, "::1, [", "1.2.3.4:x", ","),
    "X-Forwarded-Proto": ("https", "é"),
    "X-Forwarded-Host": ("[", "evil.example"),
    "Host": ("[", "testserver:x", "", "evil.example", "[::1", "testserver:99999", "é"),
    "If-Modified-Since": ("yesterday", "Thu, 99 Nov 2026 00:00:00 GMT", "é", "Thu, 26 Nov 99999999 00:00:00 GMT"),
    "If-None-Match": ("*", '"', "é"),
    "Range": ("bytes=9-1", "bytes=x", "é"),
    "Content-Encoding": ("gzip", "é"),
    "Expect": ("100-continue", "x"),
    "Cookie": (
        "sessionid=é",
        "sessionid=" + "x" * 5000,
        "csrftoken=\0",
        "courses_list=1.page=%ff",
        "=;;=",
        "messages=x",
    ),
    "Stripe-Signature": ("", "t=,v1=", "t=9e9,v1=é", "t=1,v1=x", f"t={'9' * 5000},v1=00"),
    "Authorization": ("Bearer é", "Basic ====", "x"),
    "Upgrade": ("websocket",),
}


@dataclass(frozen=True, slots=True)
class Odd:
    """One request; `who` sends it."""

    who: str
    method: str
    url: str
    body: bytes
    content_type: str
    headers: dict[str, str]


@dataclass
class Fuzz:
    scenario: "Scenario"
    seed: int
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    cookies: dict[str, str] = field(default_factory=dict)
    why: str = ""

    def run(self, requests: int) -> None:
        from django.core.signals import got_request_exception

        got_request_exception.connect(self.note)
        choose, routes = random.Random(self.seed), list(self.urls())
        for _ in range(requests):
            self.send(self.request(choose, choose.choice(routes)))

    def note(self, **_: object) -> None:
        """Why Django is about to answer 500."""
        self.why = traceback.format_exc()

    def send(self, odd: Odd) -> None:
        self.why = ""
        try:
            status = self.answer(odd)
        except Exception:  # no page even, but the web server's own words
            status, self.why = 500, traceback.format_exc()
        self.statuses[status] += 1
        # Without a worker that is what it is for.
        if status >= 500 and not (status == 503 and odd.url.startswith("/readyz")):
            self.failures.append(f"{status} {odd}\n{self.why}")

    def answer(self, odd: Odd) -> int:
        """The status of what the web server would be given."""
        from config.wsgi import application

        path, _mark, query = odd.url.partition("?")
        environ = {
            "REQUEST_METHOD": odd.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": odd.content_type,
            "CONTENT_LENGTH": str(len(odd.body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(odd.body),
            "wsgi.errors": sys.stderr,
            "HTTP_HOST": "testserver",
            "HTTP_COOKIE": self.cookie(odd.who),
            "HTTP_X_CSRFTOKEN": TOKEN,
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in odd.headers.items()},
        }
        said: list[tuple[str, list[tuple[str, str]]]] = []
        body = application(environ, lambda status, headers, _exc=None: said.append((status, headers)))
        list(body)
        getattr(body, "close", lambda: None)()
        ((status, headers),) = said
        if any(name == "Set-Cookie" and "sessionid=" in value for name, value in headers):
            del self.cookies[odd.who]  # they came or went
        return int(status[:3])

    def cookie(self, who: str) -> str:
        if who not in self.cookies:
            session = self.scenario.client(who).cookies.get("sessionid")
            self.cookies[who] = f"csrftoken={TOKEN}" + (f"; sessionid={session.value}" if session else "")
        return self.cookies[who]

    def urls(self) -> Iterator[list[str]]:
        """Every address, with what is there, and with what is not."""
        from config.tests.urls_under_test import addresses

        for address in addresses():
            yield [address.url(self.scenario.arguments), address.url(ARGUMENTS)]

    def request(self, choose: random.Random, urls: list[str]) -> Odd:
        query = self.query(choose) if choose.random() < 0.6 else ""
        content_type, body = self.body(choose)
        headers = {
            name: choose.choice(values) for name, values in HEADERS.items() if choose.random() < 1.5 / len(HEADERS)
        }
        if "json" in content_type and choose.random() < 0.5:
            headers["Accept"] = "application/json"
        who = choose.choice(tuple(self.scenario.people))
        return Odd(who, choose.choice(METHODS), choose.choice(urls) + query, body, content_type, headers)

    def query(self, choose: random.Random) -> str:
        if choose.random() < 0.1:
            return "?" + choose.choice(
                ("%ff", "&&&", "=", "a=%", "q=%00", "row=" + "x" * 9000, "a=1&" * 1200, "q=\xe9")
            )
        return "?" + urlencode(self.fields(choose), errors="replace")

    def fields(self, choose: random.Random) -> dict[str, str]:
        return {choose.choice(NAMES): choose.choice(TEXTS) for _ in range(choose.randint(1, 6))}

    def body(self, choose: random.Random) -> tuple[str, bytes]:
        """A content type, and a body that may be what it says."""
        kind = choose.choice((0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 4))
        fields = self.fields(choose)
        charset = f"; charset={choose.choice(CHARSETS)}" if choose.random() < 0.1 else ""
        match kind:
            case 0:
                return FORM + charset, urlencode(fields, errors="replace").encode()
            case 1:
                return "application/json" + charset, self.json(choose, fields)
            case 2:
                return f"multipart/form-data; boundary=SEAM{charset}", self.multipart(choose, fields)
            case 3:
                return choose.choice(TYPES) + charset, self.multipart(choose, fields)
        return choose.choice(TYPES) + charset, choose.choice(
            (
                b"",
                b"\xff\xfe",
                b"title=%ff&price=\xff",
                b"a=1&" * 1200,
                b"a=" + b"x" * 2_600_000,
                b"--SEAM--",
                b"\0" * 99,
            )
        )

    def json(self, choose: random.Random, fields: dict[str, str]) -> bytes:
        odd = choose.choice(
            (
                b"", b"[]", b"null", b"1", b'"', b"{", b"\xef\xbb\xbf{}", b"\xff", b"[" * 90_000, b'{"a":' * 90_000,
                '{"title": "x"}'.encode("utf-16"), b'{"title": "\\ud800"}', b'{"\\ud800": "x"}', b'{"price": 1e999}',
                b'{"price": NaN}', b'{"title": "\\u0000"}', b'{"price": ' + b"9" * 5000 + b"}",
                b'{"title": 1, "title": 2}',
                b'{"price": {"amount": {"amount": 1}}}', b'{"price": {"title": "x", "amount": "1"}}', b'{"shown": {}}',
                b'{"version": "\\udfff"}', b'{"shown": "\\udfff"}', b'{"reason": "\\udfff", "price": "49"}',
            )
        )  # fmt: skip
        if choose.random() < 0.4:
            return odd
        values: dict[str, Any] = {
            name: choose.choice((value, True, None, 7, 4.5, [value], {"amount": value}))
            for name, value in fields.items()
        }
        return json.dumps(values).encode()

    def multipart(self, choose: random.Random, fields: dict[str, str]) -> bytes:
        parts = [
            b'Content-Disposition: form-data; name="%b"\r\n\r\n%b' % (n.encode(), v.encode()) for n, v in fields.items()
        ]
        parts.append(
            choose.choice(
                (
                    b'Content-Disposition: form-data; name="cover"; filename="a.png"\r\nContent-Type: x\r\n\r\n',
                    b'Content-Disposition: form-data; name="cover"; filename="\xff\0"\r\n\r\n',
                    b"Content-Disposition: form-data; name*=hex''title\r\n\r\nx",
                    b"Content-Disposition: form-data; name=title; filename*=x''\r\n\r\nx",
                    b'Content-Disposition: form-data; name="title"\r\nContent-Type: text/plain; charset=hex\r\n\r\nx',
                    b'Content-Disposition: form-data; name="title"\r\nContent-Transfer-Encoding: base64\r\n\r\n*',
                    b'Content-Disposition: form-data; name="\xff"\r\n\r\n\xff',
                    b"Content-Disposition: form-data\r\n\r\n",
                    b"no header at all",
                )
            )
        )
        return b"".join(b"--SEAM\r\n%b\r\n" % part for part in parts) + choose.choice(
            (b"--SEAM--\r\n",) * 5 + (b"--SEAM--", b"")
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        _use_settings_for(Path(folder))
        from django.core.management import call_command
        from django.test.utils import setup_test_environment

        from config.tests.scenario import Scenario

        setup_test_environment()  # mails stay here
        call_command("migrate", verbosity=0)
        fuzz = Fuzz(Scenario.make(), options.seed)
        fuzz.run(options.requests)
    print(f"{options.requests} requests:", ", ".join(f"{n} × {status}" for status, n in sorted(fuzz.statuses.items())))
    print("\n".join(fuzz.failures) or "No 5xx.")
    return 1 if fuzz.failures else 0


def _use_settings_for(folder: Path) -> None:
    os.environ.update(environment("tests", **files_in(folder), STRIPE_INLINE_BUDGET_SECONDS="0"))
    import logging

    import django
    from django.conf import settings

    django.setup()
    logging.disable(logging.CRITICAL)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"


if __name__ == "__main__":
    sys.exit(main())
