// Pages of one browser, and a channel between them.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { makeElection } from "../../../src/flawflow/server/static/election.js";

let pages = [];

/** Open a page: what it hears, and whether it leads. */
function openPage(name) {
  const page = { name, heard: [], log: [], isDead: false };
  page.channel = new EventTarget();
  page.channel.postMessage = (data) => {
    for (const other of pages)
      if (other !== page && !other.isDead && !page.isDead)
        other.channel.dispatchEvent(Object.assign(new Event("message"), { data: structuredClone(data) }));
  };
  page.election = makeElection(page.channel, name, {
    lead: () => page.log.push("lead"),
    resign: () => page.log.push("resign"),
    hear: (message) => page.heard.push(message),
    greet: () => `hello from ${name}`,
  });
  pages.push(page);
  page.election.start();
  return page;
}

const leaders = () => pages.filter((page) => !page.isDead && page.election.leads()).map(({ name }) => name);

beforeEach(() => {
  pages = [];
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => mock.timers.reset());

test("a page alone leads, and one that comes later hears from it", () => {
  const first = openPage("a");
  assert.deepEqual(leaders(), []);
  mock.timers.tick(250);
  assert.deepEqual(leaders(), ["a"]);
  const second = openPage("b");
  assert.deepEqual(second.heard, ["hello from a"]);
  mock.timers.tick(6000);
  first.election.relay("news");
  mock.timers.tick(6000);
  first.election.relay("more news");
  assert.deepEqual(second.heard.slice(1), ["news", "more news"]);
  assert.deepEqual(leaders(), ["a"]);
});

test("pages that are opened together have one leader", () => {
  for (const name of ["d", "b", "f", "a", "e", "c"]) openPage(name);
  mock.timers.tick(250);
  assert.equal(leaders().length, 1);
});

test("where two lead, as after a sleep, the smaller name does", () => {
  const [small, large] = [openPage("a"), openPage("b")];
  large.isDead = true;
  mock.timers.tick(250);
  large.isDead = false;
  small.isDead = true;
  mock.timers.tick(7000);
  small.isDead = false;
  assert.deepEqual(leaders(), ["a", "b"]);
  large.election.relay("news");
  assert.deepEqual(leaders(), ["a"]);
  assert.deepEqual(large.log, ["lead", "resign"]);
});

test("a leader that leaves is followed at once", () => {
  const names = ["a", "b", "c"];
  names.map(openPage);
  mock.timers.tick(250);
  const leader = pages.find(({ election }) => election.leads());
  leader.election.leave();
  pages = pages.filter((page) => page !== leader);
  mock.timers.tick(250);
  assert.equal(leaders().length, 1);
});

test("a leader that falls silent is followed after seven seconds", () => {
  const [first] = [openPage("a"), openPage("b"), openPage("c")];
  mock.timers.tick(250);
  const leader = pages.find(({ election }) => election.leads()) ?? first;
  leader.isDead = true;
  mock.timers.tick(6500);
  assert.deepEqual(leaders(), []);
  mock.timers.tick(500);
  assert.equal(leaders().length, 1);
});

test("a page that follows and leaves changes nothing", () => {
  openPage("a");
  mock.timers.tick(250);
  openPage("b").election.leave();
  mock.timers.tick(20_000);
  assert.deepEqual(leaders(), ["a"]);
});

test("without a way to other pages each leads for itself", () => {
  const log = [];
  const alone = makeElection(null, "a", { lead: () => log.push("lead"), greet: () => null });
  alone.start();
  alone.relay("news");
  assert.deepEqual(log, ["lead"]);
});
