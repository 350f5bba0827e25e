"""Command line of the import."""

import sys

from . import main

sys.exit(main())
