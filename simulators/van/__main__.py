"""A camper van: house battery with solar panels, cabin with a heater, water tank; telemetry and commands over MQTT.

python -m simulators.van --broker-port 1883
"""

from simulators.framework import main

from .van import Van

if __name__ == "__main__":
    main(Van)
