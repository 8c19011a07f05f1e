"""The static files, served by the portal itself."""

from pathlib import Path
from typing import Any

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise ships no types
    def add_file_to_dictionary(self, url: str, path: str, stat_cache: Any = None) -> None:
        """All but the manifest, which is for the portal and not for whoever looks for old versions."""
        if Path(path).name != ManifestStaticFilesStorage.manifest_name:
            super().add_file_to_dictionary(url, path, stat_cache=stat_cache)
