// The alarm in the header: what keeps the page from knowing what is now, whichever view is open.

import { h } from "../dom.js";
import { age, feeds, unheard } from "../feeds.js";
import { t } from "../i18n.js";
import { listen, stationNow } from "../live.js";

const TICK = 1000;

/** Give what is wrong now, the worst first: [sentence, since]. */
function alarms(now) {
  const silent = unheard();
  if (silent) return [[t("alarm.station"), now - silent]];
  const sources = feeds.sources
    .filter(({ error }) => error)
    .map(({ address, error, since }) => [named(address, error), Date.parse(since ?? "")]);
  const lines = feeds.lines.flatMap(({ name, error, last }) => {
    if (error) return [[named(name, error), Number.NaN]];
    if (last?.code !== "FAILED") return [];
    return [[t("alarm.failed", { name, text: last.problem ?? "" }), Date.parse(last.time)]];
  });
  return [...sources, ...lines];
}

/** Name what has a problem, unless the sentence does so itself. */
const named = (name, text) =>
  text.includes(name) ? t("sentence", { text }) : t("alarm.source", { name, text });

/** Keep the alarm in its place. */
export function keepAlarm(place) {
  // The length of time changes all the time, and is not read out each time.
  const words = h("span", { role: "alert" });
  const since = h("span", { class: "since", "aria-hidden": "true" });
  const more = h("span", {});
  place.append(h("span", { class: "sign", "aria-hidden": "true" }, "⚠"), words, since, more);

  function draw() {
    const found = alarms(stationNow());
    place.hidden = !found.length;
    if (!found.length) {
      words.textContent = "";
      return;
    }
    const [sentence, time] = found[0];
    if (words.textContent !== sentence) words.textContent = sentence;
    since.textContent = Number.isNaN(time) ? "" : t("alarm.since", { age: age(stationNow() - time) });
    more.textContent = found.length > 1 ? t("alarm.more", { count: found.length - 1 }) : "";
  }

  setInterval(draw, TICK);
  listen("feeds", draw);
  listen("state", draw);
  draw();
}
