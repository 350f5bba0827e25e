"""Ports that stay free until somebody listens on them."""

import random
import socket
from typing import Final

_LOOPBACK: Final = "127.0.0.1"
# Below those that systems give to connections and to servers without a wish (Linux from 32768, others from 49152):
# one of these could be gone before its server listens, or while that restarts.
_PORTS: Final = range(20_000, 32_000)
_TRIES: Final = 200


def free_port() -> int:
    """A TCP port on loopback where nobody listens, and which no connection takes by chance."""
    for port in random.SystemRandom().sample(_PORTS, _TRIES):
        try:
            socket.create_server((_LOOPBACK, port)).close()
        except OSError:
            continue
        return port
    raise OSError(f"no free port between {_PORTS.start} and {_PORTS.stop}")
