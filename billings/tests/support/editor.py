"""A teacher who edits one course by JSON through the real views; and the teacher's actions, as values."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client

type Course = dict[str, Any]
type Operation = Callable[["Editor"], object]


@dataclass
class Editor:
    """A teacher at one course, speaking JSON."""

    client: Client
    url: str = ""
    id: str = ""

    def send(self, path: str, **fields: str) -> Course:
        answer = self.client.post(
            path, json.dumps(fields), content_type="application/json", headers={"Accept": "application/json"}
        )
        assert answer.status_code in (200, 201), answer.content
        course: Course = answer.json()
        self.id = course["id"]
        return course

    def read(self) -> Course:
        course: Course = self.client.get(self.url, headers={"Accept": "application/json"}).json()
        return course

    def create(self, **fields: str) -> None:
        made = self.send(
            "/courses/", **({"title": "Watercolour", "summary": "For beginners", "currency": "usd"} | fields)
        )
        self.url = str(made["url"])

    def save(self, **fields: str) -> Course:
        """Whatever the price becomes, it is meant."""
        return self.send(self.url, version=self.read()["version"], confirm="true", **fields)

    def press(self, button: str, **fields: str) -> Course:
        return self.send(f"{self.url}{button}/", version=self.read()["version"], **fields)


def draft(**fields: str) -> Operation:
    return lambda editor: editor.create(**fields)


def save(**fields: str) -> Operation:
    return lambda editor: editor.save(**fields)


def press(button: str, **fields: str) -> Operation:
    return lambda editor: editor.press(button, **fields)


PRICED = draft(price="49")
FREE = draft(price="")
PUBLISH = press("publish")
