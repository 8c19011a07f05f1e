"""Converts pictures to sRGB as browsers show them, so that the colour profile can be dropped."""

import struct
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms

# Image modes to which a profile's colour space can apply; for any other, browsers ignore the profile.
MODES = {"GRAY": ("L", "LA"), "RGB ": ("L", "LA", "RGB", "RGBA"), "CMYK": ("CMYK",)}
# x and y of sRGB's white, red, green and blue, in PNG's order.
SRGB_CHROMATICITIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
SRGB_GAMMA = 0.45455
D50 = (0.9642, 1.0, 0.8249)
# Bradford chromatic adaptation: from XYZ to cone responses, in which one white point is scaled to another.
BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))

type Vector = tuple[float, float, float]
type Matrix = tuple[Vector, Vector, Vector]


def profile_of(image: Image.Image) -> bytes:
    """A picture's ICC profile, or one built from its PNG chunks `gAMA` and `cHRM`; empty for sRGB.

    If there are several, browsers use the first of `iCCP`, `sRGB`, `gAMA` (PNG specification, third edition, 13.13).
    """
    carried = image.info.get("icc_profile")
    if carried:
        return bytes(carried)
    gamma = image.info.get("gamma")
    if not gamma or "srgb" in image.info:
        return b""
    chromaticities = image.info.get("chromaticity", SRGB_CHROMATICITIES)
    if _near([gamma, *chromaticities], [SRGB_GAMMA, *SRGB_CHROMATICITIES]):
        return b""
    try:
        return gamma_profile(1 / gamma, chromaticities)
    except (ArithmeticError, ValueError, struct.error):  # degenerate primaries
        return b""


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The same colours in sRGB, as RGB or RGBA; `image` is L, LA, RGB, RGBA or CMYK.

    Like browsers, ignores a profile that is broken or for another kind of picture.
    """
    target = "RGBA" if image.mode in ("LA", "RGBA") else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile)) if profile else None
        if source is None or image.mode not in MODES.get(source.profile.xcolor_space, ()):
            return image.convert(target)
        return _converted(image, source, target)
    except (OSError, ImageCms.PyCMSError, ValueError):
        return image.convert(target)


def _converted(image: Image.Image, source: ImageCms.ImageCmsProfile, target: str) -> Image.Image:
    gray_profile = source.profile.xcolor_space == "GRAY"
    colours = image.convert("L" if gray_profile else "RGB") if image.mode != "CMYK" else image
    converted = ImageCms.profileToProfile(
        colours,
        source,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.PERCEPTUAL,
        outputMode="RGB",
    )
    assert converted is not None, "profileToProfile returns a new image unless inPlace"
    if target == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return converted


def gamma_profile(gamma: float, chromaticities: Sequence[float]) -> bytes:
    """An ICC profile (version 2, matrix and curve) of a screen with these primaries (ICC.1:2001-04, 6.3.1.2)."""
    primaries = _primaries_at_d50(*chromaticities)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 1) + b"\0" * 79,
        b"cprt": b"text\0\0\0\0\0\0\0\0",
        b"wtpt": _xyz(D50),
        **{name: _xyz(colour) for name, colour in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, data, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value
    header = struct.pack(">I4xI4s4s4s12x4s28x", start + len(data), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    header += _fixed(D50) + b"\0" * 48
    return header + struct.pack(">I", len(tags)) + table + data


def _primaries_at_d50(*xy: float) -> tuple[Vector, ...]:
    """XYZ of red, green and blue, scaled so that they add up to white, adapted to the D50 white of profiles."""
    white, *colours = (_from_xy(x, y) for x, y in zip(xy[::2], xy[1::2], strict=True))
    strengths = _times(_inverse(_columns(colours)), white)
    seen = [_times(BRADFORD, color) for color in (D50, white)]
    scale = [to / of for to, of in zip(*seen, strict=True)]
    adapted = []
    for colour, strength in zip(colours, strengths, strict=True):
        cones = _times(BRADFORD, tuple(strength * part for part in colour))
        adapted.append(_times(_inverse(BRADFORD), tuple(a * b for a, b in zip(cones, scale, strict=True))))
    return tuple(adapted)


def _from_xy(x: float, y: float) -> Vector:
    return x / y, 1.0, (1 - x - y) / y


def _columns(vectors: Sequence[Vector]) -> Any:
    return tuple(zip(*vectors, strict=True))


def _times(matrix: Matrix, vector: Any) -> Any:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    adjugate = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return tuple(tuple(part / determinant for part in row) for row in adjugate)  # type: ignore[return-value]


def _xyz(colour: Vector) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(colour)


def _fixed(parts: Vector) -> bytes:
    """s15Fixed16Number."""
    return struct.pack(">3i", *(round(part * 65536) for part in parts))


def _near(given: Sequence[float], wanted: Sequence[float]) -> bool:
    return len(given) == len(wanted) and all(abs(a - b) < 0.002 for a, b in zip(given, wanted, strict=True))
