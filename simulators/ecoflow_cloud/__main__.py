"""Run the simulator: python -m simulators.ecoflow_cloud --help."""

from simulators.framework import main

from .cloud import EcoflowCloud

if __name__ == "__main__":
    main(EcoflowCloud)
