"""Fills .venv; called by `tools/setup` with a Python that is new enough, and only when something changed."""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

VENV = Path.cwd() / ".venv"
PYTHON = str(VENV / "bin" / "python")


def main(requirements: str, wanted: str) -> None:
    # Two commands started at once install one after the other; the second finds everything done.
    fcntl.flock(os.open("tools", os.O_RDONLY), fcntl.LOCK_EX)

    stamp = VENV / f"installed-{requirements}"
    if not usable():
        make_venv()
    elif stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing {requirements} into .venv (half a minute, once) ...", flush=True)
    # A package that was tampered with has another hash and is not installed.
    install("--require-hashes", "--requirement", str(Path(requirements).with_suffix(".lock")))
    if requirements == "requirements-dev.txt":
        # A local folder has no hash; its dependencies and build tools are installed already.
        install("--no-index", "--no-deps", "--no-build-isolation", "--editable", "tools/stripe_sandbox")
    stamp.write_text(wanted)


def install(*what: str) -> None:
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", *what]
    if subprocess.run(pip).returncode:
        sys.exit("The packages could not be installed; pip says why above.")


def usable() -> bool:
    """Whether .venv was created in this folder, by a Python that still exists and is new enough."""
    config = VENV / "pyvenv.cfg"
    if not Path(PYTHON).exists() or not config.exists() or str(VENV) not in config.read_text():
        return False
    return subprocess.run([PYTHON, "-c", "import pip, sys; sys.exit(sys.version_info < (3, 12))"]).returncode == 0


def make_venv() -> None:
    if VENV.exists():
        shutil.rmtree(VENV)
    if importlib.util.find_spec("ensurepip") is None:
        add_ensurepip()
    if subprocess.run([sys.executable, "-m", "venv", VENV]).returncode:
        sys.exit("The virtual environment could not be made; Python says why above.")


def add_ensurepip() -> None:
    """Debian and Ubuntu ship `ensurepip` in a package of its own."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(
            f"{sys.executable} cannot make virtual environments: type `sudo apt install {package}`, then try again."
        )
    print(f"Installing {package}, which {sys.executable} lacks ...", flush=True)
    apt_get("update")
    if apt_get("install", "--yes", "--no-install-recommends", package):
        sys.exit(f"{package} could not be installed; apt-get says why above.")


def apt_get(*arguments: str) -> int:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(["apt-get", "--quiet=2", *arguments], env=environment).returncode


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
