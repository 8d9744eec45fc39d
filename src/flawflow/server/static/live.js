// What happens at the station, as it happens: server-sent events, connected again whenever they break, and held by
// one page of the browser for all its pages.

import { makeElection } from "./election.js";

const LONGEST_WAIT = 10_000;
const LONGEST_START = 1000;
// The station gives a heartbeat after two seconds of silence.
export const SILENT = 6000;
// Events that were missed for so long are too many to hear one by one.
const LONGEST_GAP = 60_000;
const LOOK = 1000;

const listeners = new Map();
const heard = { at: null, newest: 0, journal: null, ahead: null };
let connected = false;
let source = null;
let wait = 500;
let retry = null;
let page = null;
let began = null;

/**
 * Listen to "inspection", "job", "model", "sources", "machine", "state" (true where connected) or "again" (connected
 * after a break: what happened meanwhile must be asked for; false where inspections were missed, too).
 * @returns {() => void} Ends the listening.
 */
export function listen(type, listener) {
  const group = listeners.get(type) ?? listeners.set(type, new Set()).get(type);
  group.add(listener);
  return () => group.delete(listener);
}

/** Pass something on that this page knows first. */
export function tell(type, value) {
  for (const listener of [...(listeners.get(type) ?? [])]) listener(value);
}

/** Whether this page is the one of its browser that does what must be done once. */
export const leads = () => page?.leads() ?? true;

/** Give the milliseconds for which nothing was heard of the station; 0 before it is listened to. */
export const silence = () => Date.now() - (heard.at ?? began ?? Date.now());

/** Give the time by the station's clock, in milliseconds; that of this device may be wrong. */
export const stationNow = () => Date.now() + (heard.ahead ?? 0);

/**
 * Connect, and stay connected.
 * @returns {Promise} Kept when the station is heard, or is not within a second: a page must not wait for ever.
 */
export function connect() {
  began = Date.now();
  const channel = globalThis.BroadcastChannel ? new BroadcastChannel("flawflow.events") : null;
  page = makeElection(channel, `${Math.random()}`, {
    lead: open,
    resign: close,
    hear: take,
    greet: () => ({ state: connected }),
  });
  const tried = new Promise((done) => {
    const end = listen("state", () => {
      end();
      done();
    });
    setTimeout(done, LONGEST_START);
  });
  page.start();
  setInterval(look, LOOK);
  globalThis.addEventListener?.("pagehide", page.leave);
  globalThis.addEventListener?.("pageshow", (event) => {
    if (event.persisted) page.start();
  });
  return tried;
}

function open() {
  close();
  const gap = silence();
  const gapless = heard.newest > 0 && gap < LONGEST_GAP;
  const opened = new EventSource(gapless ? `/api/events?after=${heard.newest}` : "/api/events");
  source = opened;
  opened.addEventListener("open", () => {
    wait = 500;
    pass({ state: true, again: heard.at !== null, gapless });
  });
  // The browser tries again by itself except after an answer such as 401 or 503, so this page always does.
  opened.addEventListener("error", lose);
  opened.addEventListener("message", (event) => pass({ event: event.data }));
}

function close() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

function lose() {
  close();
  pass({ state: false });
  retry = setTimeout(open, wait);
  wait = Math.min(2 * wait, LONGEST_WAIT);
}

/** A connection whose other end is gone without a word never breaks by itself. */
function look() {
  if (connected && source && silence() > SILENT) lose();
}

function pass(message) {
  page.relay(message);
  take(message);
}

/** Take what this page or the leading one has heard. */
function take(message) {
  if (!message) return;
  if (message.state !== undefined && message.state !== connected) {
    connected = message.state;
    tell("state", connected);
  }
  if (message.again) tell("again", message.gapless);
  if (message.event) {
    heard.at = Date.now();
    receive(JSON.parse(message.event));
  }
}

function receive(said) {
  if (said.type === "heartbeat") beat(said.heartbeat);
  if (said.type === "inspection") heard.newest = Math.max(heard.newest, said.inspection.id ?? 0);
  if (said.type) tell(said.type, said[said.type]);
}

function beat({ time, journal }) {
  const ahead = Date.parse(time) - Date.now();
  // The heartbeat that was on its way for the shortest time is the nearest to the truth.
  if (heard.ahead === null || Math.abs(ahead - heard.ahead) > 2000 || ahead > heard.ahead)
    heard.ahead = ahead;
  const other = heard.journal !== null && heard.journal !== journal;
  heard.journal = journal;
  if (!other) return;
  // Another record at the same address: its numbers begin again.
  heard.newest = 0;
  if (source) open();
  tell("again", false);
}
