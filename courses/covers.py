"""Covers: an uploaded picture is validated, decoded once and encoded again, so that only pixels are kept.

What is served later is therefore always a small WebP without the camera's place and time in it, which looks as browsers
show the file itself. A few kilobytes can unpack to gigabytes: what a picture would take is reckoned from its header
(`decoding`), and one is read after the other.
"""

import hashlib
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import SEEK_END, BytesIO
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image

from courses import decoding
from courses.colour_profiles import profile_of, to_srgb
from courses.content import NewCover

MAX_BYTES = 5 * 1024 * 1024
MAX_SIDE = 1600
# Of a process's threads one reads a picture and another one may wait to do so: the others are for pages.
_PLACES = threading.BoundedSemaphore(2)
_TURN = threading.Lock()
LONGEST_WAIT = 10.0  # seconds
# A drawing in few colours is kept exactly, unless that takes more room than a photograph.
MAX_EXACT_BYTES = 200_000
FORMATS = ("PNG", "JPEG", "WEBP", "MPO")
ACCEPT = "image/png,image/jpeg,image/webp"
ORIENTATION, TIFF_SHORT = 0x0112, 3
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
END_OF_JPEG = b"\xff\xd9"
# The form of a PNG's samples, as Pillow names it: how their one transparent value (`tRNS`) becomes one of 8 bits.
TRANSPARENT_SAMPLES: Mapping[str, Callable[[int], int]] = {
    "L;2": lambda value: value * 85,
    "L;4": lambda value: value * 17,
    "RGB;16B": lambda value: value >> 8,
}


class _Damaged(Exception):
    """It begins like a picture, and then its pixels cannot be read to the end."""


def read_cover(uploaded: "UploadedFile[bytes]") -> NewCover:
    """The picture as it will be kept. Raises ValidationError with the words for the teacher."""
    size = uploaded.size or 0
    if size > MAX_BYTES:
        raise ValidationError(
            _("This picture has %(size)s; the most is %(most)s."),
            code="too_large",
            params={"size": filesizeformat(size), "most": filesizeformat(MAX_BYTES)},
        )
    with _in_turn():
        return _read_whatever_it_is(uploaded)


@contextmanager
def _in_turn() -> Iterator[None]:
    """One picture at a time. Raises ValidationError where others wait already."""
    busy = ValidationError(
        _("Other pictures are being read at this moment. Choose yours again, and save once more."), code="busy"
    )
    if not _PLACES.acquire(blocking=False):
        raise busy
    try:
        if not _TURN.acquire(timeout=LONGEST_WAIT):
            raise busy
        try:
            yield
        finally:
            _TURN.release()
    finally:
        _PLACES.release()


def _read_whatever_it_is(uploaded: "UploadedFile[bytes]") -> NewCover:
    try:
        return _read(uploaded)
    except ValidationError:
        raise
    except (decoding.TooLarge, decoding.TooLong) as too_large:
        raise ValidationError(str(too_large), code="too_many_pixels") from None
    except Image.DecompressionBombError:
        raise ValidationError(
            _("This picture has too many pixels; make it smaller first."), "too_many_pixels"
        ) from None
    except _Damaged:
        raise ValidationError(
            _("This picture is damaged or cut off: a part of it is missing. Save or export it again."), code="damaged"
        ) from None
    except Exception:  # a decoder fed with nonsense fails in any way it likes
        raise ValidationError(_("This is not a PNG, JPEG or WebP picture that can be read."), code="invalid") from None


def _read(file: IO[bytes]) -> NewCover:
    pixels, animated = _upright(file)  # what was decoded is gone by the time that is encoded again
    return NewCover(_encoded(pixels), animated=animated)


def _upright(file: IO[bytes]) -> tuple[Image.Image, bool]:
    """Small enough, in sRGB, the right way up; and whether it moved."""
    image = _opened(file)
    profile, orientation, animated = profile_of(image), _orientation(image), _is_animated(image)
    _scale_transparent_sample(image)
    try:
        image = _first_frame(image)
    except Exception as error:
        if image.format not in ("JPEG", "MPO"):
            raise _Damaged from error
        image = _without_end_marker(file)
    image = decoding.reduced(image, MAX_SIDE, _plain)
    image = to_srgb(image, profile)
    return (image.transpose(TURNS[orientation]) if orientation in TURNS else image), animated


