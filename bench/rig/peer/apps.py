from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig


class PeerConfig(AppConfig):
    name = "peer"

    def ready(self) -> None:
        """The account has no connected ones, which the sandbox does not list: here is Stripe's answer to that."""
        from djstripe.models import Account

        def no_others(**asked: Any) -> Iterator[Any]:
            return iter(())

        Account.api_list = no_others
