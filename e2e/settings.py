"""The portal's own settings; each response additionally says how many queries it took."""

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE

MIDDLEWARE = ["e2e.queries.CountQueries", *MIDDLEWARE]
