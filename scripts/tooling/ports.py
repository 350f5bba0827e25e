"""Choose TCP ports that stay free until a server listens on them."""

import random
import socket
from typing import Final

_LOOPBACK: Final = "127.0.0.1"
# Below the ephemeral ports (Linux: from 32768, others: from 49152): the system could assign one of those to a
# connection before the server listens, or while the server restarts.
_PORTS: Final = range(20_000, 32_000)
_TRIES: Final = 200


def free_port() -> int:
    """Return a TCP port on loopback that is free and outside the ephemeral range."""
    for port in random.SystemRandom().sample(_PORTS, _TRIES):
        try:
            socket.create_server((_LOOPBACK, port)).close()
        except OSError:
            continue
        return port
    raise OSError(f"no free port between {_PORTS.start} and {_PORTS.stop}")
