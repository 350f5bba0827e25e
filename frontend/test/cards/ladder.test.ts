import { describe, expect, it } from "vitest";
import { ladder, sourceColors, whyNot } from "../../src/cards/heating-overview/ladder.js";
import { localizer } from "../../src/lib/localize.js";
import { TEXTS } from "../../src/lib/proof-of-heat.js";
import { source } from "./overview_data.js";

const localize = localizer(TEXTS, "en");

describe("ladder", () => {
  it("is sorted by price, unknown prices last", () => {
    const rungs = ladder([
      source({ id: "a", name: "A", price_kwh: null }),
      source({ id: "b", name: "B", price_kwh: 0.3 }),
      source({ id: "c", name: "C", price_kwh: 0.1 }),
    ]);
    expect(rungs.map((rung) => rung.source.id)).toEqual(["c", "b", "a"]);
    expect(rungs[2]?.bar).toBeNull();
    expect(rungs[1]?.bar).toEqual({ left: 0, width: 100 });
  });
  it("negative prices reach to the left of zero", () => {
    const [miner, pump] = ladder([source({ price_kwh: 0.3 }), source({ id: "miner", price_kwh: -0.1 })]);
    expect(miner?.bar).toEqual({ left: 0, width: 25 });
    expect(pump?.bar?.left).toBe(25);
    expect(pump?.bar?.width).toBeCloseTo(75);
  });
  it("has bars also if all prices are zero, and is empty without sources", () => {
    expect(ladder([source({ price_kwh: 0 })])[0]?.bar).toEqual({ left: 0, width: 0 });
    expect(ladder([])).toEqual([]);
  });
  it("distinguishes what is commanded from what heats", () => {
    const status = (changes: Parameters<typeof source>[0]): string | undefined => ladder([source(changes)])[0]?.status;
    expect(status({})).toBe("heating");
    expect(status({ heating: false })).toBe("commanded");
    expect(status({ commanded: false })).toBe("own");
    expect(status({ commanded: false, heating: false })).toBe("waiting");
    expect(status({ health: "auth" })).toBe("failing");
  });
  it("two sources of a kind have different colors", () => {
    const colors = sourceColors([source(), source({ id: "second" }), source({ id: "odd", kind: "new_kind" })]);
    expect(new Set(colors.values()).size).toBe(3);
  });
});

describe("whyNot", () => {
  it("names the integration's reason without repeating the source", () => {
    const text = "Boiler: minimum off time not reached";
    expect(whyNot(source({ name: "Boiler", reason: "min_off", reason_text: text }), localize)).toBe("Minimum off time not reached");
    expect(whyNot(source({ reason: "site_limit", reason_text: "the mains are full" }), localize)).toBe("The mains are full");
  });
  it("has words for its own codes and none for unknown ones", () => {
    expect(whyNot(source({ reason: "more_expensive" }), localize)).toBe("More expensive");
    expect(whyNot(source({ reason: "later_code" }), localize)).toBe("");
    expect(whyNot(source(), localize)).toBe("");
  });
});
