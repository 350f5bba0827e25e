/** Configuration of the overview card. */

import type { CardConfig } from "../../lib/types.js";
import { PARTS, TAG, type Part } from "./const.js";

export interface OverviewConfig extends CardConfig {
  /** Config entry of the heating system; the first one if it is left out. */
  entry_id?: string;
  title?: string;
  hide?: Part[];
}

export const stubConfig = (): OverviewConfig => ({ type: `custom:${TAG}` });

/** Validate a configuration; throws an Error with the field. */
export const readConfig = (config: CardConfig): OverviewConfig => {
  for (const field of ["entry_id", "title"]) {
    const value = config[field];
    if (value !== undefined && typeof value !== "string") throw new Error(`${field} must be a text`);
  }
  const hide = config.hide ?? [];
  if (!Array.isArray(hide)) throw new Error("hide must be a list");
  for (const part of hide)
    if (!PARTS.includes(part as Part)) throw new Error(`hide: ${String(part)} is not one of ${PARTS.join(", ")}`);
  return config as OverviewConfig;
};
