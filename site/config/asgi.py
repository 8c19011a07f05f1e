"""What gunicorn serves: `config.asgi:application`, the portal behind its front."""

from config.front import Front
from config.wsgi import application as portal

application = Front(portal)
