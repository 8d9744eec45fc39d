import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document ??= { getElementById: () => null };
const { cellLevels } = await import("../../../src/flawflow/server/static/parts/places.js");

test("a single region is seen beside heaps, and the most are the brightest", () => {
  const levels = cellLevels({
    side: 2,
    cells: [
      [0, 1],
      [3, 200],
    ],
  });
  assert.deepEqual([...levels], [90, 0, 0, 255]);
});
