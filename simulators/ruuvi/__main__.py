"""RuuviTags in the weather of a typical year, published over MQTT as a Ruuvi Gateway does, or as JSON.

python -m simulators.ruuvi --broker-port 1883 --mode gateway
"""

from simulators.framework import main

from .tags import Ruuvi

if __name__ == "__main__":
    main(Ruuvi)
