"""The joined scripts: every file is sent once, and what changed is sent again."""

from pathlib import Path

import rcssmin
import rjsmin
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage

from config.scripts import SCRIPTS, SOURCES, ScriptFinder


def test_every_file_of_ours_is_part_of_exactly_one_script() -> None:
    sent = [source for sources in SCRIPTS.values() for source in sources if (SOURCES / source).exists()]
    assert sorted(sent) == sorted(str(file.relative_to(SOURCES)) for file in SOURCES.rglob("*.[jc]s*"))


def test_a_file_is_its_sources_in_their_order_without_what_only_readers_need() -> None:
    for path, sources in SCRIPTS.items():
        found, minify = finders.find(path), rcssmin.cssmin if path.endswith(".css") else rjsmin.jsmin
        assert isinstance(found, str)
        text = Path(found).read_text()
        files = [SOURCES / source for source in sources if (SOURCES / source).exists()]
        starts = [text.index(minify(file.read_text())) for file in files]
        assert starts == sorted(starts)
        assert "/*" not in text
        assert len(files) < len(sources) or len(text) < sum(file.stat().st_size for file in files)


def test_collecting_finds_the_same_files_as_looking_one_up() -> None:
    listed = {path: storage.path(path) for path, storage in ScriptFinder().list([])}
    assert listed == {path: finders.find(path) for path in SCRIPTS}


def test_a_script_that_did_not_change_keeps_its_time() -> None:
    def times() -> list[object]:
        return [storage.get_modified_time(path) for path, storage in ScriptFinder().list([])]

    before = times()
    assert all(isinstance(storage, FileSystemStorage) for _, storage in ScriptFinder().list([]))
    assert times() == before
