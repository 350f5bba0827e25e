import { describe, expect, it } from "vitest";
import { TEXTS as outlets } from "../src/cards/outlet-panel/card.js";
import { TEXTS as rollouts } from "../src/cards/rollout/card.js";
import { TEXTS as schedule } from "../src/cards/week-schedule/card.js";
import type { Languages, Texts } from "../src/lib/localize.js";

const flat = (value: string | Texts | undefined, path = ""): string[] =>
  typeof value === "object"
    ? Object.entries(value).flatMap(([key, part]) => flat(part, `${path}.${key}`))
    : [`${path} ${[...String(value).matchAll(/\{\w+\}/g)].map(([name]) => name).sort().join(" ")}`];

const ALL: [string, Languages][] = [
  ["outlets", outlets],
  ["rollouts", rollouts],
  ["schedule", schedule],
];

describe.each(ALL)("the texts of %s", (_name: string, texts: Languages) => {
  it.each(["de", "fi", "ru"])("have the same keys and placeholders in %s", (language: string) => {
    expect(flat(texts[language]).sort()).toEqual(flat(texts.en).sort());
  });
});
