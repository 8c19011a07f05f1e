import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from courses import covers
from courses.covers import read_cover
from courses.tests.pictures import DATA, blank_png, encoded, exif, patches, picture, xmp
from courses.tests.support.people import form_of
from tools.processes import run


def opened(cover) -> Image.Image:
    return Image.open(BytesIO(cover.data))


class TestReadCover:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    def test_every_kind_that_is_taken_is_kept_as_webp_in_its_own_size(self, kind):
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
    def test_other_kinds_are_rejected_whatever_their_name(self, kind):
        with pytest.raises(ValidationError, match="not a PNG, JPEG or WebP"):
            read_cover(picture(kind, name="picture.png"))

    @pytest.mark.parametrize(
        "data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff" * 9]
    )
    def test_what_is_no_picture_is_rejected(self, data):
        with pytest.raises(ValidationError, match="not a PNG, JPEG or WebP"):
            read_cover(SimpleUploadedFile("picture.png", data))

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    @pytest.mark.parametrize("share", [0.3, 0.5, 0.95])
    def test_one_that_is_cut_off_is_rejected_in_words_that_say_so(self, kind, share):
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

    def test_more_than_5_mb_is_rejected(self):
        with pytest.raises(ValidationError, match=r"the most is 5\.0"):
            read_cover(SimpleUploadedFile("picture.png", b"x" * (covers.MAX_BYTES + 1)))

    def test_a_small_file_that_unpacks_to_a_huge_one_is_rejected_before_it_is_unpacked(self):
        bomb = picture("PNG", (5100, 5000), mode="1")
        assert bomb.size is not None
        assert bomb.size < 100_000

        with pytest.raises(ValidationError, match="too many pixels"):
            read_cover(bomb)

    @pytest.mark.parametrize("side", [10_000, 20_000])
    @pytest.mark.slow
    def test_one_with_more_pixels_than_any_screen_is_rejected_in_words(self, side):
        with pytest.raises(ValidationError, match="too many pixels"), warnings.catch_warnings(action="ignore"):
            read_cover(picture("PNG", (side, side), mode="1"))


def progressive(mode: str, size: tuple[int, int], **options: object) -> bytes:
    return encoded(Image.new(mode, size), "JPEG", quality=30, progressive=True, **options)


def rejection(data: bytes) -> str:
    with pytest.raises(ValidationError) as rejected:
        read_cover(SimpleUploadedFile("a", data))
    return rejected.value.messages[0]


