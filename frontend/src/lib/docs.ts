/** Pages of the documentation. `scripts.tooling.addresses` changes the address here too. */

const DOCS = "https://heat-suite.github.io/heat-suite";

/** Return the address of a page in docs/: "cards.md#cop" -> ".../cards/#cop". */
export const docsPage = (file: string): string => `${DOCS}/${file.replace(/\.md(?=#|$)/, "/")}`;
