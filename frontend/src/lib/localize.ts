/** Texts in the user's language; English where a language or a text is missing. */

export interface Texts {
  [key: string]: string | Texts;
}

export type Languages = Record<string, Texts> & { en: Texts };

type Keys = { [key: string]: 0 | string | Keys };

/** In a bundle, the texts of a language are one string with a line per text, in the order of the English ones. */
const unpack = (like: Keys, lines: string[]): Texts =>
  Object.fromEntries(
    Object.entries(like).map(([key, text]) => [key, typeof text === "object" ? unpack(text, lines) : (lines.shift() ?? String(text))]),
  );

/** The first line of the English texts has their keys: "name,form{title,hide}". */
const keysOf = (line: string): Keys =>
  JSON.parse(`{${line.replace(/(\w+)({?)/g, (_, key: string, open: string) => `"${key}":${open || 0}`)}}`) as Keys;

/** The Cyrillic letters that a bundle writes as the letters a to z, in that order: in UTF-8 they take two bytes each. */
export const CYRILLIC = "абцдефгхийклмнопярстужвьыз";

/** Restore Cyrillic letters. Placeholders stay, and so does what is between backticks. */
const cyrillic = (text: string): string =>
  text.replace(/\{\w+\}|`([^`]*)`|[a-z]/gi, (found, latin: string | undefined) => {
    if (found[1]) return latin ?? found;
    const letter = CYRILLIC[(found.charCodeAt(0) & 31) - 1] ?? found;
    return found < "a" ? letter.toUpperCase() : letter;
  });

export const unpacked = (languages: Languages): Languages => {
  let keys: Keys = languages.en;
  const result = Object.entries(languages).map(([language, texts]) => {
    const { packed } = texts;
    if (typeof packed !== "string") return [language, texts];
    const lines = (language === "ru" ? cyrillic(packed) : packed).split("|");
    if (language === "en") keys = keysOf(lines.shift() ?? "");
    return [language, unpack(keys, lines)];
  });
  return Object.fromEntries(result) as Languages;
};

/** Return the text of a dotted key; `{name}` in it is replaced by the value of that name. */
export type Localize = (key: string, values?: Record<string, string | number>) => string;

const find = (texts: Texts | undefined, key: string): string | undefined => {
  let at: string | Texts | undefined = texts;
  for (const part of key.split(".")) at = typeof at === "object" ? at[part] : undefined;
  return typeof at === "string" ? at : undefined;
};

/** Keep a number on the line of its unit, or of what is counted. */
export const joined = (text: string): string => text.replace(/(\d) /g, "$1\u00a0");

/** Return the function for a language such as "de" or "de-CH". A key that exists nowhere is returned itself. */
export const localizer = (languages: Languages, language: string): Localize => {
  const texts = languages[language] ?? languages[language.split("-")[0] ?? "en"];
  return (key, values) => {
    const text = find(texts, key) ?? find(languages.en, key) ?? key;
    return joined(values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : text);
  };
};

/** Put texts that several cards share under the key "common". */
export const withCommon = (texts: Languages, common: Languages): Languages => {
  const merged: Languages = { en: {} };
  const [own, shared] = [unpacked(texts), unpacked(common)];
  for (const language of Object.keys(own)) merged[language] = { ...own[language], common: shared[language] ?? shared.en };
  return merged;
};

/** The language of the page before a card has `hass`: the picker shows names and descriptions at load time. */
export const pageLanguage = (): string => document.documentElement.lang || navigator.language || "en";
