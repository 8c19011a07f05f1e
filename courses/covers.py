"""Covers: a stranger's picture is judged, decoded once and written anew, so that only pixels are kept.

What is served later is therefore always a small WebP without the camera's place and time in it.
"""

from io import BytesIO
from typing import IO

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from courses.content import NewCover

MAX_BYTES = 5 * 1024 * 1024
# A few kilobytes can unpack to gigabytes. JPEG is decoded at a fraction of its size, the others in full.
MAX_PIXELS = {"JPEG": 60_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
MAX_SIDE = 1600
FORMATS = ("PNG", "JPEG", "WEBP")
ACCEPT = "image/png,image/jpeg,image/webp"


def read_cover(uploaded: "UploadedFile[bytes]") -> NewCover:
    """The picture as it will be kept. Raises ValidationError with the words for the teacher."""
    size = uploaded.size or 0
    if size > MAX_BYTES:
        raise ValidationError(
            _("This picture has %(size)s; the most is %(most)s."),
            code="too_large",
            params={"size": filesizeformat(size), "most": filesizeformat(MAX_BYTES)},
        )
    try:
        return NewCover(_encoded(uploaded))
    except ValidationError:
        raise
    except Exception:  # a decoder fed with nonsense fails in any way it likes
        raise ValidationError(_("This is not a PNG, JPEG or WebP picture that can be read."), code="invalid") from None


def _encoded(file: IO[bytes]) -> bytes:
    with Image.open(file, formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS[str(image.format)]:
            raise ValidationError(_("This picture has too many pixels; make it smaller first."), code="too_many_pixels")
        image.draft("RGB", (MAX_SIDE, MAX_SIDE))
        image.thumbnail((MAX_SIDE, MAX_SIDE))
        upright = ImageOps.exif_transpose(image)
        plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    kept = BytesIO()
    plain.save(kept, "WEBP", quality=82)
    return kept.getvalue()
