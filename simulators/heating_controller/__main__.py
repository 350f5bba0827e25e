"""An ESP32 heating controller: polls Home Assistant's device-sync API and heats a house in real weather.

python -m simulators.heating_controller --url http://127.0.0.1:8123 --device-id ESP32-001 --key KEY
"""

from simulators.framework import main

from .controller import HeatingController

if __name__ == "__main__":
    main(HeatingController)
