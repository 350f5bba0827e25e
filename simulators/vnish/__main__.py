"""An Antminer S19j Pro with VNish: its REST interface and the cgminer socket.

python -m simulators.vnish --host 127.0.0.2 --port 80
"""

from simulators.framework import main

from .miner import Vnish

if __name__ == "__main__":
    main(Vnish)
