"""Mails as they leave the portal: their links lead to `SITE_URL`, and on the console they are printed as people read.

The Host header is whatever its sender wrote, so no link may be made from it.
"""

import email.policy
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends import console

# Python's own policy folds at 78 characters, as quoted-printable: a link would come in two lines with "=" between them.
WHOLE_LINES = email.policy.default.clone(max_line_length=998)


def on_our_site(url: str) -> str:
    """The same page at `SITE_URL`, whichever host `url` names."""
    ours = urlsplit(settings.SITE_URL)
    return urlsplit(url)._replace(scheme=ours.scheme, netloc=ours.netloc).geturl()


class ConsoleBackend(console.EmailBackend):
    """Django's, with every line of the text whole."""

    def write_message(self, message: EmailMessage) -> None:
        text = message.message(policy=WHOLE_LINES).as_bytes(policy=WHOLE_LINES).decode()
        self.stream.write(f"{text}\n{'-' * 79}\n")
