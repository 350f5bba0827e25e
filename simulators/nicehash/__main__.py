"""NiceHash's signed API v2 with a managed rig and one that only uses the pool.

python -m simulators.nicehash --port 8090
"""

from simulators.framework import main

from .cloud import NiceHash

if __name__ == "__main__":
    main(NiceHash)
