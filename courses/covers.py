"""Covers: an uploaded picture is validated, decoded and re-encoded, so that only its pixels are kept.

What is served is always a small WebP that looks as browsers show the original, without the camera's metadata. A few
kilobytes can unpack to gigabytes, so the memory needed is computed from the header (`decoding`), and pictures are
decoded one at a time.
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
# At most one thread of a process decodes a picture and one more waits; the others stay free for pages.
_PLACES = threading.BoundedSemaphore(2)
_TURN = threading.Lock()
LONGEST_WAIT = 10.0  # seconds
# Few-colour drawings are stored losslessly, unless that takes more space than this.
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
# By Pillow's name of a PNG's sample format: scales the transparent value (`tRNS`) to 8 bits.
TRANSPARENT_SAMPLES: Mapping[str, Callable[[int], int]] = {
    "L;2": lambda value: value * 85,
    "L;4": lambda value: value * 17,
    "RGB;16B": lambda value: value >> 8,
}


class _Damaged(Exception):
    """It has a picture's header, but its pixels cannot be decoded completely."""


def read_cover(uploaded: "UploadedFile[bytes]") -> NewCover:
    """The picture as it will be stored. Raises ValidationError with a message for the teacher."""
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
    """One picture at a time. Raises ValidationError if another one is waiting already."""
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
            _("This picture has too many pixels; make it smaller first."), code="too_many_pixels"
        ) from None
    except _Damaged:
        raise ValidationError(
            _("This picture is damaged or cut off: a part of it is missing. Save or export it again."), code="damaged"
        ) from None
    except Exception:  # decoders raise anything for malformed data
        raise ValidationError(_("This is not a PNG, JPEG or WebP picture that can be read."), code="invalid") from None


def _read(file: IO[bytes]) -> NewCover:
    pixels, animated = _upright(file)  # frees the decoded original before encoding
    return NewCover(_encoded(pixels), animated=animated)


def _upright(file: IO[bytes]) -> tuple[Image.Image, bool]:
    """Scaled down, in sRGB and upright; and whether it was animated."""
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
    """The picture with only its header read. Raises decoding.TooLarge and TooLong."""
    file.seek(0)
    kind, length, what = struct.unpack("<4sI4s", file.read(12).ljust(12))
    if (kind, what) == (b"RIFF", b"WEBP") and file.seek(0, SEEK_END) < length + 8:
        raise _Damaged
    file.seek(0)
    image = Image.open(file, formats=FORMATS)
    decoding.prepare(image, file, MAX_SIDE)
    return image


def _is_animated(image: Image.Image) -> bool:
    """Several frames in a PNG or WebP; in a phone's JPEG they are versions of one picture."""
    return image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False)


def _first_frame(image: Image.Image) -> Image.Image:
    """Decoded. An animated PNG may start with a picture that is not part of the animation."""
    if getattr(image, "default_image", False):
        image.seek(1)
    image.load()
    return image


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation of a JPEG or PNG: like browsers, ignores XMP, and WebP altogether.

    Pillow's own reader accepts XMP, and value types that browsers skip (EXIF 3.0, 4.6.2).
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
    except struct.error:  # malformed EXIF is ignored
        pass
    return 1


def _without_end_marker(file: IO[bytes]) -> Image.Image:
    """A JPEG whose pixels are complete but whose end marker is missing; browsers show it. Raises _Damaged otherwise.

    If pixels are missing, the decoder invents them from the filling, so two fillings give two pictures.
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
    """The same pixels with 8 bits per channel: L, LA, RGB, RGBA or CMYK."""
    if image.mode.startswith("I"):
        return _of_16_bits(image)
    if image.mode in ("P", "1", "L", "RGB") and image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _of_16_bits(image: Image.Image) -> Image.Image:
    """Grayscale. Pillow's own conversion clips almost everything to white."""
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
