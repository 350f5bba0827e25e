/** Configuration of the heating-curve card. */

import { readSystem, type SystemConfig } from "../../lib/system-card.js";
import type { CardConfig } from "../../lib/types.js";
import { TAG } from "./const.js";

export interface CurveConfig extends SystemConfig {
  /** True: show the curve without controls. */
  read_only?: boolean;
}

export const stubConfig = (): CurveConfig => ({ type: `custom:${TAG}` });

/** Validate a configuration; throws an Error with the field. */
export const readConfig = (config: CardConfig): CurveConfig => {
  readSystem(config);
  if (config.read_only !== undefined && typeof config.read_only !== "boolean") throw new Error("read_only must be true or false");
  return config as CurveConfig;
};
