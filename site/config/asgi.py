"""What gunicorn serves: `config.asgi:application`, the WSGI portal behind a buffering adapter."""

from config.asgi_to_wsgi import AsgiToWsgi
from config.wsgi import application as portal

application = AsgiToWsgi(portal)
