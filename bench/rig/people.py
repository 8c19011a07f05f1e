"""A signed-in user of the portal, by JSON or requesting pages like a browser."""

import re
from dataclasses import dataclass
from typing import Any

import requests

from rig.report import must

PASSWORD = "course-demo"


@dataclass(frozen=True)
class Person:
    url: str
    session: requests.Session

    @classmethod
    def sign_in(cls, url: str, name: str) -> "Person":
        session = requests.Session()
        page = session.get(f"{url}/accounts/login/", timeout=60).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        must(token, "the sign-in page has no form")
        assert token
        fields = {"login": f"{name}@example.com", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        answer = session.post(f"{url}/accounts/login/", fields, timeout=60)
        must(answer.ok and "sessionid" in session.cookies, f"{name} could not sign in: {answer.status_code}")
        return cls(url, session)

    def read(self, path: str) -> dict[str, Any]:
        answer = self.session.get(f"{self.url}{path}", headers={"Accept": "application/json"}, timeout=60)
        must(answer.ok, f"GET {path} was answered {answer.status_code}")
        course: dict[str, Any] = answer.json()
        return course

    def send(self, path: str, **fields: str) -> dict[str, Any]:
        """A save; returns the course."""
        headers = {"Accept": "application/json", "X-CSRFToken": self.session.cookies["csrftoken"]}
        answer = self.session.post(f"{self.url}{path}", json=fields, headers=headers, timeout=120)
        must(answer.ok, f"POST {path} was answered {answer.status_code}: {answer.text[:500]}")
        course: dict[str, Any] = answer.json()
        return course

    def request_for(self, path: str) -> bytes:
        """The request of this person's browser for a page."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies)
        return (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\nAccept-Encoding: gzip\r\n"
            f"Cookie: {cookies}\r\n\r\n"
        ).encode()
