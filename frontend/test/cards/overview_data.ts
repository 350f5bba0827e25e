/** An overview as the integration sends it. */

import type { NextDay, Overview, Source } from "../../src/cards/heating-overview/const.js";

export const source = (changes: Partial<Source> = {}): Source => ({
  id: "pump",
  name: "Heat pump",
  kind: "heat_pump",
  health: "ok",
  price_kwh: 0.08,
  commanded: true,
  heating: true,
  heat: { value: 3200, estimated: false },
  power: { value: 900, estimated: false },
  reason: null,
  reason_text: null,
  limits: [],
  ...changes,
});

const STEPS = 96;

export const nextDay = (changes: Partial<NextDay> = {}): NextDay => ({
  start: "2026-01-15T12:00:00+00:00",
  step_s: 900,
  price_kwh: Array.from({ length: STEPS }, (_, step) => 0.2 + 0.1 * Math.sin(step / 10)),
  known_steps: 48,
  outdoor_c: Array.from({ length: STEPS }, (_, step) => 2 + Math.sin(step / 20)),
  solar_w_m2: new Array<number>(STEPS).fill(0),
  lower_c: new Array<number>(STEPS).fill(20.7),
  upper_c: new Array<number>(STEPS).fill(22.2),
  plan: {
    made: Date.parse("2026-01-15T11:52:30Z") / 1000,
    age_steps: 0.5,
    begin: [0, 1, 2, 6],
    end: [1, 2, 6, 100],
    room_c: [21, 21.2, 21.6, 20.8],
    heat_w: { pump: [2000, 4000, 0, 1000], boiler: [0, 0, 1000, 0] },
    power_w: [500, 1000, 0, 250],
  },
  ...changes,
});

export const overview = (changes: Partial<Overview> = {}): Overview => ({
  available: true,
  entry_id: "entry-1",
  can_control: true,
  name: "House",
  currency: "EUR",
  time: "2026-01-15T12:00:00+00:00",
  failing: false,
  state: "heating",
  control_mode: "plan",
  active: true,
  shadow: false,
  text: "Planned for a mild evening",
  limits: [],
  notes: [],
  room_c: 20.9,
  lower_c: 20.7,
  upper_c: 22.2,
  outdoor_c: 2.1,
  demand_w: 3000,
  heat: { value: 3200, estimated: false },
  power: { value: 900, estimated: false },
  cost_h: { value: 0.21, estimated: true },
  price_kwh: 0.24,
  sources: [source(), source({ id: "boiler", name: "Boiler", kind: "boiler", price_kwh: 0.12, commanded: false, heating: false, heat: { value: 0, estimated: false }, reason: "more_expensive" })],
  savings: { days: 30, saved: 38.4, low: 29.1, high: 47.2, percent: 31, cost: 85 },
  learning: { trusted: true, learned: true, progress: 100, hours: 400, expected: null, error_k: 0.3, limit_k: 0.8 },
  next_day: nextDay(),
  profile: "auto",
  overrides: [],
  zones: [{ id: "living", name: "Living room", room_c: 20.9, target_c: 21, window_open: false }],
  ...changes,
});
