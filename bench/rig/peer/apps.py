from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig


class PeerConfig(AppConfig):
    name = "peer"

    def ready(self) -> None:
        """The account has no connected ones, and the sandbox does not list any: this is Stripe's response."""
        from djstripe.models import Account

        def no_others(**asked: Any) -> Iterator[Any]:
            return iter(())

        Account.api_list = no_others
