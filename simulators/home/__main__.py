"""The home around the other simulators: rooms, weather station, roof and tariff over MQTT.

python -m simulators.home --broker-port 1883 --part heat_pump=PORT --part miner=PORT --part meter=PORT
"""

from simulators.framework import main

from .home import HomeSimulator

if __name__ == "__main__":
    main(HomeSimulator)
