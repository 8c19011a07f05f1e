"""What gunicorn serves: `config.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

from web import search

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
# Once, before the workers part, and not in the first save of each.
search.prepare()
