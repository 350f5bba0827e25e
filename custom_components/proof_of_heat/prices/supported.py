"""The sources of electricity prices that are read, and what proves each."""

from typing import Final

from ..drivers.supported import Evidence, SupportedDevice

_READS: Final = ("electricity_price", "price_forecast")
_VSE: Final = "VSE, interface for dynamic tariffs"
_CORE: Final = "Home Assistant core 2026.10, homeassistant/components/{domain}/{file}"


def _of_core(key: str, maker: str, file: str = "services.py") -> SupportedDevice:
    source = _CORE.format(domain=key, file=file)
    return SupportedDevice(
        key=key, maker=maker, models=("Home Assistant's integration",), reads=_READS, sources=(source,)
    )


def _public(key: str, maker: str, source: str) -> SupportedDevice:
    return SupportedDevice(key=key, maker=maker, models=("Public interface",), reads=_READS, sources=(source,))


def _by_case(key: str, maker: str, *files: str) -> SupportedDevice:
    return SupportedDevice(
        key=key,
        maker=maker,
        models=("Custom integration",),
        reads=_READS,
        evidence=Evidence.CAPTURE,
        sources=tuple(f"cases/heating/{file}" for file in files),
    )


SUPPORTED: Final = (
    _of_core("amberelectric", "Amber Electric"),
    _of_core("easyenergy", "easyEnergy"),
    _of_core("energyzero", "EnergyZero"),
    _of_core("green_planet_energy", "Green Planet Energy"),
    _of_core("nordpool", "Nord Pool"),
    _of_core("omie", "OMIE (Spain and Portugal)"),
    _of_core("tibber", "Tibber"),
    _public("awattar", "aWATTar", "aWATTar, API description (api.awattar.de, api.awattar.at), /v1/marketdata"),
    _public("energy_charts", "Energy-Charts", "Fraunhofer ISE, OpenAPI document (api.energy-charts.info), /price"),
    _public("esios", "ESIOS (PVPC)", "Red Eléctrica, ESIOS API (api.esios.ree.es), archive 70"),
    _public("octopus", "Octopus Energy", "Octopus Energy, REST documentation (docs.octopus.energy), unit rates"),
    _public(
        "spotovaelektrina",
        "spotovaelektrina.cz",
        "spotovaelektrina.cz, API description, get-prices-json-qh",
    ),
    _public("ckw", "CKW", f"{_VSE} (CKW, technical requirements of dynamic prices)"),
    _public("ekz", "EKZ", f"{_VSE} (api.tariffs.ekz.ch/swagger)"),
    _public("groupe_e", "Groupe E", f"{_VSE} (api.tariffs.groupe-e.ch/v2)"),
    _public("primeo", "Primeo Energie, AVAG, ELAG", f"{_VSE} (tarife.primeo-energie.ch/api/v1)"),
    _by_case("nordpool_hacs", "Nord Pool", "nordpool_hacs_autumn.json", "nordpool_hacs_spring.json"),
    _by_case("epex_spot", "EPEX Spot", "epex_2x.json"),
    _by_case("zonneplan", "Zonneplan", "zonneplan_legacy.json", "zonneplan_new.json"),
    _by_case("cz_spot", "Czech spot prices (OTE)", "cz_spot.json"),
)
