"""A Proto Rig: its REST interface with tokens that end.

python -m simulators.proto --host 127.0.0.2 --port 0
"""

from simulators.framework import main

from .miner import Proto

if __name__ == "__main__":
    main(Proto)
