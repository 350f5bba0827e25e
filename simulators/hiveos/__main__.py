"""HiveOS' API v2 with one farm and one worker.

python -m simulators.hiveos --port 8091
"""

from simulators.framework import main

from .cloud import HiveOs

if __name__ == "__main__":
    main(HiveOs)
