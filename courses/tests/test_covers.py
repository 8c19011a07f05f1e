from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from courses import covers
from courses.covers import read_cover
from courses.tests.pictures import picture


def opened(cover) -> Image.Image:
    return Image.open(BytesIO(cover.data))


class TestReadCover:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    def test_it_works(self, kind):
        kept = opened(read_cover(picture(kind)))

        assert kept.format == "WEBP"
        assert kept.size == (8, 6)

    def test_a_large_one_becomes_small(self):
        assert opened(read_cover(picture("JPEG", (4000, 1000)))).size == (1600, 400)

    def test_it_stays_transparent(self):
        assert opened(read_cover(picture("PNG", mode="RGBA"))).mode in ("RGBA", "RGB")

    @pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "I;16"])
    def test_every_kind_of_png_is_read(self, mode):
        kept = BytesIO()
        Image.new(mode, (4, 4)).save(kept, "PNG")

        assert opened(read_cover(SimpleUploadedFile("a.png", kept.getvalue()))).size == (4, 4)

    def test_where_and_when_it_was_taken_is_forgotten_but_not_which_way_is_up(self):
        exif = Image.Exif()
        exif[0x0112] = 6  # lies on its side
        exif[0x010F] = "A camera"

        kept = opened(read_cover(picture("JPEG", (8, 6), exif=exif)))

        assert kept.size == (6, 8)
        assert not kept.getexif()

    def test_only_the_first_picture_of_an_animation_is_kept(self):
        kept = BytesIO()
        Image.new("RGB", (4, 4)).save(kept, "WEBP", save_all=True, append_images=[Image.new("RGB", (4, 4), "red")])

        assert getattr(opened(read_cover(SimpleUploadedFile("a.webp", kept.getvalue()))), "n_frames", 1) == 1

    @pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO"])
    def test_other_kinds_are_refused_whatever_their_name(self, kind):
        with pytest.raises(ValidationError, match="not a PNG, JPEG or WebP"):
            read_cover(picture(kind, name="picture.png"))

    @pytest.mark.parametrize(
        "data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff" * 9]
    )
    def test_what_is_no_picture_is_refused(self, data):
        with pytest.raises(ValidationError, match="not a PNG, JPEG or WebP"):
            read_cover(SimpleUploadedFile("picture.png", data))

    def test_half_a_picture_is_refused(self):
        whole = picture("PNG", (400, 400)).read()

        with pytest.raises(ValidationError, match="not a PNG, JPEG or WebP"):
            read_cover(SimpleUploadedFile("picture.png", whole[: len(whole) // 2]))

    def test_more_than_5_mb_is_refused(self):
        with pytest.raises(ValidationError, match=r"the most is 5\.0"):
            read_cover(SimpleUploadedFile("picture.png", b"x" * (covers.MAX_BYTES + 1)))

    def test_a_small_file_that_unpacks_to_a_huge_one_is_refused_before_it_is_unpacked(self):
        bomb = picture("PNG", (5100, 5000), mode="1")
        assert bomb.size is not None
        assert bomb.size < 100_000

        with pytest.raises(ValidationError, match="too many pixels"):
            read_cover(bomb)
