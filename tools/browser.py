"""Makes sure that there is a Chromium which Playwright can drive, and prints its path (empty: Playwright's own).

A system's Chromium if there is one, else Playwright's own, else, on Debian as root, the package `chromium`. Each is
started to check that it works: Ubuntu's `chromium-browser` may be a stub that points to the snap store.
"""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import Error, sync_playwright

SYSTEM = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
]


def main() -> None:
    path = system_chromium()
    if path is None and not starts(None) and not (download() and starts(None)):
        path = install_package()
    print(path or "")


def system_chromium() -> str | None:
    paths = (shutil.which(name) for name in SYSTEM)
    return next((path for path in paths if path and starts(path)), None)


def starts(path: str | None) -> bool:
    with sync_playwright() as playwright:
        try:
            playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"]).close()
        except Error:
            return False
    return True


def download() -> bool:
    say("Fetching Playwright's Chromium ...")
    return run(sys.executable, "-m", "playwright", "install", "chromium")


def install_package() -> str:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("Installing the package chromium ...")
        run("apt-get", "--quiet=2", "update")
        run("apt-get", "--quiet=2", "install", "--yes", "--no-install-recommends", "chromium")
    path = system_chromium()
    if path is None:
        sys.exit("The browser tests need Chromium, and none could be found or fetched: install the package chromium.")
    return path


def run(*command: str) -> bool:
    """Run a command with its output on stderr: stdout is for the path alone."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, stdout=sys.stderr, env=environment).returncode == 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