def _opened(file: IO[bytes]) -> Image.Image:
    """The picture with its header read and nothing decoded. Raises decoding.TooLarge and TooLong."""
    file.seek(0)
    kind, length, what = struct.unpack("<4sI4s", file.read(12).ljust(12))
    if (kind, what) == (b"RIFF", b"WEBP") and file.seek(0, SEEK_END) < length + 8:
        raise _Damaged
    file.seek(0)
    image = Image.open(file, formats=FORMATS)
    decoding.prepare(image, file, MAX_SIDE)
    return image


def _is_animated(image: Image.Image) -> bool:
    """Several pictures in a PNG or WebP; in a phone's JPEG they are versions of one."""
    return image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False)


def _first_frame(image: Image.Image) -> Image.Image:
    """Decoded. An animated PNG may begin with a picture that is meant for old browsers alone."""
    if getattr(image, "default_image", False):
        image.seek(1)
    image.load()
    return image


def _orientation(image: Image.Image) -> int:
    """Which way is up, by EXIF in JPEG and PNG: browsers look nowhere else, not into XMP and not into WebP.

    Pillow's own reading takes XMP's word too, and numbers of types that browsers pass over (EXIF 3.0, 4.6.2).
    """
    if image.format == "WEBP":
        return 1
    tiff = bytes(image.info.get("exif", b"")).removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2], "")
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for place in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, place)
            if (tag, kind, count) == (ORIENTATION, TIFF_SHORT, 1):
                return int(value)
    except struct.error:  # what is broken says nothing
        pass
    return 1


def _without_end_marker(file: IO[bytes]) -> Image.Image:
    """A JPEG whose pixels are all there, and nothing behind them; browsers show it. Raises _Damaged for any other.

    Where pixels are missing, they are made of what stands in their place: two fillings make two pictures.
    """
    file.seek(0)
    data = file.read().rstrip(b"\xff")
    digests = set()
    for filling in (b"\0", b"\x55"):
        image = _opened(BytesIO(data + filling * 64 + END_OF_JPEG))
        try:
            image.load()
        except Exception as error:
            raise _Damaged from error
        digests.add(hashlib.sha256(image.tobytes()).digest())
    if len(digests) > 1:
        raise _Damaged
    return image


def _scale_transparent_sample(image: Image.Image) -> None:
    key = image.info.get("transparency")
    tiles = getattr(image, "tile", None)
    scale = TRANSPARENT_SAMPLES.get(str(tiles[0].args)) if tiles else None
    if key is not None and scale:
        image.info["transparency"] = tuple(map(scale, key)) if isinstance(key, tuple) else scale(key)


def _plain(image: Image.Image) -> Image.Image:
    """The same pixels in 8 bits: L, LA, RGB, RGBA or CMYK."""
    if image.mode.startswith("I"):
        return _of_16_bits(image)
    if image.mode in ("P", "1", "L", "RGB") and image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _of_16_bits(image: Image.Image) -> Image.Image:
    """Gray. Pillow's own conversion makes white of all that is not almost black."""
    wide = image.convert("I")
    gray = wide.point([value >> 8 for value in range(65536)], "L")
    key = image.info.get("transparency")
    if key is not None:
        gray.putalpha(wide.point([0 if value == key else 255 for value in range(65536)], "L"))
    return gray


def _encoded(image: Image.Image) -> bytes:
    if image.getcolors(64):
        exact = _as_webp(image, lossless=True)
        if len(exact) <= MAX_EXACT_BYTES:
            return exact
    return _as_webp(image, quality=82)


def _as_webp(image: Image.Image, **how: Any) -> bytes:
    kept = BytesIO()
    image.save(kept, "WEBP", icc_profile=b"", exif=b"", xmp=b"", **how)
    return kept.getvalue()
