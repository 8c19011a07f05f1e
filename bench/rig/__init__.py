"""Shared by the benchmarks: servers under measurement, cheap clients, and dj-stripe."""

import sys
from pathlib import Path

# `python bench/pages.py` finds only this folder by itself; process handling is in tools/.
sys.path.append(str(Path(__file__).resolve().parents[2]))
