// The verdict, large enough for three metres; grey where it says nothing of what is now.

import { button, h } from "../dom.js";
import { makeTimes, reason, stale } from "../feeds.js";
import { t } from "../i18n.js";
import { acknowledge, waitingNg } from "../latch.js";
import { listen } from "../live.js";
import { modelNamed } from "../station.js";
import { clock, pValue, rarity, score, verdictWords } from "../words.js";
import { shape } from "./verdict.js";

const TICK = 1000;

/**
 * Make the banner.
 * @param {string} model
 * @returns {{element: HTMLElement, show: Function, arrived: Function, close: Function}} `show(inspection, pinned)`: pinned
 *   where it need not be the newest; `arrived(inspection)` notes that a picture came.
 */
export function makeBanner(model) {
  const times = makeTimes();
  const word = h("div", { class: "verdict-word" });
  const sign = h("div", { class: "verdict-sign" });
  const meaning = h("p", { class: "verdict-meaning" });
  const numbers = h("p", { class: "verdict-numbers" });
  const name = h("p", { class: "verdict-name" });
  const spoken = h("p", { class: "unseen", "aria-live": "polite" });
  const held = button("", () => acknowledge(model), { class: "acknowledge", hidden: true });
  const element = h(
    "section",
    { class: "banner", "aria-label": t("banner.label"), data: { verdict: "none" } },
    sign,
    h("div", {}, word, meaning),
    held,
    h("div", { class: "verdict-why" }, numbers, name),
    spoken,
  );
  word.textContent = t("banner.ready");
  meaning.textContent = t("banner.hint");
  let shown = null;
  let pinned = false;

  function show(inspection, isPinned) {
    [shown, pinned] = [inspection, isPinned];
    const count = modelNamed(inspection.model)?.calibration.count ?? 0;
    numbers.replaceChildren(
      h("strong", {}, t("score.is", { score: score(inspection.score) })),
      h("span", {}, t("pvalue.is", { value: pValue(inspection.p_value) })),
      h("span", {}, t("sentence", { text: rarity(inspection.p_value, count) })),
    );
    name.replaceChildren(
      h("a", { href: `#/history/${inspection.id}` }, inspection.path),
      h("time", { datetime: inspection.time }, clock(inspection.time)),
    );
    draw();
    spoken.textContent = t("banner.spoken", {
      verdict: word.textContent,
      name: inspection.path,
      score: score(inspection.score),
    });
  }

  /** Say what holds now; a verdict becomes none while nobody touches the page. */
  function draw() {
    if (!shown) return;
    const waiting = waitingNg(model);
    const old = pinned
      ? null
      : stale(waiting.length ? (newestOf(shown.source) ?? shown) : shown, times.of(shown.source));
    const latched = waiting.length > 0 && !pinned;
    // An NG that waits is evidence of its own part, however old it is.
    const verdict = old && !latched ? "stale" : shown.verdict;
    if (element.dataset.verdict !== verdict) {
      element.dataset.verdict = verdict;
      sign.replaceChildren(shape(verdict === "stale" ? "stale" : shown.verdict));
    }
    element.classList.toggle("pinned", pinned);
    word.textContent = verdict === "stale" ? t("banner.stale") : shown.verdict;
    meaning.textContent = old
      ? [reason(old), latched ? "" : t("banner.last", { verdict: shown.verdict })].filter(Boolean).join(" ")
      : pinned
        ? t("banner.pinned", { time: clock(shown.time) })
        : verdictWords(shown);
    held.hidden = !latched;
    held.textContent = t("latch.acknowledge", { count: waiting.length });
  }

  const newestOf = (source) => {
    const time = times.of(source)[0];
    return time ? { source, time: new Date(time).toISOString() } : null;
  };

  const timer = setInterval(draw, TICK);
  const ends = [
    () => clearInterval(timer),
    listen("feeds", draw),
    listen("latch", draw),
    listen("state", draw),
  ];
  return { element, show, arrived: times.add, close: () => ends.forEach((end) => end()) };
}
