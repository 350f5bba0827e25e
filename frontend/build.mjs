// Build the bundles of the integrations: src/entries/<domain>.ts -> custom_components/<domain>/frontend/<domain>-cards.js
// and, next to each, runtime.js with what they share (src/runtime.ts).
//
//   node build.mjs               write the bundles
//   node build.mjs --out DIR     write them to DIR/<domain>/ instead, to compare
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { latin } from "./cyrillic.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const components = resolve(here, "..", "custom_components");
const at = process.argv.indexOf("--out");
const out = at > 0 ? resolve(process.argv[at + 1]) : null;
const PLACEHOLDER = "heat-suite-runtime";

// Templates keep their line breaks and indentation unless these are removed; styles also need no white space around signs.
const compactStyles = (styles) => styles.replace(/\s*([{};,])\s*/g, "$1").replace(/:\s+/g, ":").replace(/;}/g, "}");
// Members that are private to their class get short names, the same ones in all bundles: a class may extend one of the runtime.
const PRIVATE = /^  private (?:(?:readonly|async|get|declare) )*(\w+)/gm;
const privateMembers = (code) => new Set([...code.matchAll(PRIVATE)].map(([, name]) => name));
const sources = readdirSync(join(here, "src"), { recursive: true }).filter((file) => file.endsWith(".ts"));
const shortMembers = new Map(
  [...privateMembers(sources.map((file) => readFileSync(join(here, "src", file), "utf8")).join("\n"))]
    .sort()
    .map((name, index) => [name, `_${index.toString(36)}`]),
);
const withShortMembers = (code) => {
  for (const name of privateMembers(code)) {
    const short = shortMembers.get(name);
    code = code
      .replace(new RegExp(`^(  private (?:(?:readonly|async|get|declare) )*)${name}\\b`, "gm"), `$1${short}`)
      .replace(new RegExp(`\\bthis\\.${name}\\b`, "g"), `this.${short}`)
      .replace(/const \{([^}]*)\} = this;/g, (_, list) => `const {${list.replace(new RegExp(`\\b${name}\\b`), `${short}: ${name}`)}} = this;`);
  }
  return code;
};
const compactTemplates = {
  name: "compact-templates",
  enforce: "pre",
  transform(code, id) {
    if (!id.includes("/frontend/src/") || !id.endsWith(".ts")) return null;
    const short = withShortMembers(code).replace(/css`[^`$]*`/g, compactStyles).replace(/\n[ \t]+/g, "\n");
    return { code: short, map: null };
  },
};

// What Lit reports to developers (advice, and its version), and what it offers to polyfills and servers.
const ADVICE = /"Value passed to 'css' function must be[^;]*?security\."|\(\w+\.\w+Versions\?\?=\[\]\)\.push\("[\d.]+"\)/g;
const SUPPORT = /\w+\.\w+PolyfillSupport\b|\w+\.\w+HydrateSupport\?\.\([^)]*\)/g;
// Every browser that Home Assistant supports has constructable style sheets.
const STYLE_SHEETS = /\w+\.ShadowRoot&&\([^)]*\)&&"adoptedStyleSheets"in Document\.prototype&&"replace"in CSSStyleSheet\.prototype/;
const withoutAdvice = {
  name: "without-advice",
  transform: (code, id) =>
    id.includes("/node_modules/")
      ? { code: code.replace(ADVICE, "0").replace(SUPPORT, "void 0").replace(STYLE_SHEETS, "!0"), map: null }
      : null,
};

// As in src/lib/localize.ts.
const SEPARATOR = "|";
const [, CYRILLIC] = readFileSync(join(here, "src/lib/localize.ts"), "utf8").match(/CYRILLIC = "(\S+)"/);

// The texts of a language are packed into one string, in the order of the English ones, whose string begins with their
// keys (src/lib/localize.ts unpacks them).
const flat = (texts) => Object.values(texts).flatMap((text) => (typeof text === "string" ? [text] : flat(text)));
const ordered = (like, texts) =>
  Object.fromEntries(
    Object.entries(like).map(([key, text]) => [key, typeof text === "string" ? texts[key] : ordered(text, texts[key])]),
  );
const keys = (texts) =>
  Object.entries(texts)
    .map(([key, text]) => (typeof text === "string" ? key : `${key}{${keys(text)}}`))
    .join(",");
const packedTexts = {
  name: "packed-texts",
  enforce: "pre",
  load(id) {
    if (!/\/localize\/\w+\/\w+\.json$/.test(id)) return null;
    const english = JSON.parse(readFileSync(join(dirname(id), "en.json"), "utf8"));
    const texts = JSON.parse(readFileSync(id, "utf8"));
    const list = flat(ordered(english, texts));
    const reserved = new RegExp(`[${SEPARATOR}\`]`);
    if (list.some((text) => reserved.test(text))) throw new Error(`${id}: a text contains one of ${SEPARATOR} and \``);
    if (id.endsWith("/en.json")) list.unshift(keys(texts));
    const packed = list.join(SEPARATOR);
    return JSON.stringify({ packed: id.endsWith("/ru.json") ? latin(packed, CYRILLIC) : packed });
  },
};

