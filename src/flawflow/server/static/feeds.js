// Where pictures come from by themselves, sources and lines of the machine, and how each gets on; by events.

import { get } from "./api.js";
import { overdue, staleness } from "./freshness.js";
import { t } from "./i18n.js";
import { listen, SILENT, silence, stationNow, tell } from "./live.js";
import { recall } from "./settings.js";

export const feeds = { sources: [], lines: [], ports: {} };

/** Whose pictures come by themselves: what is sent by hand or by a program has no rhythm of its own. */
export const BY_ITSELF = /^(watch|stream|line):/;
const MOST_TIMES = 16;

/** Ask for all sources and lines; tells "feeds". */
export async function loadFeeds() {
  const [sources, machine] = await Promise.all([get("/api/sources"), get("/api/machine")]);
  take({ sources, ...machine });
}

function take(news) {
  Object.assign(feeds, news);
  tell("feeds");
}

listen("sources", (sources) => take({ sources }));
listen("machine", ({ lines, ports }) => take({ lines, ports }));

/** Give what is wrong with the source of an inspection; null where nothing is. */
export function troubleOf(label, since = 0) {
  const source = feeds.sources.find((one) => one.label === label);
  if (source?.error)
    return { why: "source", text: source.error, since: Date.parse(source.since ?? "") || since };
  const line = feeds.lines.find((one) => one.label === label);
  if (line?.error)
    return { why: "source", text: line.error, since: Date.parse(line.last?.time ?? "") || since };
  const last = line?.last;
  if (last?.code === "FAILED" && Date.parse(last.time) > since)
    return { why: "failed", text: last.problem ?? "", since: Date.parse(last.time) };
  return null;
}

/** Give how long the station has not been heard; 0 where it is heard. */
export const unheard = () => (silence() > SILENT ? silence() : 0);

/** Give the age in milliseconds at which pictures of a source are overdue, by choice or by its rhythm. */
function limitOf(label, times) {
  const chosen = recall("grey", "auto");
  if (chosen !== "auto") return chosen === 0 ? null : 1000 * chosen;
  if (!BY_ITSELF.test(label)) return overdue([], null);
  const source = feeds.sources.find((one) => one.label === label);
  return overdue(times, source?.kind === "stream" ? 1000 * source.interval : null);
}

/** Remember when pictures of each source were inspected. */
export function makeTimes() {
  const known = new Map();
  return {
    /** Give the times of a source, the newest first. */
    of: (label) => known.get(label) ?? [],
    add({ source, time }) {
      const times = [Date.parse(time), ...(known.get(source) ?? [])].toSorted((a, b) => b - a);
      known.set(source, [...new Set(times)].slice(0, MOST_TIMES));
    },
  };
}

/** Say why an inspection's verdict is none any more; null where it still is one. */
export function stale({ source, time }, times) {
  return staleness({
    now: stationNow(),
    silence: unheard(),
    trouble: troubleOf(source, Date.parse(time)),
    times: times.length ? times : [Date.parse(time)],
    limit: limitOf(source, times),
  });
}

/** Say in a sentence what is wrong, and for how long. */
export function reason({ why, text, since }) {
  const given = { age: age(stationNow() - since), text };
  if (why === "station") return t("stale.station", given);
  if (why === "source") return t("stale.source", given);
  return why === "failed" ? t("stale.failed", given) : t("stale.late", given);
}

/** Write a length of time in its largest unit. */
export function age(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 100) return t("age.seconds", { count: seconds });
  if (seconds < 6000) return t("age.minutes", { count: Math.round(seconds / 60) });
  if (seconds < 172_800) return t("age.hours", { count: Math.round(seconds / 3600) });
  return t("age.days", { count: Math.round(seconds / 86_400) });
}
