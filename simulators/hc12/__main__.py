"""An HC-12 module on a pseudo-terminal, with outlets (PIC16F88) on its radio channel.

python -m simulators.hc12 --link /tmp/hc12 --outlets FE,FD
"""

from simulators.framework import main

from .simulator import Hc12

if __name__ == "__main__":
    main(Hc12)
