// Server-sent events, connected again whenever they break, for one page without others.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

const sources = [];
const here = new URL("../../../src/flawflow/server/static/live.js", import.meta.url);
let count = 0;

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
    this.dispatchEvent(Object.assign(new Event(type), { data: JSON.stringify(data) }));
  }
}

/** Give the module of a page that has just been opened. */
const opened = () => import(`${here}?${(count += 1)}`);
const inspection = (id) => ({ type: "inspection", inspection: { id } });
const heartbeat = (journal, time = new Date().toISOString()) => ({
  type: "heartbeat",
  heartbeat: { time, journal },
});

beforeEach(() => {
  globalThis.EventSource = Source;
  globalThis.BroadcastChannel = undefined;
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
});

afterEach(() => {
  mock.timers.reset();
  sources.length = 0;
});

test("an event reaches those who listen for its kind, until they end it", async () => {
  const { connect, listen } = await opened();
  const heard = [];
  const end = listen("inspection", (value) => heard.push(value));
  connect();
  sources[0].happens("message", inspection(1));
  sources[0].happens("message", { type: "job", job: { id: 2 } });
  end();
  sources[0].happens("message", inspection(3));
  assert.deepEqual(heard, [{ id: 1 }]);
});

test("a broken connection is made again, later each time, and goes on after what was heard", async () => {
  const { connect, listen } = await opened();
  const states = [];
  const again = [];
  listen("state", (value) => states.push(value));
  listen("again", (gapless) => again.push(gapless));
  const heard = connect();
  sources[0].happens("open");
  await heard;
  sources[0].happens("message", inspection(41));
  sources[0].happens("message", inspection(40));
  sources[0].happens("error");
  assert.ok(sources[0].closed);
  mock.timers.tick(499);
  assert.equal(sources.length, 1);
  mock.timers.tick(1);
  assert.equal(sources[1].path, "/api/events?after=41");
  sources[1].happens("error");
  mock.timers.tick(999);
  assert.equal(sources.length, 2);
  mock.timers.tick(1);
  sources[2].happens("open");
  assert.deepEqual(states, [true, false, true]);
  assert.deepEqual(again, [true]);
});

test("after a long break what was missed is asked for and not heard one by one", async () => {
  const { connect, listen } = await opened();
  const again = [];
  listen("again", (gapless) => again.push(gapless));
  connect();
  sources[0].happens("open");
  sources[0].happens("message", inspection(41));
  sources[0].happens("error");
  mock.timers.tick(1);
  mock.timers.setTime(1_100_000);
  mock.timers.tick(500);
  assert.equal(sources.at(-1).path, "/api/events");
  sources.at(-1).happens("open");
  assert.deepEqual(again, [false]);
});

test("a connection that is silent is taken for broken, and the silence is known", async () => {
  const { connect, listen, silence } = await opened();
  const states = [];
  listen("state", (value) => states.push(value));
  connect();
  sources[0].happens("open");
  for (let beat = 0; beat < 5; beat += 1) {
    sources[0].happens("message", heartbeat("a"));
    mock.timers.tick(2000);
  }
  assert.deepEqual(states, [true]);
  mock.timers.tick(5000);
  assert.equal(silence(), 7000);
  assert.deepEqual(states, [true, false]);
  assert.ok(sources[0].closed);
});

test("another record at the same address is heard from its beginning", async () => {
  const { connect, listen } = await opened();
  const again = [];
  listen("again", (gapless) => again.push(gapless));
  connect();
  sources[0].happens("open");
  sources[0].happens("message", heartbeat("a"));
  sources[0].happens("message", inspection(5000));
  sources[0].happens("error");
  mock.timers.tick(500);
  sources[1].happens("open");
  sources[1].happens("message", heartbeat("b"));
  assert.ok(sources[1].closed);
  assert.equal(sources[2].path, "/api/events");
  assert.deepEqual(again, [true, false]);
});

test("times are the station's, whatever this device's clock says", async () => {
  const { connect, stationNow } = await opened();
  connect();
  sources[0].happens("message", heartbeat("a", new Date(3_600_000 + Date.now()).toISOString()));
  assert.equal(stationNow() - Date.now(), 3_600_000);
  // One that was on its way for longer says less.
  sources[0].happens("message", heartbeat("a", new Date(3_599_500 + Date.now()).toISOString()));
  assert.equal(stationNow() - Date.now(), 3_600_000);
});

test("a station that is silent holds the page for a second", async () => {
  const { connect } = await opened();
  const heard = connect();
  mock.timers.tick(1000);
  await heard;
});