@pytest.mark.slow
class TestMemory:
    def test_a_picture_that_would_take_too_much_is_rejected_before_it_is_decoded(self):
        assert "58.9 million; one of its kind may have 14.4 million" in rejection(progressive("CMYK", (7680, 7680)))

    def test_what_its_kind_may_have_is_kept(self):
        with pytest.raises(ValidationError):
            read_cover(SimpleUploadedFile("a", progressive("CMYK", (3820, 3820))))

        assert opened(read_cover(SimpleUploadedFile("a", progressive("CMYK", (3790, 3790))))).size == (1600, 1600)

    def test_a_cameras_picture_of_50_million_pixels_is_kept(self):
        assert opened(read_cover(picture("JPEG", (8165, 6124)))).size == (1600, 1200)

    def test_a_jpeg_that_comes_colour_by_colour_counts_as_one_in_passes(self):
        """As sequential as a camera's, and yet decoded as a whole: its first scan has one component of four."""
        data = bytearray(encoded(Image.new("CMYK", (7680, 7680)), "JPEG", quality=30))
        start = data.index(b"\xff\xda")
        assert data[start + 4] == 4
        data[start + 4] = 1

        assert "14.4 million" in rejection(bytes(data))

    def test_a_jpeg_of_very_many_passes_is_none(self):
        data = progressive("RGB", (64, 64)).removesuffix(b"\xff\xd9")
        last = data[data.rindex(b"\xff\xda") :]

        assert "not a PNG, JPEG or WebP" in rejection(data + last * 200 + b"\xff\xd9")
        assert read_cover(SimpleUploadedFile("a", data + last * 20 + b"\xff\xd9"))

    def test_an_endless_ribbon_is_no_picture(self):
        assert "in one direction" in rejection(blank_png(70_000, 2, bits=8, kind=6))

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    def test_a_long_one_keeps_its_shape(self, kind):
        assert opened(read_cover(picture(kind, (12_000, 300)))).size == (1600, 40)

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
    def test_what_is_made_small_part_by_part_looks_as_the_whole_does(self, mode):
        large = patches(mode).resize((5000, 2501), Image.Resampling.NEAREST)

        kept = opened(read_cover(SimpleUploadedFile("a", encoded(large, "PNG")))).convert("RGB")

        assert kept.size == (1600, 800)
        for x, y in ((200, 200), (1000, 200), (600, 600), (1400, 790)):
            there = patches(mode).convert("RGB").getpixel((x * 128 // 1600, y * 64 // 800))
            assert max(abs(a - b) for a, b in zip(kept.getpixel((x, y)), there, strict=True)) < 12

    @pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells")
    @pytest.mark.processes
    def test_no_cover_takes_more_than_150_mb(self, tmp_path, record_property):
        dearest = {
            "progressive CMYK": progressive("CMYK", (3790, 3790)),
            "progressive RGB": progressive("RGB", (5690, 5690), subsampling=2),
            "RGBA of 16 bits, interlaced": blank_png(5000, 5000, bits=16, kind=6, interlaced=True),
            "gray with alpha": blank_png(5000, 5000, bits=8, kind=4),
            "WebP": encoded(Image.new("RGBA", (2680, 2680), (1, 2, 3, 100)), "WEBP", quality=0, method=0),
            "animation": encoded(
                Image.new("RGBA", (3280, 3280)),
                "PNG",
                save_all=True,
                append_images=[Image.new("RGBA", (3280, 3280), "red")],
                default_image=True,
            ),
        }
        for name, data in dearest.items():
            (tmp_path / name).write_bytes(data)
        command = [sys.executable, "-m", "courses.tests.measure_memory", *map(str, tmp_path.iterdir())]

        measured = run(command).stdout

        grown = {name: float(megabytes) for name, megabytes in (line.split("\t") for line in measured.splitlines())}
        record_property("table", "Memory that covers take, MB\n" + measured)
        kept = grown.pop("kept")
        assert grown.keys() == dearest.keys()
        assert max(grown.values()) < 150
        assert kept < 20, "what is freed goes back to the system"


class SlowUpload(SimpleUploadedFile):
    """Comes in only when it is let."""

    def __init__(self) -> None:
        super().__init__("a.png", encoded(patches(), "PNG"))
        self.begun, self.may_go_on = threading.Event(), threading.Event()

    def seek(self, *where: int) -> int:
        self.begun.set()
        assert self.may_go_on.wait(30)
        return self.file.seek(*where)


class TestTurns:
    def test_one_waits_for_another_and_a_third_is_told_so(self):
        """The other threads of a process are for pages."""
        first, second = SlowUpload(), SlowUpload()
        second.may_go_on.set()
        with ThreadPoolExecutor(2) as pool:
            reading = pool.submit(read_cover, first)
            assert first.begun.wait(30)
            waiting = pool.submit(read_cover, second)
            while covers._PLACES._value:  # until the second one waits
                pass

            with pytest.raises(ValidationError, match="Other pictures are being read at this moment"):
                read_cover(picture())

            assert not second.begun.is_set()
            first.may_go_on.set()
            assert reading.result(30) == waiting.result(30)
        assert read_cover(picture())

    def test_nobody_waits_for_ever(self, monkeypatch):
        monkeypatch.setattr(covers, "LONGEST_WAIT", 0)
        first = SlowUpload()
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(read_cover, first)
            assert first.begun.wait(30)
            with pytest.raises(ValidationError, match="Other pictures"):
                read_cover(picture())
            first.may_go_on.set()
            assert reading.result(30)


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
