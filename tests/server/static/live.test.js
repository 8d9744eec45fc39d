// Server-sent events, connected again whenever they break.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { connect, listen } from "../../../src/flawflow/server/static/live.js";

const sources = [];

class Source extends EventTarget {
  constructor(path) {
    super();
    this.path = path;
    this.closed = false;
    sources.push(this);
  }

  close() {
    this.closed = true;
  }

  happens(type, data) {
    this.dispatchEvent(Object.assign(new Event(type), { data }));
  }
}

beforeEach(() => {
  globalThis.EventSource = Source;
  mock.timers.enable({ apis: ["setTimeout"] });
});

afterEach(() => {
  mock.timers.reset();
  sources.length = 0;
});

test("an event reaches those who listen for its kind, until they end it", () => {
  const heard = [];
  const end = listen("inspection", (value) => heard.push(value));
  connect();
  sources[0].happens("message", '{"type": "inspection", "inspection": {"id": 1}}');
  sources[0].happens("message", '{"type": "job", "job": {"id": 2}}');
  end();
  sources[0].happens("message", '{"type": "inspection", "inspection": {"id": 3}}');
  assert.deepEqual(heard, [{ id: 1 }]);
});

test("a broken connection is made again, later each time, and says that something may be missed", async () => {
  const states = [];
  let missed = 0;
  const ends = [listen("state", (value) => states.push(value)), listen("again", () => (missed += 1))];
  const heard = connect();
  sources[0].happens("open");
  await heard;
  sources[0].happens("error");
  assert.ok(sources[0].closed);
  mock.timers.tick(499);
  assert.equal(sources.length, 1);
  mock.timers.tick(1);
  assert.equal(sources.length, 2);
  sources[1].happens("error");
  mock.timers.tick(999);
  assert.equal(sources.length, 2);
  mock.timers.tick(1);
  sources[2].happens("open");
  assert.deepEqual(states, [true, false, false, true]);
  assert.equal(missed, 1);
  for (const end of ends) end();
});

test("a station that is silent holds the page for a second", async () => {
  const heard = connect();
  mock.timers.tick(1000);
  await heard;
});
