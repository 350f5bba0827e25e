"""A Central Control Unit (ESP32) with outlets behind it: calls Home Assistant every 2 s.

python -m simulators.ccu --url http://127.0.0.1:8123 --ccu-id 01 --key KEY
"""

from simulators.framework import main

from .simulator import Ccu

if __name__ == "__main__":
    main(Ccu)
