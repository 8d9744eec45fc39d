// NGs that wait until somebody acknowledges them.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { acknowledge, chooseLatch, loadLatch, waitingNg } from "../../../src/flawflow/server/static/latch.js";
import { tell } from "../../../src/flawflow/server/static/live.js";
import { remember } from "../../../src/flawflow/server/static/settings.js";

const of = (id, verdict = "NG", source = "watch:/a", model = "part") => ({ id, verdict, source, model });
const ids = (...where) => waitingNg(...where).map(({ id }) => id);
let record = [];

beforeEach(() => {
  record = [];
  mock.method(globalThis, "fetch", async (path) => {
    const query = new URL(path, "http://station").searchParams;
    const found = record
      .filter(
        ({ verdict, id }) => verdict === (query.get("verdict") ?? verdict) && id > (query.get("after") ?? 0),
      )
      .sort((a, b) => b.id - a.id);
    return new Response(JSON.stringify({ inspections: found }));
  });
});
afterEach(async () => {
  await chooseLatch(false);
  mock.restoreAll();
});

test("without the choice nothing waits", () => {
  tell("inspection", of(1));
  assert.deepEqual(ids("part"), []);
});

test("one NG among many OKs waits until it is acknowledged", async () => {
  record = [of(10, "OK")];
  await chooseLatch(true);
  for (let id = 11; id < 51; id += 1) tell("inspection", of(id, id === 20 ? "NG" : "OK"));
  assert.deepEqual(ids("part"), [20]);
  acknowledge("part");
  assert.deepEqual(ids("part"), []);
  tell("inspection", of(60));
  assert.deepEqual(ids("part"), [60]);
});

test("an NG whose label changes is not a second one, and not one again", async () => {
  await chooseLatch(true);
  tell("inspection", of(1));
  tell("inspection", of(1));
  assert.deepEqual(ids("part"), [1]);
  acknowledge("part");
  tell("inspection", of(1));
  assert.deepEqual(ids("part"), []);
});

test("a source is acknowledged for itself", async () => {
  await chooseLatch(true);
  tell("inspection", of(1, "NG", "watch:/a"));
  tell("inspection", of(2, "NG", "watch:/b"));
  tell("inspection", of(3, "NG", "watch:/a", "other"));
  acknowledge("part", "watch:/a");
  assert.deepEqual(ids("part"), [2]);
  assert.deepEqual(ids("other"), [3]);
  acknowledge("part");
  assert.deepEqual([ids("part"), ids("other")], [[], [3]]);
});

test("what came while no page was open waits, and what was before the choice does not", async () => {
  record = [of(1), of(2)];
  await chooseLatch(true);
  assert.deepEqual(ids("part"), []);
  record.push(of(3), of(4, "OK"), of(5));
  await loadLatch();
  assert.deepEqual(ids("part"), [5, 3]);
  acknowledge("part");
  await loadLatch();
  assert.deepEqual(ids("part"), []);
});

test("another page of this browser acknowledges, too", async () => {
  await chooseLatch(true);
  tell("inspection", of(7));
  remember("acknowledged", { part: 7 });
  tell("setting", "acknowledged");
  assert.deepEqual(ids("part"), []);
});
