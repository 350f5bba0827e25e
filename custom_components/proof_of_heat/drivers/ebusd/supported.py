"""The devices that ebusd knows and that are read and commanded."""

from typing import Final

from ..supported import SupportedDevice
from .messages import UNITS

SUPPORTED: Final = (
    SupportedDevice(
        key="vaillant_ebusd",
        maker="Vaillant",
        models=(
            "ecoTEC, ecoCOMPACT and turboTEC (bai)",
            "aroTHERM and flexoTHERM (hmu)",
            "multiMATIC VRC 700",
            "sensoCOMFORT VRC 720 (ctlv2, ctlv3)",
            "sensoHOME VRT 380 (basv2, basv3)",
        ),
        reads=tuple(UNITS),
        commands=("on_off", "room"),
        sources=(
            "ebusd 26.1, commands and errors (john30/ebusd src/ebusd/mainloop.cpp, src/lib/ebus/result.cpp)",
            "ebusd, definitions of Vaillant devices (john30/ebusd-configuration src/vaillant)",
        ),
    ),
)
