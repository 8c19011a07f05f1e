"""How much memory a picture takes to decode, as its header tells, and how it is made small without a second copy."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from django.utils.translation import gettext as _
from PIL import Image

# Bytes that decoding may take, beside the file itself and the cover that is made.
MOST_BYTES = 130_000_000
# What is decoded in full takes its time, too, however few bytes there are to a pixel.
MOST_PIXELS = {"JPEG": 60_000_000, "MPO": 60_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
# Longer ones are no pictures; JPEG's own limit.
MOST_SIDE = 65_535
# Each takes as long as all pixels do; cameras and programs make ten or so.
MOST_SCANS = 100
# As Pillow keeps pixels; every other mode takes four bytes.
BYTES_A_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2}
# libwebp keeps two canvases beside the frame it gives out, and that is copied once.
WEBP_BYTES_A_PIXEL = 18
# Between two frames of a PNG there are the one before and a copy of it.
FRAMES_AT_ONCE = 3
# A coefficient of JPEG, of which all are kept where the picture comes in several passes.
COEFFICIENT_BYTES = 2
# So many pixels are made small at a time.
PART = 500_000
START_OF_SCAN = 0xDA
# `mallopt`'s M_MMAP_THRESHOLD: blocks of this size and above go back to the system when they are freed.
MMAP_THRESHOLD, GIVEN_BACK_FROM = -3, 1024 * 1024


def _give_back_what_is_freed() -> None:
    """Left to itself, glibc raises that size with each large block, and a process keeps the memory of its pictures.

    https://man7.org/linux/man-pages/man3/mallopt.3.html; other systems have no such thing, and need none.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(MMAP_THRESHOLD, GIVEN_BACK_FROM)


_give_back_what_is_freed()


@dataclass
class TooLarge(Exception):
    """Decoding would take more memory, or time, than a cover may. `most`: pixels that one of this kind may have."""

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
    """Cut, not rounded: what is said to be allowed is."""
    return f"{pixels // 100_000 / 10:g}"


def prepare(image: Image.Image, file: IO[bytes], side: int) -> None:
    """See to it that `image`, just opened from `file`, is decoded no larger than `side` pixels need.

    Raises TooLarge and TooLong, and ValueError for what only looks like a picture.
    """
    kind, pixels = str(image.format), image.width * image.height
    if max(image.size) > MOST_SIDE:
        raise TooLong
    scans = _Scans.of(file) if kind in ("JPEG", "MPO") else None
    if scans and scans.count > MOST_SCANS:
        raise ValueError("It would take as many passes over its pixels.")
    image.draft("RGB", kept_size(image.size, side))  # what is no JPEG has no smaller form
    kept = 0 if scans is None or scans.first_has_all else COEFFICIENT_BYTES * _samples_a_pixel(image)
    each = _bytes_a_pixel(image)
    # At the most pixels, a JPEG is decoded at half its size at least.
    most = min(MOST_PIXELS[kind], int(MOST_BYTES / (kept + (each / 4 if scans else each))))
    if pixels > most and (pixels > MOST_PIXELS[kind] or pixels * kept + image.width * image.height * each > MOST_BYTES):
        raise TooLarge(pixels, most)


def _bytes_a_pixel(image: Image.Image) -> int:
    if image.format == "WEBP":
        return WEBP_BYTES_A_PIXEL
    return BYTES_A_PIXEL.get(image.mode, 4) * (FRAMES_AT_ONCE if getattr(image, "default_image", False) else 1)


def _samples_a_pixel(image: Any) -> float:
    """Of all components: of a photograph colours often have a quarter of the samples that brightness has."""
    widest, highest = max(part[1] for part in image.layer), max(part[2] for part in image.layer)
    samples: int = sum(part[1] * part[2] for part in image.layer)
    return samples / (int(widest) * int(highest))


@dataclass(frozen=True, slots=True)
class _Scans:
    """The passes in which a JPEG comes: how many, and whether the first has every component, as of a plain one."""

    count: int
    first_has_all: bool

    @classmethod
    def of(cls, file: IO[bytes]) -> "_Scans":
        place = file.tell()
        file.seek(0)
        data = file.read()
        file.seek(place)
        # No such pair of bytes stands in the pixels themselves.
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
    """Of a picture of this size, made small enough for a square of `side` pixels."""
    longest = max(size)
    if longest <= side:
        return size
    width, height = (max(round(one * side / longest), 1) for one in size)
    return width, height


def reduced(image: Image.Image, side: int, plain: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """`plain` of a decoded image, no larger than `side`; part by part where it is much larger, for each step copies."""
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
