// Where a threshold can be put.

import assert from "node:assert/strict";
import { test } from "node:test";

import { nearest } from "../../../src/flawflow/server/static/parts/histogram.js";

test("the nearest score is found, of equal ones the last", () => {
  assert.equal(nearest([1, 2, 4], 2.9), 1);
  assert.equal(nearest([1, 2, 4], 3.1), 2);
  assert.equal(nearest([1, 2, 2, 4], 2), 2);
  assert.equal(nearest([1, 3], 2), 1);
  assert.equal(nearest([5], 100), 0);
});
