// The page's words for tests: import this before anything that says something.

import { readFileSync } from "node:fs";

import { setCatalogue } from "../../../src/flawflow/server/static/i18n.js";

const folder = new URL("../../../src/flawflow/server/static/languages/", import.meta.url);

/** Give the catalogue of a language. */
export const catalogue = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf-8"));

setCatalogue("en", catalogue("en"));
