"""Write docs/devices.md.

python -m scripts.tooling.devices [--check]
"""

import argparse
import sys

from . import write


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page differs")
    args = parser.parse_args()
    if not write(check=args.check) and args.check:
        print("docs/devices.md differs from the code: run scripts/build")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
