"""A Bitdeer SEALMINER: the socket of bdminer.

python -m simulators.sealminer --host 127.0.0.2 --port 0
"""

from simulators.framework import main

from .miner import Sealminer

if __name__ == "__main__":
    main(Sealminer)
