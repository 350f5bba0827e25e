"""A device that asks for updates and installs them: native JSON, Arduino HTTPUpdate, ESPHome manifest, hawkBit DDI.

python -m simulators.ota_device --url http://127.0.0.1:8123 --mode native --device-id dev-1 --key KEY
python -m simulators.ota_device --url http://127.0.0.1:8123 --mode esphome --token TOKEN
"""

from simulators.framework import main

from .device import OtaDevice

if __name__ == "__main__":
    main(OtaDevice)
