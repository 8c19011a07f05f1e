"""Pictures for tests, made on the spot."""

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def picture(
    kind: str = "PNG", size: tuple[int, int] = (8, 6), *, name: str = "", mode: str = "RGB", **options: Any
) -> SimpleUploadedFile:
    kept = BytesIO()
    Image.new(mode, size, "teal" if mode != "1" else 1).save(kept, kind, **options)
    return SimpleUploadedFile(name or f"picture.{kind.lower()}", kept.getvalue())
