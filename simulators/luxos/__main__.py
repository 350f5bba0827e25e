"""An Antminer S19k Pro with LuxOS: the socket with sessions, profiles, curtailment and thermal management.

python -m simulators.luxos --host 127.0.0.2 --port 4028
"""

from simulators.framework import main

from .miner import Luxos

if __name__ == "__main__":
    main(Luxos)
