/** The rollouts as the server sends them, and what the card makes of them. */

export type DeviceState =
  | "offered"
  | "downloading"
  | "installing"
  | "rebooting"
  | "verified"
  | "failed"
  | "rolled_back"
  | "canceled";

export interface Wave {
  percent: number;
  devices: number;
  not_before: string | null;
  states: Partial<Record<DeviceState, number>>;
}

export interface RolloutDevice {
  device: string;
  name: string;
  wave: number;
  version: string | null;
  state: DeviceState | null;
  progress: number | null;
  reason: string | null;
}

export interface Rollout {
  rollout: string;
  name: string;
  product: string;
  versions: string[];
  status: "scheduled" | "running" | "paused" | "succeeded" | "aborted" | "rolled_back";
  pause_reason: string | null;
  wave: number;
  waves: number;
  devices: number;
  verified: number;
  failed: number;
  in_flight: number;
  gate: "advance" | "wait" | "stop";
  gate_reason: string;
  gate_details: {
    members: number;
    finished: number;
    confirmed: number;
    failures: number;
    needed: number;
    soak_s: number;
    soak_ends: string | null;
  };
  wave_list: Wave[];
  device_list: RolloutDevice[];
  reasons: Record<string, number>;
}

export interface Release {
  release_id: string;
  product: string;
  chip: string;
  version: string;
  channel: string;
  signed_by: string | null;
  devices: number;
}

export interface Overview {
  available: boolean;
  is_admin?: boolean;
  rollouts?: Rollout[];
  releases?: Release[];
}

export type Verb = "pause" | "resume" | "abort" | "promote" | "retry" | "rollback";

/** The operations that a rollout in this status allows. */
export const verbsOf = (rollout: Rollout): Verb[] => {
  const failed: Verb[] = rollout.failed > 0 ? ["retry"] : [];
  switch (rollout.status) {
    case "scheduled":
      return ["promote", "abort"];
    case "running":
      return [...(rollout.wave < rollout.waves ? (["promote"] as Verb[]) : []), "pause", "abort"];
    case "paused":
      return ["resume", ...failed, "abort", "rollback"];
    default:
      return [];
  }
};

/** Devices of a wave that have a result, updating ones and those still to come. */
export const progressOf = (wave: Wave): { done: number; failed: number; busy: number; open: number } => {
  const count = (...states: DeviceState[]): number => states.reduce((sum, state) => sum + (wave.states[state] ?? 0), 0);
  const done = count("verified");
  const failed = count("failed", "rolled_back");
  const busy = count("offered", "downloading", "installing", "rebooting");
  return { done, failed, busy, open: Math.max(0, wave.devices - done - failed - busy) };
};

/** The files of a drop: an image, and its manifest and signature where they are there. */
export interface Upload {
  image: File;
  manifest: File | undefined;
  signature: File | undefined;
}

const IMAGE = /\.(bin|gz|swu)$/i;

export const uploadOf = (files: Iterable<File>): Upload | undefined => {
  const all = [...files];
  const image = all.find((file) => IMAGE.test(file.name));
  if (!image) return undefined;
  return {
    image,
    manifest: all.find((file) => /\.json$/i.test(file.name)),
    signature: all.find((file) => /\.(sig|minisig|asc)$/i.test(file.name)),
  };
};

/** Releases by product and version, newest first as the server sends them. */
export const offers = (releases: Release[]): { product: string; version: string; devices: number; chips: string[] }[] => {
  const found: Record<string, { product: string; version: string; devices: number; chips: string[] }> = {};
  for (const { product, version, devices, chip } of releases) {
    const offer = (found[`${product}\n${version}`] ??= { product, version, devices: 0, chips: [] });
    offer.devices += devices;
    offer.chips.push(chip);
  }
  return Object.values(found);
};
