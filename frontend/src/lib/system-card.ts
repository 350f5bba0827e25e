/** Configuration and visual editor that all cards of a heating system share. */

import type { Localize } from "./localize.js";
import type { CardConfig, ConfigForm, FormField } from "./types.js";

export interface SystemConfig extends CardConfig {
  /** Config entry of the heating system; default: the first one. */
  entry_id?: string;
  title?: string;
}

/** Validate a configuration; throws an Error with the field. */
export const readSystem = <C extends SystemConfig>(config: CardConfig): C => {
  for (const field of ["entry_id", "title"]) {
    const value = config[field];
    if (value !== undefined && typeof value !== "string") throw new Error(`${field} must be a text`);
  }
  return config as C;
};

/** The form of the visual editor: heating system, title, and the fields of the card. */
export const systemForm = (localize: Localize, read: (config: CardConfig) => CardConfig, ...fields: FormField[]): ConfigForm => ({
  schema: [
    { name: "entry_id", selector: { config_entry: { integration: "proof_of_heat" } } },
    { name: "title", selector: { text: {} } },
    ...fields,
  ],
  computeLabel: ({ name }) => localize(`editor.${name}`),
  computeHelper: ({ name }) => (name === "entry_id" ? localize("editor.entry_id_help") : undefined),
  assertConfig: (config: CardConfig) => void read(config),
});

/** The options of a command for the card's heating system. */
export const ofSystem = ({ entry_id }: SystemConfig): { entry_id?: string } => (entry_id ? { entry_id } : {});
