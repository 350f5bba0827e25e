/** Configuration of the overview card. */

import { readSystem, type SystemConfig } from "../../lib/system-card.js";
import type { CardConfig } from "../../lib/types.js";
import { PARTS, TAG, type Part } from "./const.js";

export interface OverviewConfig extends SystemConfig {
  hide?: Part[];
}

export const stubConfig = (): OverviewConfig => ({ type: `custom:${TAG}` });

/** Validate a configuration; throws an Error with the field. */
export const readConfig = (config: CardConfig): OverviewConfig => {
  readSystem(config);
  const hide = config.hide ?? [];
  if (!Array.isArray(hide)) throw new Error("hide must be a list");
  for (const part of hide)
    if (!PARTS.includes(part as Part)) throw new Error(`hide: ${String(part)} is not one of ${PARTS.join(", ")}`);
  return config as OverviewConfig;
};
