// What a browser remembers, also where it has no storage.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { recall, remember } from "../../../src/flawflow/server/static/settings.js";

const store = (items) => ({
  getItem: (name) => items.get(name) ?? null,
  setItem: (name, text) => items.set(name, text),
});

afterEach(() => delete globalThis.localStorage);

test("without storage a value holds until the reload", () => {
  assert.equal(recall("size", 24), 24);
  remember("size", 30);
  assert.equal(recall("size", 24), 30);
});

test("a value is kept as JSON under the page's own name", () => {
  const items = new Map([
    ["flawflow.before", "[1]"],
    ["flawflow.torn", "{"],
  ]);
  globalThis.localStorage = store(items);
  remember("opacity", 0.5);
  assert.equal(items.get("flawflow.opacity"), "0.5");
  assert.deepEqual(recall("before", null), [1]);
  assert.equal(recall("torn", "fallback"), "fallback");
  assert.equal(recall("missing", null), null);
});
