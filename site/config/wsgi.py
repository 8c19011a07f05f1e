"""The portal for servers that speak WSGI: `config.wsgi:application`. What serves it has `config.asgi` before it."""

import os

from django.core.wsgi import get_wsgi_application

from web import search

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_wsgi_application()

from config.readable_requests import ReadableApplication  # noqa: E402  needs the settings

application = ReadableApplication(_django)
# Once, before the workers part, and not in the first save of each.
search.prepare()
