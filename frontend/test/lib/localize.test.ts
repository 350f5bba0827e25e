import { describe, expect, it } from "vitest";
import { latin } from "../../cyrillic.mjs";
import { CYRILLIC, localizer, withCommon, type Languages } from "../../src/lib/localize.js";

const texts: Languages = {
  en: { title: "Heating", plan: { next: "Next {hours} h for {name}" } },
  de: { title: "Heizung", plan: {} },
};

describe("localizer", () => {
  it("takes the language, also of a region", () => {
    expect(localizer(texts, "de")("title")).toBe("Heizung");
    expect(localizer(texts, "de-CH")("title")).toBe("Heizung");
  });
  it("falls back to English for a language and for a text", () => {
    expect(localizer(texts, "sv")("title")).toBe("Heating");
    expect(localizer(texts, "de")("plan.next", { hours: 24, name: "A" })).toBe("Next 24\u00a0h for A");
  });
  it("leaves a placeholder without a value, and returns an unknown key", () => {
    expect(localizer(texts, "en")("plan.next", { hours: 0 })).toBe("Next 0\u00a0h for {name}");
    expect(localizer(texts, "en")("plan")).toBe("plan");
    expect(localizer(texts, "en")("no.such.key")).toBe("no.such.key");
  });
  it("adds common texts", () => {
    const merged = withCommon(texts, { en: { save: "Save" }, de: { save: "Speichern" } });
    expect(localizer(merged, "de")("common.save")).toBe("Speichern");
    expect(localizer(merged, "fi")("common.save")).toBe("Save");
  });
  it("unpacks the texts of a language that a bundle has as one string", () => {
    const packed = { en: { title: "Heating", plan: { next: "Next", last: "Last" } }, fi: { packed: "Lämmitys|Seuraava" } };
    const merged = withCommon(packed, { en: { save: "Save" }, fi: { packed: "Tallenna" } });
    expect(["title", "plan.next", "plan.last", "common.save"].map((key) => localizer(merged, "fi")(key))).toEqual([
      "Lämmitys", "Seuraava", "Last", "Tallenna",
    ]);
  });
  it("unpacks English texts by their keys, which are their first line", () => {
    const packed = { en: { packed: "title,plan{next,part{last}},end|Heating|Next|Last|End" }, de: { packed: "Heizung|Nächste|Letzte|Ende" } };
    const merged = withCommon(packed, { en: { packed: "save|Save" } });
    const all = (language: string): string[] => ["title", "plan.next", "plan.part.last", "end", "common.save"].map((key) => localizer(merged, language)(key));
    expect(all("en")).toEqual(["Heating", "Next", "Last", "End", "Save"]);
    expect(all("de")).toEqual(["Heizung", "Nächste", "Letzte", "Ende", "Save"]);
  });
  it("restores the Cyrillic letters of a bundle", () => {
    const text = "Обогрев {names}: ≈ 3\u00a0кВт, COP насоса, ёж|Чтобы Юг 5\u00a0W/K: {size}{unit}";
    expect(latin("Сохранить {names} COP", CYRILLIC)).toBe("Sohranitx {names} `COP`");
    const merged = withCommon({ en: { first: "", second: "" }, ru: { packed: latin(text, CYRILLIC) } }, { en: {} });
    expect(["first", "second"].map((key) => localizer(merged, "ru")(key))).toEqual(text.split("|"));
  });
});
