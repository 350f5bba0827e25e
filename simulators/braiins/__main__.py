"""A miner with Braiins OS: REST `/api/v1` with login, GraphQL of older releases, version on the 4028 socket.

python -m simulators.braiins --port 8080
"""

from simulators.framework import main

from .miner import Braiins

if __name__ == "__main__":
    main(Braiins)
