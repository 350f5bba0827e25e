"""Command line of the release."""

import sys

from . import main

sys.exit(main())
