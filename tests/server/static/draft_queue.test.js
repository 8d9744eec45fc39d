// Which files of a draft go together.

import "./english.js";

import assert from "node:assert/strict";
import { test } from "node:test";

import { isVideo, next } from "../../../src/flawflow/server/static/parts/draft_queue.js";

const file = (name, size = 1000, type = "") => ({ name, size, type });
const names = (files) => files.map(({ name }) => name);

test("pictures go sixteen at a time", () => {
  const waiting = Array.from({ length: 20 }, (_, i) => file(`${i}.png`));
  assert.equal(next(waiting).length, 16);
  assert.equal(next(waiting).length, 4);
  assert.equal(waiting.length, 0);
});

test("large ones go fewer at a time, and one that is too large alone", () => {
  const waiting = [20, 8, 10, 50].map((size, i) => file(`${i}.png`, size << 20));
  assert.deepEqual(names(next(waiting)), ["0.png", "1.png"]);
  assert.deepEqual(names(next(waiting)), ["2.png"]);
  assert.deepEqual(names(next(waiting)), ["3.png"]);
});

test("a video goes alone", () => {
  const waiting = [file("a.png"), file("b.MP4"), file("c", 1000, "video/webm"), file("d.png")];
  assert.deepEqual(waiting.map(isVideo), [false, true, true, false]);
  assert.deepEqual(names(next(waiting)), ["a.png"]);
  assert.deepEqual(names(next(waiting)), ["b.MP4"]);
  assert.deepEqual(names(next(waiting)), ["c"]);
  assert.deepEqual(names(next(waiting)), ["d.png"]);
});
