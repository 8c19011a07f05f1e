"""A cover looks as its file does in a browser: Chromium draws both, and they are compared."""

import base64
import struct
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from playwright.sync_api import Browser, Page

from courses.colour_profiles import gamma_profile
from courses.covers import read_cover
from courses.tests.pictures import (
    DATA,
    PATCH,
    WIDE_GAMUT,
    chromaticities,
    encoded,
    exif,
    gamma,
    patches,
    png_of_16_bits,
    with_chunks,
    xmp,
)

# WebP and JPEG round a little; a picture that was turned or lost its profile is off by 20 and more.
TOLERANCE = 8
DRAW = """async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const reader = new FileReader(); // as one text: a list of a million numbers takes minutes to arrive
  await new Promise((done) => { reader.onload = done; reader.readAsDataURL(new Blob([pixels])); });
  return [canvas.width, canvas.height, reader.result.split(",")[1]];
}"""
MEDIA_TYPES = {b"\x89PNG": "image/png", b"RIFF": "image/webp"}


def moving(kind: str, **how: object) -> bytes:
    frames = [Image.new("RGB", (128, 64), "red")]
    return encoded(patches(), kind, save_all=True, append_images=frames, duration=600_000, **how)


def with_ink() -> Image.Image:
    cyan, magenta, yellow, _ = patches("CMYK").split()
    return Image.merge("CMYK", (cyan, magenta, yellow, patches("L").point(lambda value: (255 - value) // 3)))


def with_alpha(mode: str) -> Image.Image:
    image = patches(mode)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def ycck() -> bytes:
    """The same samples, said to be YCCK: colours that look odd, and must look as odd afterwards."""
    data = bytearray(encoded(with_ink(), "JPEG"))
    data[data.index(b"Adobe") + 11] = 2
    return bytes(data)


def without_adobe_marker() -> bytes:
    data = encoded(with_ink(), "JPEG")
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 16 :]


def four_bit_gray_with_a_hole() -> bytes:
    data = encoded(patches("L").point(lambda value: value // 16 * 17), "PNG", bits=4)
    return with_chunks(data, (b"tRNS", struct.pack(">H", 6)))


P = patches()
WIDE = gamma_profile(2.2, WIDE_GAMUT)
PNG = encoded(P, "PNG")
ADAPTIVE = P.convert("P", palette=Image.Palette.ADAPTIVE, colors=8)
BRIGHT = gamma_profile(1.0, (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06))

PICTURES: dict[str, Callable[[], bytes]] = {
    "as it is": lambda: PNG,
    "a phone's, with a second picture": (DATA / "phone.jpg").read_bytes,
    "of a wide gamut": (DATA / "wide_gamut.jpg").read_bytes,
    "PNG of a wide gamut": lambda: encoded(P, "PNG", icc_profile=WIDE),
    "WebP of a wide gamut": lambda: encoded(P, "WEBP", icc_profile=WIDE),
    "palette of a wide gamut": lambda: encoded(ADAPTIVE, "PNG", icc_profile=WIDE),
    "transparent, of a wide gamut": lambda: encoded(with_alpha("RGB"), "PNG", icc_profile=WIDE),
    "gray with a profile for colours": lambda: encoded(patches("L"), "PNG", icc_profile=BRIGHT),
    "gray JPEG with a profile for colours": lambda: encoded(patches("L"), "JPEG", icc_profile=BRIGHT),
    "CMYK with a profile for screens": lambda: encoded(with_ink(), "JPEG", icc_profile=BRIGHT),
    "broken profile": lambda: encoded(P, "JPEG", icc_profile=b"no profile" * 40),
    "PNG with a broken profile": lambda: encoded(P, "PNG", icc_profile=b"no profile" * 40),
    "gamma of 1": lambda: with_chunks(PNG, gamma(1.0)),
    "gamma of old Macintoshes": lambda: with_chunks(PNG, gamma(0.55)),
    "gamma of sRGB": lambda: with_chunks(PNG, gamma(0.45455)),
    "gamma and primaries": lambda: with_chunks(PNG, gamma(0.45455), chromaticities(WIDE_GAMUT)),
    "primaries alone": lambda: with_chunks(PNG, chromaticities(WIDE_GAMUT)),
    "sRGB goes before gamma": lambda: with_chunks(PNG, (b"sRGB", b"\0"), gamma(1.0)),
    "gray": lambda: encoded(patches("L"), "PNG"),
    "one bit": lambda: encoded(patches("1"), "PNG"),
    "palette": lambda: encoded(ADAPTIVE, "PNG"),
    "transparent palette": lambda: encoded(ADAPTIVE.copy(), "PNG", transparency=bytes([0, 90, 180]) + b"\xff" * 5),
    "gray with alpha": lambda: encoded(with_alpha("L"), "PNG"),
    "RGB with alpha": lambda: encoded(with_alpha("RGB"), "WEBP"),
    "one transparent colour": lambda: with_chunks(PNG, (b"tRNS", struct.pack(">3H", 200, 60, 40))),
    "4 bits, one transparent gray": four_bit_gray_with_a_hole,
    "16 bits, gray": lambda: png_of_16_bits(patches("L")),
    "16 bits, gray, one transparent": lambda: png_of_16_bits(patches("L"), (b"tRNS", b"\x80\x80")),
    "16 bits, gray, gamma of 1": lambda: png_of_16_bits(patches("L"), gamma(1.0)),
    "16 bits, gray with alpha": lambda: png_of_16_bits(with_alpha("L")),
    "16 bits, RGB": lambda: png_of_16_bits(P),
    "16 bits, RGBA": lambda: png_of_16_bits(with_alpha("RGB")),
    "CMYK": lambda: encoded(with_ink(), "JPEG"),
    "YCCK": ycck,
    "CMYK without Adobe's marker": without_adobe_marker,
    "turned by EXIF in PNG": lambda: encoded(P, "PNG", exif=exif(6)),
    "EXIF in WebP": lambda: encoded(P, "WEBP", exif=exif(6)),
    "XMP in JPEG": lambda: encoded(P, "JPEG", xmp=xmp(6)),
    "XMP in WebP": lambda: encoded(P, "WEBP", xmp=xmp(8)),
    "XMP against EXIF": lambda: encoded(P, "JPEG", xmp=xmp(6), exif=exif(3)),
    "no such orientation": lambda: encoded(P, "JPEG", exif=exif(9)),
    "broken EXIF": lambda: encoded(P, "JPEG", exif=b"Exif\0\0MM\0\x2a\0\0\0\x08\xff\xff\x01"),
    "progressive": lambda: encoded(P, "JPEG", progressive=True),
    "first frame of a PNG": lambda: moving("PNG"),
    "first frame behind a picture for old browsers": lambda: moving("PNG", default_image=True),
    "first frame of a WebP": lambda: moving("WEBP"),
    **{f"turned by EXIF, {n}": partial(encoded, P, "JPEG", exif=exif(n)) for n in range(1, 9)},
}


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def drawn(page: Page, data: bytes) -> Image.Image:
    media_type = MEDIA_TYPES.get(data[:4], "image/jpeg")
    width, height, pixels = page.evaluate(DRAW, f"data:{media_type};base64,{base64.b64encode(data).decode()}")
    return Image.frombytes("RGBA", (width, height), base64.b64decode(pixels))


def shown(image: Image.Image) -> bytes:
    """On white, and without what WebP does to edges."""
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB").reduce(PATCH // 2).tobytes()


def difference(one: Image.Image, other: Image.Image) -> int:
    return max(abs(a - b) for a, b in zip(shown(one), shown(other), strict=True))


@pytest.mark.parametrize("name", PICTURES)
def test_a_cover_looks_as_its_file_does_in_chromium(blank, name):
    data = PICTURES[name]()

    file, cover = drawn(blank, data), drawn(blank, read_cover(SimpleUploadedFile("a", data)).data)

    assert cover.size == file.size
    assert difference(cover, file) <= TOLERANCE


def test_a_jpeg_without_its_end_marker_is_kept_where_chromium_shows_it(blank):
    data = (DATA / "without_end_marker.jpg").read_bytes()

    file, cover = drawn(blank, data), drawn(blank, read_cover(SimpleUploadedFile("a", data)).data)

    # Chromium leaves out the last rows, which wait for the marker.
    seen = (0, 0, file.width, file.height - PATCH)
    assert cover.size == file.size
    assert difference(cover.crop(seen), file.crop(seen)) <= TOLERANCE
