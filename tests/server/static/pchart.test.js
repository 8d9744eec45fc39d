import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document ??= { getElementById: () => null };
const { niceTop } = await import("../../../src/flawflow/server/static/parts/pchart.js");

test("the scale ends at a number that is read easily, and never cuts a point off", () => {
  for (const largest of [0.001, 0.0123, 0.05, 0.11, 0.2, 0.49, 0.7, 1]) {
    const top = niceTop(largest);
    assert.ok(top >= largest, `${top} < ${largest}`);
    assert.ok(top <= 1 && top <= 2.5 * largest + 1e-9, `${top} is far above ${largest}`);
    assert.ok([1, 2, 5].includes(Number(top.toExponential().split("e")[0])), String(top));
  }
  assert.equal(niceTop(0), 0.01);
});
