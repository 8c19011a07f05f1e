"""`python -m courses.tests.measure_memory FILE…`: by how many megabytes reading each as a cover makes a process grow.

At the end, as "kept", by how many it has grown for good, when a web server's threads have read all of them thrice. A
program of its own, so that what other tests left in memory does not hide it. For Linux.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "site"))

import django

django.setup()

from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402

from courses.covers import read_cover  # noqa: E402
from courses.tests.pictures import picture  # noqa: E402


def resident(name: str) -> int:
    """In kilobytes: VmRSS is what there is now, VmHWM the most there was since `clear_refs` was told so."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1])


def read(path: Path) -> None:
    read_cover(SimpleUploadedFile(path.name, path.read_bytes()))


def main(*paths: str) -> None:
    for kind in ("PNG", "JPEG", "WEBP"):  # what is loaded once for all pictures is not counted
        read_cover(picture(kind))
    for path in map(Path, paths):
        Path("/proc/self/clear_refs").write_text("5")
        before = resident("VmRSS")
        read(path)
        print(f"{path.name}\t{(resident('VmHWM') - before) / 1024:.0f}")
    before = resident("VmRSS")
    for path in 3 * list(map(Path, paths)):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(read, path).result()
    print(f"kept\t{(resident('VmRSS') - before) / 1024:.0f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
