// One NG among forty fast OKs stays until somebody acknowledges it, where that is chosen; with a sound, where that is.

import { get, withQuery } from "./api.js";
import { leads, listen, tell } from "./live.js";
import { recall, remember } from "./settings.js";
import { beep } from "./sound.js";

const MOST = 200;
const REPEAT = 4000;
const ALL = "*";

let pending = [];

const key = (model, source) => (source === undefined ? model : `${model}\n${source}`);

/** Whether an acknowledgement covers an inspection. */
function isAcknowledged({ id, model, source }, acknowledged) {
  return [ALL, key(model), key(model, source)].some((place) => id <= (acknowledged[place] ?? 0));
}

/** Whether NG stays until it is acknowledged. */
export const latches = () => recall("latch", false);

/** Give the NGs that wait to be acknowledged, of a model, or of one of its sources; the newest first. */
export const waitingNg = (model, source) =>
  latches()
    ? pending.filter((one) => one.model === model && (source === undefined || one.source === source))
    : [];

/** Acknowledge what waits of a model, or of one of its sources. */
export function acknowledge(model, source) {
  const newest = waitingNg(model, source)[0];
  if (newest) remember("acknowledged", { ...recall("acknowledged", {}), [key(model, source)]: newest.id });
  sift();
}

/** Choose whether NG stays; what was before is not asked for. */
export async function chooseLatch(wanted) {
  if (wanted) {
    const { inspections } = await get(withQuery("/api/inspections", { limit: 1 }));
    remember("acknowledged", { [ALL]: inspections[0]?.id ?? 0 });
  }
  remember("latch", wanted);
  await loadLatch();
}

/** Ask for the NGs that nobody has acknowledged yet. */
export async function loadLatch() {
  pending = [];
  if (latches()) {
    const after = recall("acknowledged", {})[ALL] ?? 0;
    const query = { verdict: "NG", after, limit: MOST };
    pending = (await get(withQuery("/api/inspections", query))).inspections;
  }
  sift();
}

function sift() {
  const acknowledged = recall("acknowledged", {});
  pending = pending.filter((one) => !isAcknowledged(one, acknowledged)).slice(0, MOST);
  tell("latch");
}

function arrived(inspection) {
  if (inspection.verdict !== "NG" || pending.some(({ id }) => id === inspection.id)) return;
  pending = [inspection, ...pending].toSorted((a, b) => b.id - a.id);
  const before = pending.length;
  sift();
  if (latches() && pending.length >= before) sound();
}

function sound() {
  if (recall("sound", false) && leads()) beep();
}

listen("inspection", arrived);
// Acknowledged, or chosen, in another page of this browser.
listen("setting", (name) => {
  if (name === "acknowledged") sift();
  if (name === "latch") loadLatch().catch(() => {});
});
if (globalThis.document)
  setInterval(() => {
    if (latches() && pending.length) sound();
  }, REPEAT);
