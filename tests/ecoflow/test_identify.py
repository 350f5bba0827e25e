"""Which family describes a device: its product name and serial number count before its values."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ecoflow.api.families import FAMILIES, family_of
from custom_components.ecoflow.api.families.identify import model_key
from custom_components.ecoflow.api.families.specs import Family
from custom_components.ecoflow.api.models import Device

# The values of all families at once: they match every pattern.
EVERYTHING: dict[str, Any] = {
    name: 1 for family in FAMILIES for name in (*family.identifying_values, *(s.sources[0] for s in family.entities()))
}


def family_name(product: str, sn: str = "", name: str = "My device", values: dict[str, Any] | None = None) -> str:
    return family_of(Device(sn, name, product, online=True), EVERYTHING if values is None else values).name


def has_controls(family: Family) -> bool:
    return any((family.switches, family.numbers, family.selects, family.buttons, family.charge))


UNDESCRIBED = (
    "STREAM",
    "STREAM Ultra 2",
    "STREAM AC Pro Max",
    "RIVER 3 Pro",
    "RIVER 4",
    "River33",
    "RIVER",
    "RIVER Max",
    "RIVER Pro",
    "RIVER mini",
    "RIVER 2 Ultra",
    "WAVE",
    "WAVE 3 Pro",
    "WAVE 4",
    "DELTA",
    "DELTA mini 2",
    "DELTA Pro Ultra",
    "DELTA Pro Ultra X",
    "DELTA Pro 2",
    "DELTA 2 Plus",
    "DELTA 3 1500",
    "DELTA 3 Air",
    "DELTA 3 UPS",
    "DELTA 3 Ultra",
    "DELTA 3 Ultra Plus",
    "DELTA 4",
    "DELTA 22",
    "PowerOcean 2",
    "Power Kits",
    "PowerKit",
    "GLACIER Classic",
    "GLACIER 2",
    "Smart Home Panel 2",
    "Smart Home Panel 3",
    "Smart Plug 2",
    "Smart Meter",
    "Alternator Charger",
    "BLADE",
    "PowerStream 1200",
)


@pytest.mark.slow
@pytest.mark.parametrize("product", UNDESCRIBED)
def test_a_model_without_a_family_is_generic_for_any_report(product: str) -> None:
    for spelled in (product, product.upper(), f"EcoFlow {product} ", f" {product.replace(' ', '  ')}"):
        family = family_of(Device("XX11ZAB", "DELTA 2", spelled, online=True), EVERYTHING)
        assert family.name == "generic", spelled
        assert not has_controls(family)
        assert family_name(spelled, sn="R331ZEB4ZE000000") == "generic", "a serial number does not overrule a model"


@pytest.mark.parametrize(
    ("product", "family"),
    [
        ("delta 2", "delta_2"),
        ("DELTA2", "delta_2"),
        ("Delta-2", "delta_2"),
        ("DELTA_2", "delta_2"),
        ("EcoFlow DELTA 2 (EU)", "delta_2"),
        ("EF DELTA 2 230V", "delta_2"),
        ("DELTA 2 Portable Power Station", "delta_2"),
        ("DELTA 2Max", "delta_2_max"),
        (" ECOFLOW  DELTA 2 MAX", "delta_2_max"),
        ("DELTA Pro3", "delta_pro_3"),
        ("delta pro", "delta_pro"),
        ("DELTA 3 Plus", "delta_3"),
        ("DELTA 3+", "delta_3"),
        ("Delta 3 Classic", "delta_3"),
        ("DELTA 3 Max Plus", "delta_3_max"),
        ("river 2 max EU", "river_2_max"),
        ("RIVER2PRO", "river_2_pro"),
        ("Power Stream", "powerstream"),
        ("PowerStream 800W", "powerstream"),
        ("PowerStream 600", "powerstream"),
        ("WAVE 2", "wave_2"),
        ("STREAM Ultra", "stream"),
        ("EcoFlow Stream Ultra X", "stream"),
        ("stream ac", "stream"),
        ("STREAM AC Pro (EU)", "stream"),
        ("STREAM Micro Inverter 800W", "generic"),
        ("STREAM Microinverter", "stream_microinverter"),
        ("Stream Micro-Inverter (EU)", "stream_microinverter"),
        ("RIVER 3", "river_3"),
        ("River3", "river_3"),
        ("RIVER 3+", "river_3"),
        ("RIVER 3 Max Plus", "river_3"),
        ("EcoFlow RIVER 3 UPS", "river_3"),
        ("Wave3", "wave_3"),
        ("DELTA Mini", "delta_mini"),
        ("Power Ocean DC Fit", "power_ocean"),
        ("PowerOcean", "power_ocean"),
        ("Glacier", "glacier"),
        ("SMART PLUG", "smart_plug"),
        ("Smart Home Panel", "smart_home_panel"),
    ],
)
def test_spellings_of_a_described_model(product: str, family: str) -> None:
    assert family_name(product, values={}) == family


@pytest.mark.parametrize("product", ["RIVER 3 Plus", "WAVE 3", "DELTA mini", "PowerOcean Plus", "STREAM Microinverter"])
def test_a_model_whose_commands_no_document_describes_is_read_only(product: str) -> None:
    family = family_of(Device("XX11ZAB", "DELTA 2", product, online=True), EVERYTHING | {"strangeValue": 7})
    assert family.name != "generic"
    assert not has_controls(family)
    others = [spec for spec in family.sensors if spec.key.startswith("raw_")]
    assert others
    assert not any(spec.enabled for spec in others)
    described = {name for spec in family.entities() if not spec.key.startswith("raw_") for name in spec.value_names}
    assert described.isdisjoint(name for spec in others for name in spec.sources)
    assert len({spec.key for spec in family.entities()}) == len(list(family.entities()))


def test_each_family_is_found_by_each_of_its_names() -> None:
    for family in FAMILIES:
        for product in family.product_names:
            assert family_name(product) == family.name
        for prefix in family.serial_prefixes:
            assert family_name("", sn=f"{prefix}ZEB4HF3A0360") == family.name
    keys = [model_key(name) for family in FAMILIES for name in set(map(model_key, family.product_names))]
    assert len(keys) == len(set(keys)), "a name belongs to one family"


def test_without_a_product_name_the_serial_number_decides() -> None:
    assert family_name("", sn="R331ZEB4ZE0042", name="DELTA Pro") == "delta_2"
    assert family_name("", sn="r351zeb4ze0042", name="") == "delta_2_max"
    assert family_name("A strange name", sn="R331ZEB4ZE0042") == "delta_2"


def test_the_default_device_name_counts_when_product_and_serial_number_say_nothing() -> None:
    assert family_name("", sn="XX99ZEB4ZE0042", name="DELTA 2-0042", values={}) == "delta_2"
    assert family_name("", sn="R651ZEB4ZE0042", name="RIVER 3-0042") == "river_3"
    assert family_name("", sn="R651ZEB4ZE0042", name="RIVER 5-0042") == "generic"


def test_a_reported_product_type_counts_before_values() -> None:
    assert family_name("", name="", values=EVERYTHING | {"productType": 77}) == "delta_3"
    assert family_name("", name="", values=EVERYTHING | {"productType": 58}) == "generic"


def test_a_family_found_by_values_alone_has_no_controls() -> None:
    family = family_of(Device("?", "My station", "", online=True), {"bmsMaster.f32ShowSoc": 50, "ems.lcdShowSoc": 50})
    assert family.name == "delta_pro"
    assert not family.is_certain
    assert not has_controls(family)
    assert family.sensors


@given(st.text(max_size=30), st.text(max_size=20))
def test_any_product_name_and_serial_number_are_looked_up(product: str, sn: str) -> None:
    family = family_of(Device(sn, "", product, online=True), {})
    assert family.name
    if model_key(product) not in {model_key(name) for known in FAMILIES for name in known.product_names}:
        assert family.name == "generic" or any(sn.strip().upper().startswith(p) for p in family.serial_prefixes)
