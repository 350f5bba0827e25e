"""LoRaWAN devices behind The Things Stack (v3) or ChirpStack (v4).

python -m simulators.lorawan --broker-port 1883 --server chirpstack
"""

from simulators.framework import main

from .network import LoRaWan

if __name__ == "__main__":
    main(LoRaWan)
