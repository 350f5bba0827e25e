"""A Whatsminer: API V2 on 4028 (encrypted writes) and V3 on 4433.

python -m simulators.whatsminer --host 127.0.0.3 --port 4028 --v3-port 4433
"""

from simulators.framework import main

from .miner import Whatsminer

if __name__ == "__main__":
    main(Whatsminer)
