"""Estimates the memory needed to decode a picture from its header, and scales it down without a second full copy."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from django.utils.translation import gettext as _
from PIL import Image

# Bytes that decoding may use, in addition to the file and the resulting cover.
MOST_BYTES = 130_000_000
# Pixels that are decoded in full also take time, however few bytes each takes.
MOST_PIXELS = {"JPEG": 60_000_000, "MPO": 60_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
# Anything longer is not a photograph; also JPEG's own limit.
MOST_SIDE = 65_535
# Each scan costs as much as a full decode; cameras and software write about ten.
MOST_SCANS = 100
# Pillow's bytes per pixel; every other mode takes four.
BYTES_A_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2}
# libwebp keeps two canvases in addition to the frame it returns, which is copied once.
WEBP_BYTES_A_PIXEL = 18
# Pillow keeps the previous frame of a PNG and a copy of it.
FRAMES_AT_ONCE = 3
# Bytes per JPEG coefficient, all of which are kept in memory if the picture has several scans.
COEFFICIENT_BYTES = 2
# Pixels scaled down per step.
PART = 500_000
START_OF_SCAN = 0xDA
# `mallopt`'s M_MMAP_THRESHOLD: blocks of at least this size are returned to the system when freed.
MMAP_THRESHOLD, GIVEN_BACK_FROM = -3, 1024 * 1024


def _return_freed_memory() -> None:
    """Fix glibc's mmap threshold, which it otherwise raises with each large block, so that memory is never returned.

    https://man7.org/linux/man-pages/man3/mallopt.3.html; other systems lack `mallopt` and do not need it.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(MMAP_THRESHOLD, GIVEN_BACK_FROM)


_return_freed_memory()


@dataclass
class TooLarge(Exception):
    """Decoding would take more memory or time than allowed. `most`: the pixels allowed for this kind of picture."""

    pixels: int
    most: int

    def __str__(self) -> str:
        return _(
            "This picture has too many pixels: %(pixels)s million; one of its kind may have %(most)s million. Make it "
            "smaller first."
        ) % {"pixels": _millions(self.pixels), "most": _millions(self.most)}


class TooLong(Exception):
    def __str__(self) -> str:
        return _("This picture has too many pixels in one direction; cut it to a usual shape first.")


def _millions(pixels: int) -> str:
    """Rounded down, so that the size named as allowed is allowed."""
    return f"{pixels // 100_000 / 10:g}"


def prepare(image: Image.Image, file: IO[bytes], side: int) -> None:
    """Make `image`, just opened from `file`, decode no larger than needed for `side` pixels.

    Raises TooLarge and TooLong, and ValueError for data that only looks like a picture.
    """
    kind, pixels = str(image.format), image.width * image.height
    if max(image.size) > MOST_SIDE:
        raise TooLong
    scans = _Scans.of(file) if kind in ("JPEG", "MPO") else None
    if scans and scans.count > MOST_SCANS:
        raise ValueError("Too many scans.")
    image.draft("RGB", kept_size(image.size, side))  # has an effect on JPEG only
    kept = 0 if scans is None or scans.first_has_all else COEFFICIENT_BYTES * _samples_a_pixel(image)
    each = _bytes_a_pixel(image)
    # At the limit of pixels, a JPEG is decoded at half its size or less.
    most = min(MOST_PIXELS[kind], int(MOST_BYTES / (kept + (each / 4 if scans else each))))
    if pixels > most and (pixels > MOST_PIXELS[kind] or pixels * kept + image.width * image.height * each > MOST_BYTES):
        raise TooLarge(pixels, most)


def _bytes_a_pixel(image: Image.Image) -> int:
    if image.format == "WEBP":
        return WEBP_BYTES_A_PIXEL
    return BYTES_A_PIXEL.get(image.mode, 4) * (FRAMES_AT_ONCE if getattr(image, "default_image", False) else 1)


def _samples_a_pixel(image: Any) -> float:
    """Of all components: photographs often have a quarter as many colour samples as brightness samples."""
    widest, highest = max(part[1] for part in image.layer), max(part[2] for part in image.layer)
    samples: int = sum(part[1] * part[2] for part in image.layer)
    return samples / (int(widest) * int(highest))


@dataclass(frozen=True, slots=True)
class _Scans:
    """The scans of a JPEG: how many, and whether the first one has every component, as in a baseline file."""

    count: int
    first_has_all: bool

    @classmethod
    def of(cls, file: IO[bytes]) -> "_Scans":
        place = file.tell()
        file.seek(0)
        data = file.read()
        file.seek(place)
        # This pair of bytes does not occur in entropy-coded data.
        return cls(data.count(bytes((0xFF, START_OF_SCAN))), _first_has_all(data))


def _first_has_all(data: bytes) -> bool:
    """Whether it is sequential (ITU-T T.81, table B.1: SOF0, 1, 9) and its first scan has all components (B.2.3)."""
    components, stream = 0, BytesIO(data[2:])
    while (marker := stream.read(2))[:1] == b"\xff":
        while marker[1:] == b"\xff":
            marker = b"\xff" + stream.read(1)
        segment = stream.read(max(int.from_bytes(stream.read(2)) - 2, 0))
        if marker[1:] in (b"\xc0", b"\xc1", b"\xc9"):
            components = segment[5] if len(segment) > 5 else 0
        if marker[1:] == bytes((START_OF_SCAN,)):
            return bool(components) and segment[:1] == bytes((components,))
    return False


def kept_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size of a picture scaled to fit into a square of `side` pixels."""
    longest = max(size)
    if longest <= side:
        return size
    width, height = (max(round(one * side / longest), 1) for one in size)
    return width, height


def reduced(image: Image.Image, side: int, plain: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """`plain` of a decoded image, at most `side` large; done in strips for large images, because each step copies."""
    size, factor = kept_size(image.size, side), max(image.size) // side
    if factor < 2:
        whole = plain(image)
        return whole if whole.size == size else whole.resize(size)
    rows = max(PART // image.width // factor, 1) * factor
    small: Image.Image | None = None
    for top in range(0, image.height, rows):
        part = plain(image.crop((0, top, image.width, min(top + rows, image.height)))).reduce(factor)
        if small is None:
            small = Image.new(part.mode, (-(-image.width // factor), -(-image.height // factor)))
        small.paste(part, (0, top // factor))
    assert small is not None, "a picture has at least one row"
    return small.resize(size, box=(0, 0, image.width / factor, image.height / factor))
