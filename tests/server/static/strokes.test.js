// Strokes of a drawing, on a context that notes what it is asked to do.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeStrokes } from "../../../src/flawflow/server/static/parts/strokes.js";

/** Give a context that keeps what would be seen: the lines and maps since the last clearing. */
function paper() {
  const context = {
    canvas: { width: 40, height: 30 },
    seen: [],
    clearRect: () => {
      context.seen = [];
    },
    drawImage: (map) => context.seen.push(map),
    beginPath: () => {},
    moveTo: () => {},
    lineTo: (x, y) => context.seen.push(`${context.globalCompositeOperation.split("-")[0]} ${x},${y}`),
    closePath: () => {},
    fill: () => context.seen.push("area"),
    stroke: () => {},
  };
  return context;
}

const at = (x, y) => ({ x, y, size: 4 });

test("the last stroke is taken back whole, and the others stay", () => {
  const context = paper();
  let changes = 0;
  const strokes = makeStrokes(context, () => (changes += 1));
  strokes.add({ erase: false, points: [at(1, 1)] });
  strokes.go([at(2, 1), at(3, 1)]);
  strokes.add({ erase: true, points: [at(2, 2)] });
  assert.deepEqual(context.seen, ["source 1,1", "source 2,1", "source 3,1", "destination 2,2"]);
  strokes.undo();
  assert.deepEqual(context.seen, ["source 1,1", "source 2,1", "source 3,1"]);
  strokes.undo();
  strokes.undo();
  assert.deepEqual(context.seen, []);
  assert.equal(strokes.count(), 0);
  assert.equal(changes, 5);
});

test("what was kept before is no stroke", () => {
  const context = paper();
  const strokes = makeStrokes(context, () => {});
  strokes.add({ erase: false, points: [at(1, 1)] });
  // It may arrive when somebody draws already.
  strokes.begin("kept");
  assert.deepEqual(context.seen, ["kept", "source 1,1"]);
  strokes.add({ clear: true });
  assert.deepEqual(context.seen, []);
  strokes.undo();
  strokes.undo();
  strokes.undo();
  assert.deepEqual(context.seen, ["kept"]);
});

test("a heat map is one step, which is not gone on with", () => {
  const context = paper();
  const strokes = makeStrokes(context, () => {});
  strokes.add({ map: "heat" });
  strokes.go([at(1, 1)]);
  assert.deepEqual(context.seen, ["heat"]);
  strokes.undo();
  assert.deepEqual(context.seen, []);
});

test("an area is one step whose corners may move, and nothing is left after a reset", () => {
  const context = paper();
  const strokes = makeStrokes(context, () => {});
  strokes.begin("kept");
  strokes.add({ shape: [at(1, 1)] });
  assert.deepEqual(context.seen, ["kept", "source 1,1", "area"]);
  strokes.reshape([at(1, 1), at(5, 1), at(5, 5)]);
  assert.deepEqual(context.seen, ["kept", "source 5,1", "source 5,5", "area"]);
  strokes.undo();
  assert.deepEqual(context.seen, ["kept"]);
  strokes.add({ shape: [at(1, 1)] });
  strokes.reset();
  assert.deepEqual(context.seen, []);
  assert.equal(strokes.count(), 0);
});