const shared = [...readFileSync(join(here, "src/runtime.ts"), "utf8").matchAll(/from "\.\/([\w/-]+)\.js"/g)].map(
  ([, name]) => join(here, "src", `${name}.ts`),
);

// In the bundles, Lit and the shared modules are imports from the runtime.
const fromRuntime = {
  name: "from-runtime",
  enforce: "pre",
  resolveId(source, importer) {
    if (source === "lit" || source.startsWith("lit/")) return { id: PLACEHOLDER, external: true };
    if (!importer || !source.startsWith(".")) return null;
    const file = resolve(dirname(importer), source.replace(/\.js$/, ".ts"));
    return shared.includes(file) ? { id: PLACEHOLDER, external: true } : null;
  },
};

// What is left of the line breaks of templates; those of Lit's own expressions stay.
const oneLine = (code) => code.replace(/\n(?!\f)/g, " ");

const bundle = async (entry, plugins) => {
  const result = await build({
    root: here,
    configFile: false,
    logLevel: "warn",
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    plugins: [compactTemplates, packedTexts, withoutAdvice, ...plugins],
    json: { namedExports: true, stringify: false },
    build: {
      write: false,
      target: "es2022",
      minify: false,
      // Vite keeps the white space of a library for the bundler of its user; these bundles are final.
      rolldownOptions: { output: { minify: true, comments: false } },
      lib: { entry, formats: ["es"], fileName: () => "bundle.js" },
    },
  });
  const chunks = (Array.isArray(result) ? result : [result]).flatMap((part) => part.output);
  if (chunks.length !== 1 || chunks[0].type !== "chunk") throw new Error(`${entry}: one file expected, not ${chunks.length}`);
  return oneLine(chunks[0].code);
};

// A bundle names what it imports from its own runtime only, so that these names can be short.
const long = await bundle(join(here, "src/runtime.ts"), []);
const EXPORTS = /export\{([^}]*)\};?\s*$/;
const names = (list) => list.split(",").map((item) => item.split(" as ").map((name) => name.trim()));
const shortNames = new Map(
  names(long.match(EXPORTS)[1])
    .map((pair) => pair.at(-1))
    .sort()
    .map((name, index) => [name, `$${index.toString(36)}`]),
);
const runtime = long.replace(
  EXPORTS,
  (_, list) => `export{${names(list).map((pair) => `${pair[0]} as ${shortNames.get(pair.at(-1))}`)}};`,
);
const withShortNames = (code) =>
  code.replace(
    new RegExp(`import\\{([^}]*)\\}from"${PLACEHOLDER}"`, "g"),
    (_, list) => `import{${names(list).map((pair) => `${shortNames.get(pair[0])} as ${pair.at(-1)}`)}}from"${PLACEHOLDER}"`,
  );
const url = `/heat_suite_static/runtime-${createHash("sha256").update(runtime).digest("hex").slice(0, 12)}.js`;
const entries = join(here, "src/entries");
for (const file of existsSync(entries) ? readdirSync(entries).sort() : []) {
  const domain = file.replace(/\.ts$/, "");
  const code = withShortNames(await bundle(join(entries, file), [fromRuntime]));
  const folder = out ? join(out, domain) : join(components, domain, "frontend");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${domain}-cards.js`), code.replaceAll(PLACEHOLDER, url));
  writeFileSync(join(folder, "runtime.js"), runtime);
}
