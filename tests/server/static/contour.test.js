// Outlines of anomaly maps by marching squares.

import assert from "node:assert/strict";
import { test } from "node:test";

import { outline } from "../../../src/flawflow/server/static/parts/contour.js";

/** Give the lines of a path as [[x, y], [x, y]]. */
const lines = (path) =>
  [...path.matchAll(/M(\S+) (\S+)L(\S+) ([^M]+)/g)].map(([, ...numbers]) => {
    const [a, b, c, d] = numbers.map(Number);
    return [
      [a, b],
      [c, d],
    ];
  });

function mapOf(rows) {
  const levels = Uint8Array.from(rows.flat());
  return { width: rows[0].length, height: rows.length, levels };
}

function noise(width, height) {
  let state = 20211;
  const next = () => {
    state = (1103515245 * state + 12345) % 2 ** 31;
    return state >> 23;
  };
  return { width, height, levels: Uint8Array.from({ length: width * height }, next) };
}

test("nothing above the threshold has no outline", () => {
  assert.equal(outline(mapOf([[3, 3]]), 3), "");
});

test("one pixel is surrounded, half a pixel away where the step is even", () => {
  const path = outline(
    mapOf([
      [0, 0, 0],
      [0, 200, 0],
      [0, 0, 0],
    ]),
    100,
  );
  const points = lines(path).flat();
  assert.equal(lines(path).length, 4);
  for (const [x, y] of points) assert.equal(Math.abs(x - 1.5) + Math.abs(y - 1.5), 0.5);
});

test("every outline is closed, at the map's edge too: each point begins one line and ends one", () => {
  const map = noise(23, 17);
  for (const threshold of [0, 60, 128, 254]) {
    const begins = new Map();
    const ends = new Map();
    for (const [from, to] of lines(outline(map, threshold))) {
      begins.set(`${from}`, (begins.get(`${from}`) ?? 0) + 1);
      ends.set(`${to}`, (ends.get(`${to}`) ?? 0) + 1);
    }
    assert.ok(begins.size > 0);
    assert.deepEqual([...begins].sort(), [...ends].sort());
  }
});

test("the outline lies in the map, one pixel around it at most", () => {
  for (const [x, y] of lines(outline(noise(9, 5), 128)).flat()) {
    assert.ok(x >= -0.5 && x <= 9.5 && y >= -0.5 && y <= 5.5, `${x} ${y}`);
  }
});
