/** Texts in the user's language; English where a language or a text is missing. */

export interface Texts {
  [key: string]: string | Texts;
}

export type Languages = Record<string, Texts> & { en: Texts };

/** In a bundle, the texts of a language are one string with a line per text, in the order of the English ones. */
const unpack = (like: Texts, lines: string[]): Texts =>
  Object.fromEntries(
    Object.entries(like).map(([key, text]) => [key, typeof text === "string" ? (lines.shift() ?? text) : unpack(text, lines)]),
  );

/** The Cyrillic letters that a bundle writes as the letters a to z, in that order: in UTF-8 they take two bytes each. */
export const CYRILLIC = "абцдефгхийклмнопярстужвьыз";

/** Restore Cyrillic letters. Placeholders stay, and so does what is between backticks. */
const cyrillic = (text: string): string =>
  text.replace(/\{\w+\}|`([^`]*)`|[a-z]/gi, (found, latin: string | undefined) => {
    if (found[1]) return latin ?? found;
    const letter = CYRILLIC[(found.charCodeAt(0) & 31) - 1] ?? found;
    return found < "a" ? letter.toUpperCase() : letter;
  });

const unpacked = (languages: Languages): Languages => {
  const result: Languages = { en: languages.en };
  for (const [language, texts] of Object.entries(languages)) {
    const { packed } = texts;
    result[language] =
      typeof packed === "string" ? unpack(languages.en, (language === "ru" ? cyrillic(packed) : packed).split("|")) : texts;
  }
  return result;
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
