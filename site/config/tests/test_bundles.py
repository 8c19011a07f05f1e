"""The bundles: every file is sent once, and changed files are sent again."""

from pathlib import Path

import pytest
import rcssmin
import rjsmin
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage

from config import bundles
from config.bundles import BUNDLES, BundleFinder

SOURCES = Path(settings.BASE_DIR) / "static"


def text_of(path: str) -> str:
    found = finders.find(path)
    assert isinstance(found, str)
    return Path(found).read_text()


def test_every_file_of_ours_is_part_of_exactly_one_bundle() -> None:
    sent = [source for sources in BUNDLES.values() for source in sources if (SOURCES / source).exists()]
    assert sorted(sent) == sorted(str(file.relative_to(SOURCES)) for file in SOURCES.rglob("*.[jc]s*"))


@pytest.mark.parametrize("path", BUNDLES)
def test_a_bundle_is_its_sources_in_their_order_without_what_only_readers_need(path: str) -> None:
    minify = rcssmin.cssmin if path.endswith(".css") else rjsmin.jsmin
    bundle, sources = text_of(path), {source: text_of(source) for source in BUNDLES[path]}
    starts = [bundle.index(text if ".min." in source else minify(text)) for source, text in sources.items()]
    assert starts == sorted(starts)
    assert len(bundle) < sum(map(len, sources.values()))


def test_a_bundle_of_a_file_that_is_not_there_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bundles.BUNDLES, "css/portal.css", ("css/nowhere.css",))
    with pytest.raises(FileNotFoundError, match=r"css/nowhere\.css"):
        finders.find("css/portal.css")


def test_collecting_finds_the_same_files_as_looking_one_up() -> None:
    listed = {path: storage.path(path) for path, storage in BundleFinder().list([])}
    assert listed == {path: finders.find(path) for path in BUNDLES}


def test_a_bundle_that_did_not_change_keeps_its_time() -> None:
    def times() -> list[object]:
        return [storage.get_modified_time(path) for path, storage in BundleFinder().list([])]

    before = times()
    assert all(isinstance(storage, FileSystemStorage) for _, storage in BundleFinder().list([]))
    assert times() == before
