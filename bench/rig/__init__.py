"""What the programs of this folder share: servers under measurement, clients that cost little, and the peer."""

import sys
from pathlib import Path

# Started as `python bench/pages.py`, they find only this folder; what starts processes is in tools/.
sys.path.append(str(Path(__file__).resolve().parents[2]))
