"""Names for the two kinds of data that pass through every module."""

from typing import Any

type Json = dict[str, Any]
"""A Stripe object, a request's parameters or a control body, as JSON has them."""
