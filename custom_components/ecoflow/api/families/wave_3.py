"""WAVE 3: an air conditioner with a battery, of the generation without modules. It is read only.

Facts: a recorded WAVE 3 (github.com/foxthefox/ioBroker.ecoflow-mqtt, test/data2/wave3.json), which discharges its
battery with 49.8 W (powGetBms) while it needs 50 W (powGetSelfConsume), with bmsChgDsgState 1. Temperatures are in
degrees Celsius, also if the display shows Fahrenheit. Both remaining times have the same number. EcoFlow's document
does not describe its commands, so it has no controls.
"""

from . import cms_battery
from .builders import battery_level, celsius, derived_power, error_code, output_watts, percentage, state, watts
from .delta_3 import GRID
from .options import NO_REMAINING_TIME
from .specs import CommandFormat, Evidence, Family
from .temperatures import without_absent_temperatures

_MEASURED = Evidence.MEASURED

WAVE_3 = Family(
    name="wave_3",
    model="WAVE 3",
    command_format=CommandFormat.FUNCTION,
    product_names=("WAVE 3",),
    serial_prefixes=(),
    sensors=without_absent_temperatures(
        (
            battery_level("battery_level", ("cmsBattSoc", "bmsBattSoc"), evidence=_MEASURED),
            derived_power("battery_power", cms_battery.POWER_SOURCES, cms_battery.power, evidence=_MEASURED),
            cms_battery.FLOW.sensor(),
            watts("total_input_power", "powInSumW"),
            output_watts("total_output_power", "powOutSumW"),
            watts("ac_input_power", "powGetAcIn"),
            watts("solar_power", "powGetPv"),
            output_watts("usb_qc_1_output_power", "powGetQcusb1"),
            output_watts("usb_c_1_output_power", "powGetTypec1"),
            celsius("ambient_temperature", "tempAmbient", evidence=_MEASURED),
            percentage("ambient_humidity", "humiAmbient", evidence=_MEASURED),
            celsius("outlet_temperature", "tempIndoorSupplyAir", evidence=_MEASURED),
            state(
                "climate_mode",
                "waveOperatingMode",
                {0: "off", 1: "cool", 2: "heat", 3: "fan", 4: "dry", 5: "thermostat"},
            ),
            percentage("condensate_level", "condensateWaterLevel"),
            cms_battery.FLOW.charge_time(("cmsChgRemTime", "bmsChgRemTime"), unknown_values=NO_REMAINING_TIME),
            cms_battery.FLOW.discharge_time(("cmsDsgRemTime", "bmsDsgRemTime"), unknown_values=NO_REMAINING_TIME),
            *cms_battery.sensors(),
            error_code("system_error", ("errcode", "pdErrCode")),
        ),
        always=("ambient_temperature", "outlet_temperature"),
    ),
    binary_sensors=GRID,
    battery_power="battery_power",
    solar_power="solar_power",
    shows_other_values=True,
)

FAMILIES = (WAVE_3,)
