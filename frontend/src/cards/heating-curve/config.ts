/** Configuration of the heating-curve card. */

import type { CardConfig } from "../../lib/types.js";
import { TAG } from "./const.js";

export interface CurveConfig extends CardConfig {
  /** Config entry of the heating system; the first one if it is left out. */
  entry_id?: string;
  title?: string;
  /** True: show the curve without controls. */
  read_only?: boolean;
}

export const stubConfig = (): CurveConfig => ({ type: `custom:${TAG}` });

/** Validate a configuration; throws an Error with the field. */
export const readConfig = (config: CardConfig): CurveConfig => {
  for (const field of ["entry_id", "title"]) {
    const value = config[field];
    if (value !== undefined && typeof value !== "string") throw new Error(`${field} must be a text`);
  }
  if (config.read_only !== undefined && typeof config.read_only !== "boolean") throw new Error("read_only must be true or false");
  return config as CurveConfig;
};
