"""Outgoing email: links lead to `SITE_URL`, and the console backend prints messages as people read them.

A client controls the Host header, so no link may be built from it.
"""

import email.policy
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends import console

# Python's default policy folds lines at 78 characters as quoted-printable, which would break links with a "=".
WHOLE_LINES = email.policy.default.clone(max_line_length=998)


def on_our_site(url: str) -> str:
    """The same page at `SITE_URL`, whichever host `url` names."""
    ours = urlsplit(settings.SITE_URL)
    return urlsplit(url)._replace(scheme=ours.scheme, netloc=ours.netloc).geturl()


class ConsoleBackend(console.EmailBackend):
    """Django's, without folding lines."""

    def write_message(self, message: EmailMessage) -> None:
        text = message.message(policy=WHOLE_LINES).as_bytes(policy=WHOLE_LINES).decode()
        self.stream.write(f"{text}\n{'-' * 79}\n")
