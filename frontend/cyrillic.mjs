// Cyrillic letters take two bytes each: a bundle has Latin ones instead (src/lib/localize.ts restores them), and backticks
// around what is Latin. `letters` are the Cyrillic letters that become a to z.
const asLatin = (letter, letters) => {
  const place = letters.indexOf(letter.toLowerCase());
  if (place < 0) return letter;
  const found = String.fromCharCode(97 + place);
  return letter === letter.toLowerCase() ? found : found.toUpperCase();
};

export const latin = (text, letters) =>
  text.replace(/\{\w+\}|[a-z]+|[а-я]/gi, (found) => {
    if (found.startsWith("{")) return found;
    return /^[a-z]/i.test(found) ? `\`${found}\`` : asLatin(found, letters);
  });
