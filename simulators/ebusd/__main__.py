"""ebusd with the devices of a Vaillant system, on its command port.

python -m simulators.ebusd --port 8888
"""

from simulators.framework import main

from .daemon import Ebusd

if __name__ == "__main__":
    main(Ebusd)
