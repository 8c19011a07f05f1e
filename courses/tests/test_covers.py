import warnings
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from courses import covers
from courses.covers import read_cover
from courses.tests.conftest import form_of
from courses.tests.pictures import DATA, encoded, exif, patches, picture, xmp


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

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    @pytest.mark.parametrize("share", [0.3, 0.5, 0.95])
    def test_one_that_is_cut_off_is_refused_in_words_that_say_so(self, kind, share):
        whole = encoded(Image.effect_noise((400, 300), 60).convert("RGB"), kind)

        with pytest.raises(ValidationError, match="cut off: a part of it is missing"):
            read_cover(SimpleUploadedFile("picture", whole[: int(len(whole) * share)]))

    @pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
    @pytest.mark.parametrize("end", [b"", b"\xff", b"\0" * 500])
    def test_a_jpeg_without_its_end_marker_is_kept_whole(self, options, end):
        whole = encoded(Image.effect_noise((200, 100), 60).convert("RGB"), "JPEG", **options)

        kept = read_cover(SimpleUploadedFile("picture.jpg", whole.removesuffix(b"\xff\xd9") + end))

        assert kept == read_cover(SimpleUploadedFile("picture.jpg", whole))

    def test_a_png_without_its_end_is_kept_whole(self):
        whole = encoded(patches(), "PNG")

        assert read_cover(SimpleUploadedFile("a.png", whole[:-12])) == read_cover(SimpleUploadedFile("a.png", whole))

    def test_what_only_the_camera_wanted_to_know_is_left_out(self):
        kept = read_cover(
            SimpleUploadedFile("a.jpg", encoded(patches(), "JPEG", exif=exif(1), xmp=xmp(1), comment=b"at home"))
        )

        assert not {"exif", "xmp", "icc_profile"} & opened(kept).info.keys()

    def test_a_colour_profile_is_left_out_when_its_colours_were_converted(self):
        kept = opened(read_cover(SimpleUploadedFile("p.jpg", (DATA / "wide_gamut.jpg").read_bytes())))

        assert "icc_profile" not in kept.info

    def test_a_drawing_in_few_colours_is_kept_exactly(self):
        kept = opened(read_cover(SimpleUploadedFile("a.png", encoded(patches(), "PNG")))).convert("RGB")

        assert kept.tobytes() == patches().tobytes()

    @pytest.mark.parametrize("kind", ["PNG", "WEBP"])
    def test_it_is_known_to_have_moved(self, kind):
        moving = encoded(patches(), kind, save_all=True, append_images=[Image.new("RGB", (128, 64), "red")])

        assert read_cover(SimpleUploadedFile("a", moving)).animated
        assert not read_cover(SimpleUploadedFile("a", encoded(patches(), kind))).animated

    def test_a_phones_second_picture_is_no_animation(self):
        assert not read_cover(SimpleUploadedFile("a.jpg", (DATA / "phone.jpg").read_bytes())).animated

    def test_more_than_5_mb_is_refused(self):
        with pytest.raises(ValidationError, match=r"the most is 5\.0"):
            read_cover(SimpleUploadedFile("picture.png", b"x" * (covers.MAX_BYTES + 1)))

    def test_a_small_file_that_unpacks_to_a_huge_one_is_refused_before_it_is_unpacked(self):
        bomb = picture("PNG", (5100, 5000), mode="1")
        assert bomb.size is not None
        assert bomb.size < 100_000

        with pytest.raises(ValidationError, match="too many pixels"):
            read_cover(bomb)

    @pytest.mark.parametrize("side", [10_000, 20_000])
    def test_one_with_more_pixels_than_any_screen_is_refused_in_words(self, side):
        with pytest.raises(ValidationError, match="too many pixels"), warnings.catch_warnings(action="ignore"):
            read_cover(picture("PNG", (side, side), mode="1"))


class TestAnAnimatedPicture:
    def test_is_said_to_keep_its_first_frame_alone(self, teacher, free_course):
        moving = encoded(patches(), "PNG", save_all=True, append_images=[Image.new("RGB", (128, 64), "red")])
        data = form_of(free_course, cover=SimpleUploadedFile("a.png", moving))

        page = teacher.post("edit", free_course, data, follow=True)

        assert "only its first frame is kept" in page.content.decode()

    def test_is_said_so_on_creation_too(self, teacher):
        moving = encoded(patches(), "WEBP", save_all=True, append_images=[Image.new("RGB", (128, 64), "red")])

        page = teacher.post("teacher_courses", data={"title": "Ink", "cover": SimpleUploadedFile("a.webp", moving)})

        assert "only its first frame is kept" in page.client.get(page.url).content.decode()

    def test_is_not_said_of_a_still_one(self, teacher, free_course):
        page = teacher.post("edit", free_course, form_of(free_course, cover=picture()), follow=True)

        assert "first frame" not in page.content.decode()
