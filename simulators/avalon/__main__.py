"""A Canaan Avalon for the home or of the A series.

python -m simulators.avalon --host 127.0.0.2 --port 4028 --model q
"""

from simulators.framework import main

from .miner import Avalon

if __name__ == "__main__":
    main(Avalon)
