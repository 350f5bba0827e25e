import { describe, expect, it } from "vitest";
import { docsPage } from "../../src/lib/docs.js";

describe("docsPage", () => {
  it.each([
    ["dashboard.md", "/dashboard/"],
    ["cards.md#house-report", "/cards/#house-report"],
    ["guides/first-evening.md", "/guides/first-evening/"],
  ])("%s is %s on the site", (file, page) => {
    expect(docsPage(file)).toMatch(/^https:\/\/[\w.-]+\/[\w-]+\/[\w/#-]+$/);
    expect(docsPage(file).endsWith(page)).toBe(true);
  });
});
