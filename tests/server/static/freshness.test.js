// When a verdict is none any more.

import assert from "node:assert/strict";
import { test } from "node:test";

import { overdue, staleness } from "../../../src/flawflow/server/static/freshness.js";

const every = (gap, count) => Array.from({ length: count }, (_, i) => 1_000_000 - gap * i);
const fresh = { now: 1_000_000, silence: 0, trouble: null, times: [999_000], limit: 5000 };

test("a picture is overdue after three times the usual pause", () => {
  assert.equal(overdue(every(10_000, 8), null), 30_000);
  // Two in eleven pauses were breaks.
  const times = [10_000_000];
  for (const gap of [2, 2, 900, 2, 2, 2, 900, 2, 2, 2, 2]) times.push(times.at(-1) - 1000 * gap);
  assert.equal(overdue(times, null), 6000);
});

test("a fast source is not overdue for a moment's silence", () => {
  assert.equal(overdue(every(25, 16), null), 5000);
});

test("before a rhythm is known the interval that was set counts, else ten minutes", () => {
  assert.equal(overdue(every(1000, 4), 2000), 6000);
  assert.equal(overdue([], 60_000), 180_000);
  assert.equal(overdue(every(1000, 4), null), 600_000);
  // A stream that is slower than it was set is not late all the time.
  assert.equal(overdue(every(10_000, 8), 1000), 30_000);
});

test("a verdict on a picture of now is one", () => {
  assert.equal(staleness(fresh), null);
});

test("a station that is not heard comes before all else", () => {
  const trouble = { why: "source", text: "gone", since: 1 };
  assert.deepEqual(staleness({ ...fresh, silence: 8000, trouble }), {
    why: "station",
    text: "",
    since: 992_000,
  });
  assert.deepEqual(staleness({ ...fresh, trouble }), trouble);
});

test("a picture that is overdue says since when", () => {
  assert.equal(staleness({ ...fresh, now: 1_004_000 }), null);
  assert.deepEqual(staleness({ ...fresh, now: 1_004_001 }), { why: "late", text: "", since: 999_000 });
  assert.equal(staleness({ ...fresh, now: 9_000_000, limit: null }), null);
  assert.equal(staleness({ ...fresh, times: [] }), null);
});
