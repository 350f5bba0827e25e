"""BTHome sensors behind a gateway: raw service data as OpenMQTTGateway publishes it, or decoded as Shelly's scripts do.

python -m simulators.bthome --broker-port 1883 --relay shelly
"""

from simulators.framework import main

from .gateway import BtHome

if __name__ == "__main__":
    main(BtHome)
