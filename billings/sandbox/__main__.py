"""`python -m billings.sandbox`: the same program as `manage.py stripe_sandbox`, without Django."""

import sys

from billings.sandbox.cli import main

if __name__ == "__main__":
    sys.exit(main())
