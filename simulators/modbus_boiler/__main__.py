"""A heat generator with Modbus TCP, and RTU over a pseudo-terminal.

python -m simulators.modbus_boiler --port 5020 --device idm
"""

from simulators.framework import main

from .boiler import ModbusBoiler

if __name__ == "__main__":
    main(ModbusBoiler)
