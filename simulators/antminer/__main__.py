"""An Antminer S19 with stock firmware: web pages with digest authentication and the cgminer socket.

python -m simulators.antminer --host 127.0.0.2 --port 80 --rpc-port 4028
"""

from simulators.framework import main

from .miner import Antminer

if __name__ == "__main__":
    main(Antminer)
