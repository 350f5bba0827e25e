"""A Shelly Pro 3EM: RPC over HTTP, and over a websocket with notifications.

python -m simulators.shelly_pro3em --port 8093
"""

from simulators.framework import main

from .meter import ShellyPro3Em

if __name__ == "__main__":
    main(ShellyPro3Em)
