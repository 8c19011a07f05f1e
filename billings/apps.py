from importlib import import_module

from django.apps import AppConfig


class BillingsConfig(AppConfig):
    name = "billings"

    def ready(self) -> None:
        # Loads the handlers, which register the types of events that they handle.
        import_module("billings.sync.event_handlers")
