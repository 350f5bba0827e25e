/** What the panel knows of hubs and outlets, built from the messages of the subscription. */

export interface Socket {
  entity_id: string;
  is_on: boolean | null;
  /** The state that an open command asks for; null without one. */
  pending: boolean | null;
  current_ma: number | null;
  power_w: number | null;
  tripped: boolean;
  over_threshold: boolean;
  protected: boolean;
  can_control: boolean;
}

export interface Outlet {
  device_id: string;
  name: string;
  location: string;
  online: boolean;
  threshold: number;
  is_overload: boolean;
  can_set_threshold: boolean;
  sockets: Record<"a" | "b", Socket>;
}

/** Sockets ("FE/a") by their result. */
export interface PowerOff {
  id: string;
  finished: boolean;
  pending: string[];
  confirmed: string[];
  unreachable: string[];
  protected: string[];
}

export interface Hub {
  name: string;
  online: boolean;
  main_current: number | null;
  main_power_w: number | null;
  main_threshold: number;
  over_main_threshold: boolean;
  is_sum: boolean;
  alerts: number;
  active_alerts: number;
  outlets: string[];
  cut: PowerOff | null;
  restorable: string[];
  can_switch_off: boolean;
  can_dismiss: boolean;
  can_set_threshold: boolean;
}

export interface Message {
  entry_id: string;
  hub?: Hub;
  outlet?: Outlet;
}

export interface Alert {
  id: string;
  entry_id: string;
  message: string;
  created: string;
  /** When its reason ended; null while it persists. What happened in a moment ended then. */
  cleared: string | null;
  kind: string;
}

export interface Panel {
  hub: Hub | undefined;
  outlets: Record<string, Outlet>;
}

export type Panels = Record<string, Panel>;

export const merge = (panels: Panels, message: Message): Panels => {
  const before = panels[message.entry_id] ?? { hub: undefined, outlets: {} };
  const hub = message.hub ?? before.hub;
  let { outlets } = before;
  if (message.outlet) outlets = { ...outlets, [message.outlet.device_id]: message.outlet };
  // A removed outlet is no longer listed by its hub.
  if (message.hub) outlets = Object.fromEntries(Object.entries(outlets).filter(([id]) => message.hub?.outlets.includes(id)));
  return { ...panels, [message.entry_id]: { hub, outlets } };
};

/** The outlets of a hub in its order. */
export const ordered = (panel: Panel): Outlet[] =>
  (panel.hub?.outlets ?? Object.keys(panel.outlets)).flatMap((id) => panel.outlets[id] ?? []);

/** The name of a socket such as "FE/a": "Kitchen A". */
export const socketName = (panel: Panel, id: string): string => {
  const [device = "", socket = ""] = id.split("/");
  return `${panel.outlets[device]?.name ?? device} ${socket.toUpperCase()}`;
};

/** Amperes of a text in the user's notation as mA; undefined if it is not a number. Empty is 0: no limit. */
export const parseAmperes = (text: string): number | undefined => {
  const value = Number(text.trim().replace(",", "."));
  return Number.isFinite(value) && value >= 0 ? Math.round(value * 1000) : undefined;
};
