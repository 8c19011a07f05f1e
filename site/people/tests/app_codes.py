"""Codes of an authenticator app, and the password of all users in these tests."""

import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

PASSWORD = "eleven quiet evenings"


def code_of(secret: str, *, period: int = 0) -> str:
    """What an authenticator app shows, now or some periods of 30 seconds from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + period))
