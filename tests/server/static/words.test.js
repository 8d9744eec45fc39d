// Numbers said in words: the same sentences as those of the Python report.

import assert from "node:assert/strict";
import { test } from "node:test";

import "./english.js";

import {
  clock,
  moment,
  origin,
  percent,
  pValue,
  rarity,
  score,
} from "../../../src/flawflow/server/static/words.js";

test("a p-value is said as in the report", () => {
  assert.equal(rarity(0.004, 999), "About 1 good part in 250 scores this high");
  assert.equal(rarity(0.4, 999), "About 1 good part in 3 scores this high");
  assert.equal(rarity(0.9, 999), "Most good parts score this high");
  assert.equal(rarity(0.001, 999), "Higher than all 999 good parts of the calibration");
  assert.equal(rarity(0.5, 1), "Higher than the one good part of the calibration");
});

test("the least p-value is that of a score above all, rounded or not", () => {
  for (const count of [1, 7, 99, 1000]) {
    assert.match(rarity(1 / (count + 1), count), /^Higher than/);
    assert.match(rarity(Number((1 / (count + 1)).toPrecision(2)), count), /^Higher than/);
    if (count > 3) assert.doesNotMatch(rarity(2 / (count + 1), count), /^Higher than/);
  }
});

test("figures have the digits they need", () => {
  assert.equal(percent(0.01), "1 %");
  assert.equal(percent(0.0123456), "1.2 %");
  assert.equal(percent(0.29), "29 %");
  assert.equal(score(12.345678), "12.35");
  assert.equal(score(0.1 + 0.2), "0.3");
  assert.equal(pValue(0.00999), "0.01");
});

test("a time of today has no date, another has one", () => {
  const now = new Date();
  assert.match(clock(now.toISOString()), /^\d\d:\d\d:\d\d$/);
  assert.equal(clock("2021-07-27T12:34:56"), moment("2021-07-27T12:34:56"));
  assert.equal(moment("2021-07-27T12:34:56"), "2021-07-27 12:34:56");
});

test("a picture's origin keeps the colons of its address", () => {
  assert.equal(origin("upload"), "sent from a browser or program");
  assert.equal(origin("stream:rtsp://camera:554/a"), "video stream rtsp://camera:554/a");
  assert.equal(origin("elsewhere:x"), "elsewhere x");
});
