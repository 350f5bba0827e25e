"""A Bitaxe with AxeOS.

python -m simulators.bitaxe --port 8081
"""

from simulators.framework import main

from .miner import Bitaxe

if __name__ == "__main__":
    main(Bitaxe)
