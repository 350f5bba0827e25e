/** The form of the house report's visual editor. */

import type { Localize } from "../../lib/localize.js";
import type { CardConfig, ConfigForm } from "../../lib/types.js";
import { readConfig } from "./config.js";

export const configForm = (localize: Localize): ConfigForm => ({
  schema: [
    { name: "entry_id", selector: { config_entry: { integration: "proof_of_heat" } } },
    { name: "title", selector: { text: {} } },
  ],
  computeLabel: ({ name }) => localize(`editor.${name}`),
  computeHelper: ({ name }) => (name === "entry_id" ? localize("editor.entry_id_help") : undefined),
  assertConfig: (config: CardConfig) => void readConfig(config),
});
