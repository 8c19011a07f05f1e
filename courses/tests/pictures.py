"""Pictures for tests, generated; `data` has a phone's, one with a wide gamut and one without an end marker."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

DATA = Path(__file__).parent / "data"
# Patches of 32 pixels, so that what JPEG and WebP do at edges is not what is compared.
COLOURS = [
    [(200, 60, 40), (60, 180, 75), (40, 90, 210), (240, 230, 120)],
    [(128, 128, 128), (20, 20, 30), (250, 250, 250), (180, 100, 200)],
]
PATCH = 32
WIDE_GAMUT = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)  # Display P3
CHUNKS_START_AT = 33  # in a PNG, behind its header


def picture(
    kind: str = "PNG", size: tuple[int, int] = (8, 6), *, name: str = "", mode: str = "RGB", **options: Any
) -> SimpleUploadedFile:
    kept = BytesIO()
    Image.new(mode, size, "teal" if mode != "1" else 1).save(kept, kind, **options)
    return SimpleUploadedFile(name or f"picture.{kind.lower()}", kept.getvalue())


def patches(mode: str = "RGB") -> Image.Image:
    """Eight colours, each in a place of its own in every orientation."""
    image = Image.new("RGB", (PATCH * len(COLOURS[0]), PATCH * len(COLOURS)))
    for row, colours in enumerate(COLOURS):
        for column, colour in enumerate(colours):
            image.paste(colour, (column * PATCH, row * PATCH, (column + 1) * PATCH, (row + 1) * PATCH))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    kept = BytesIO()
    exact = {"JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    image.save(kept, kind, **(exact | options))
    return kept.getvalue()


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def xmp(orientation: int) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{orientation}"/>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def png_of_16_bits(image: Image.Image, *chunks: tuple[bytes, bytes]) -> bytes:
    """Gray, gray with alpha, RGB or RGBA with two bytes to a sample, which Pillow cannot write in all of them."""
    kind = {"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}[image.mode]
    width, height = image.size
    line = width * len(image.getbands())
    pixels = image.tobytes()
    wide = b"".join(bytes(1) + _doubled(pixels[start : start + line]) for start in range(0, len(pixels), line))
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(wide)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def blank_png(width: int, height: int, *, bits: int, kind: int, interlaced: bool = False) -> bytes:
    """All zeros, of the colour type `kind`: in a few kilobytes a picture of any size (PNG specification, 11.2.2)."""
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    passes = [(0, 0, 1, 1)]
    if interlaced:  # Adam7
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    packer, packed = zlib.compressobj(), []
    for left, top, across, down in passes:
        line = bytes(1 + -(-(width - left) // across) * samples * bits // 8)
        packed += [packer.compress(line) for _ in range(top, height, down)]
    packed.append(packer.flush())
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced)
    parts = [(b"IHDR", header), (b"IDAT", b"".join(packed)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def _doubled(samples: bytes) -> bytes:
    return b"".join(bytes((sample, sample)) for sample in samples)


def with_chunks(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    return png[:CHUNKS_START_AT] + b"".join(chunk(*part) for part in chunks) + png[CHUNKS_START_AT:]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def gamma(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(value * 100_000))


def chromaticities(values: tuple[float, ...]) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in values))
