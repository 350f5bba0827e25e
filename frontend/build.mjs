// Build one bundle per integration: src/entries/<domain>.ts -> custom_components/<domain>/frontend/<domain>-cards.js.
//
//   node build.mjs               write the bundles
//   node build.mjs --out DIR     write them to DIR/<domain>-cards.js instead, to compare
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const components = resolve(here, "..", "custom_components");
const at = process.argv.indexOf("--out");
const out = at > 0 ? resolve(process.argv[at + 1]) : null;

// Templates keep their line breaks and indentation unless these are removed.
const compactTemplates = {
  name: "compact-templates",
  enforce: "pre",
  transform(code, id) {
    if (!id.includes("/frontend/src/") || !id.endsWith(".ts")) return null;
    return { code: code.replace(/\n[ \t]+/g, "\n"), map: null };
  },
};

const entries = join(here, "src/entries");
for (const file of existsSync(entries) ? readdirSync(entries).sort() : []) {
  const domain = file.replace(/\.ts$/, "");
  const result = await build({
    root: here,
    configFile: false,
    logLevel: "warn",
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    plugins: [compactTemplates],
    json: { namedExports: true, stringify: false },
    build: {
      write: false,
      target: "es2022",
      minify: false,
      // Vite keeps the white space of a library for the bundler of its user; these bundles are final.
      rolldownOptions: { output: { minify: true, comments: false } },
      lib: { entry: join(here, "src/entries", file), formats: ["es"], fileName: () => `${domain}-cards.js` },
    },
  });
  const chunks = (Array.isArray(result) ? result : [result]).flatMap((part) => part.output);
  const code = chunks.find((chunk) => chunk.type === "chunk");
  if (chunks.length !== 1 || !code) throw new Error(`${domain}: one file expected, not ${chunks.length}`);
  const target = out ? join(out, `${domain}-cards.js`) : join(components, domain, "frontend", `${domain}-cards.js`);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, code.code);
}
