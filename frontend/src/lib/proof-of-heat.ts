/** Texts of the cards of proof_of_heat. */

import de from "../localize/proof_of_heat/de.json";
import en from "../localize/proof_of_heat/en.json";
import fi from "../localize/proof_of_heat/fi.json";
import ru from "../localize/proof_of_heat/ru.json";
import { COMMON } from "./common.js";
import { withCommon } from "./localize.js";

export const TEXTS = withCommon({ en, de, fi, ru }, COMMON);
