"""A gas boiler with Modbus TCP, with the registers of the example in docs/proof_of_heat/modbus.md.

python -m simulators.gas_boiler --port 5020
"""

from simulators.framework import main

from .boiler import GasBoiler

if __name__ == "__main__":
    main(GasBoiler)
