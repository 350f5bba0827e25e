/** The texts that all cards share. */

import de from "../localize/common/de.json";
import en from "../localize/common/en.json";
import fi from "../localize/common/fi.json";
import ru from "../localize/common/ru.json";
import type { Languages } from "./localize.js";

export const COMMON: Languages = { en, de, fi, ru };
