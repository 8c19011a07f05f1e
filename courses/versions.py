"""Two people, one course: the version a form was made from, and merging if the course has changed since.

A version is an opaque, signed token with a short digest of each field as it was when the form was made. There is no
timestamp in it: a change that was undone, or that concerns none of the form's fields, is no conflict.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal
from uuid import UUID, uuid4

from django.core.signing import BadSignature, Signer

from billings.money import PriceSpec
from courses.content import Content, NewCover, field_names

type Digests = Mapping[str, str]
type Fate = Literal["same", "changed", "came_in", "conflict"]


@dataclass(frozen=True, slots=True)
class Edit:
    """What a form asks for: its content, which fields it sent, and the version it was made from (None: unknown)."""

    content: Content
    given: frozenset[str]
    base: Digests | None
    confirm: str = ""  # confirms an unusual price; see billings.prices.unusual_changes
    told: str | None = None  # the price that the pressed button's text named; None: not from a page


@dataclass(frozen=True, slots=True)
class Merge:
    """`content` is what to save; `changed` by the form, `came_in` from elsewhere, `conflicts` by both."""

    content: Content
    changed: tuple[str, ...] = ()
    came_in: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def merge(edit: Edit, theirs: Content) -> Merge:
    """Field by field: a change on one side wins; different changes on both sides are left for people to decide.

    An edit without a version conflicts in every field it would change.
    """
    fates = {name: _fate(name, edit, theirs.value(name)) for name in field_names()}

    def having(fate: Fate) -> tuple[str, ...]:
        return tuple(name for name in fates if fates[name] == fate)

    return Merge(
        theirs.taking(having("changed"), edit.content), having("changed"), having("came_in"), having("conflict")
    )


def _fate(name: str, edit: Edit, present: Any) -> Fate:
    wanted = edit.content.value(name)
    if edit.base is None:
        return "same" if name not in edit.given or wanted == present else "conflict"
    made_from = edit.base.get(name)
    moved = made_from != digest(present)
    touched = name in edit.given and made_from != digest(wanted)
    if not touched:
        return "came_in" if moved else "same"
    if wanted == present:
        return "same"
    return "conflict" if moved else "changed"


def digest(value: Any) -> str:
    """48 bits: enough to notice that a field has changed."""
    return urlsafe_b64encode(blake2b(_canonical(value), digest_size=6).digest()).decode()


def digests(content: Content) -> dict[str, str]:
    return {name: digest(content.value(name)) for name in field_names()}


def token(course_id: UUID, content: Content) -> str:
    """The version of a course, carried by a form and sent back with it."""
    return _signer().sign_object({"course": course_id.hex, "fields": digests(content)})


def read(text: str, course_id: UUID) -> Digests | None:
    """The digests in a token issued for this course; None for any other text."""
    try:
        found = _signer().unsign_object(text)
    except (BadSignature, ValueError):
        return None
    if found.get("course") != course_id.hex:
        return None
    fields: dict[str, str] = found["fields"]
    return fields


def read_mixed(text: str, course_id: UUID, older: Mapping[str, str]) -> Digests | None:
    """As `read`, for a form some of whose fields were made from older versions, given in `older`.

    An older version that cannot be read makes its field conflict, unless the value is the current one already.
    """
    base = read(text, course_id)
    if base is None:
        return None
    return {**base, **{name: (read(token, course_id) or {}).get(name, "") for name, token in older.items()}}


def fresh_token(writer: int | None = None) -> str:
    """The version of an empty form: the id of the course it will create, so that sending it twice creates one."""
    return _signer().sign_object({"new": uuid4().hex, "by": writer})


def written_by(text: str) -> int | None:
    """The user an empty form with this version was made for; None for any other text."""
    try:
        writer: int | None = _signer().unsign_object(text).get("by")
    except (BadSignature, ValueError):
        return None
    return writer


def read_fresh(text: str) -> UUID | None:
    """The course id in an empty form's version; None for any other text."""
    try:
        found = _signer().unsign_object(text)
        return UUID(found["new"])
    except (BadSignature, KeyError, ValueError):
        return None


def _signer() -> Signer:
    return Signer(salt="courses.versions")


def _canonical(value: Any) -> bytes:
    match value:
        case NewCover():
            return b"new" + value.data
        case PriceSpec():
            return json.dumps([value.unit_amount, value.currency, value.interval]).encode()
        case None:
            return b"null"
        case _:
            return json.dumps(value).encode()
