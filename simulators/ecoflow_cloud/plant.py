"""The energy flows of a power station: battery, solar, grid and loads."""

from dataclasses import dataclass

NOMINAL_V = 51.2


@dataclass(slots=True)
class Plant:
    """A power station. Powers in W, energies in Wh, state of charge in %."""

    capacity_wh: float = 3600.0
    soc: float = 62.0
    solar_peak_w: float = 400.0
    load_w: float = 140.0
    charge_setting_w: float = 600.0
    charge_ceiling_w: float = 2900.0
    charge_limit: float = 95.0
    discharge_limit: float = 5.0
    grid_present: bool = True
    ac_enabled: bool = True
    dc_enabled: bool = False
    paused: bool = False
    sun: float = 0.0
    solar_w: float = 0.0
    charge_w: float = 0.0
    ac_out_w: float = 0.0
    dc_out_w: float = 0.0
    ac_in_wh: float = 118_000.0
    solar_wh: float = 402_000.0
    ac_out_wh: float = 310_000.0

    @property
    def ac_in_w(self) -> float:
        """The AC input power: charging and the load supplied from the grid."""
        return self.charge_w + (self.ac_out_w if self.grid_present else 0.0)

    @property
    def battery_w(self) -> float:
        """The battery power, negative while discharging."""
        drawn_w = self.dc_out_w + (0.0 if self.grid_present else self.ac_out_w * 1.06)
        return self.charge_w * 0.94 + self.solar_w * 0.97 - drawn_w

    @property
    def voltage_v(self) -> float:
        """The battery voltage."""
        return NOMINAL_V * (0.94 + 0.09 * self.soc / 100)

    def step(self, seconds: float, sun: float, noise: float) -> None:
        """Simulate a time step; `sun` is 0 to 1, `noise` varies the load (-1 to 1)."""
        self.sun = sun
        room = self.soc < self.charge_limit
        empty = self.soc <= self.discharge_limit
        self.solar_w = self.solar_peak_w * sun * (1 + 0.02 * noise) if self.soc < 99.9 else 0.0
        load_w = self.load_w * (1 + 0.03 * noise)
        self.ac_out_w = load_w if self.ac_enabled and (self.grid_present or not empty) else 0.0
        self.dc_out_w = 24.0 if self.dc_enabled and not empty else 0.0
        may_charge = self.grid_present and not self.paused and room
        self.charge_w = min(self.charge_setting_w, self.charge_ceiling_w) if may_charge else 0.0
        hours = seconds / 3600
        self.soc = min(100.0, max(0.0, self.soc + self.battery_w * hours / self.capacity_wh * 100))
        self.ac_in_wh += self.ac_in_w * hours
        self.solar_wh += self.solar_w * hours
        self.ac_out_wh += self.ac_out_w * hours

    @property
    def minutes_to_full(self) -> int | None:
        """The minutes until the charge limit, None while not charging."""
        if self.battery_w < 5:
            return None
        return int((self.charge_limit - self.soc) / 100 * self.capacity_wh / self.battery_w * 60)

    @property
    def minutes_to_empty(self) -> int | None:
        """The minutes until the discharge limit, None while not discharging."""
        if self.battery_w > -5:
            return None
        return int((self.soc - self.discharge_limit) / 100 * self.capacity_wh / -self.battery_w * 60)
