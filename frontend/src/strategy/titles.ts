/** The texts of the dashboard; short, because every bundle contains them. */

import { unpacked, type Languages } from "../lib/localize.js";
import de from "../localize/dashboard/de.json";
import en from "../localize/dashboard/en.json";
import fi from "../localize/dashboard/fi.json";
import ru from "../localize/dashboard/ru.json";

export type ViewKey = "overview" | "heating" | "outlets" | "energy" | "devices" | "firmware";
export type Titles = Record<ViewKey | "description" | "setUpEnergy", string>;

export const NAME = "Heat suite";

const TITLES = unpacked({ en, de, fi, ru }) as Record<string, Titles> & { en: Titles } & Languages;

/** The titles of a language such as "de" or "de-CH"; English ones for another. */
export const titlesIn = (language: string): Titles => TITLES[language.split("-")[0] ?? ""] ?? TITLES.en;
