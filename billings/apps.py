from importlib import import_module

from django.apps import AppConfig


class BillingsConfig(AppConfig):
    name = "billings"

    def ready(self) -> None:
        # The handlers register the types of Stripe's events that they handle, whoever asks for these types first.
        import_module("billings.sync.event_handlers")
