"""The Viessmann cloud with one heat pump: sign-in (PKCE), features, commands, call limits.

python -m simulators.viessmann_cloud --port 8092
"""

from simulators.framework import main

from .cloud import ViessmannCloud

if __name__ == "__main__":
    main(ViessmannCloud)
