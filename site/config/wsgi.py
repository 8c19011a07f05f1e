"""The WSGI application, `config.wsgi:application`. The production server wraps it in `config.asgi`."""

import os

from django.core.wsgi import get_wsgi_application

from web import search

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_wsgi_application()

from config.malformed_requests import ContentTypeApplication  # noqa: E402  needs the settings

application = ContentTypeApplication(_django)
# Loaded once, before the workers fork, and not in the first save of each.
search.prepare()
