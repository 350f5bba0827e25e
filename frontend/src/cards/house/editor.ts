/** The form of the house report's visual editor. */

import type { Localize } from "../../lib/localize.js";
import { systemForm } from "../../lib/system-card.js";
import type { ConfigForm } from "../../lib/types.js";
import { readConfig } from "./config.js";

export const configForm = (localize: Localize): ConfigForm => systemForm(localize, readConfig);
