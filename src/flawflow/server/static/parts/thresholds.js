// The panel that shows and changes at which scores a picture is REVIEW or NG. What a threshold promises is asked of
// the station, so that there is one rule.

import { get, ofModel, post } from "../api.js";
import { button, h } from "../dom.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { forOthers, may } from "../people.js";
import { calibrationMeaning, guarantee, meaningOf } from "../promise.js";
import { keep } from "../station.js";
import { attempt, say } from "../toast.js";
import { makeHistogram } from "./histogram.js";

const MOST_RECENT = 500;
const RATE = { ng: "false_reject_rate", review: "review_rate" };

/**
 * Make the panel of one model.
 * @param {{name: string, calibration: object}} model
 * @param {(resource: string) => string|null} ofDraft Gives the paths of a draft's model, which does not inspect yet.
 * @returns {{element: HTMLElement, close: Function}}
 */
export function makeThresholds(model, ofDraft = null) {
  const paths = ofDraft
    ? { rates: ofDraft("/rates"), histogram: ofDraft("/model") }
    : { rates: ofModel(model.name, "/rates"), histogram: ofModel(model.name, "/histogram") };
  const state = { good: [], attainable: [], recent: [], kept: model.calibration, wanted: null };
  // What was moved and not asked yet, the newest of each threshold, and the asking that goes on.
  const moves = { next: {}, asking: null };
  const histogram = makeHistogram((name, value) => want(name, { [`${name}_threshold`]: value }));
  const inputs = {
    ng: rateInput("ng", t("threshold.ng")),
    review: rateInput("review", t("threshold.review")),
  };
  const locked = !may("rates");
  histogram.element.inert = inputs.ng.input.disabled = inputs.review.input.disabled = locked;
  const meaning = h("p", { class: "meaning", "aria-live": "polite" });
  const promise = h("p", { class: "promise" });
  const apply = button(t("apply"), () => attempt(applyWanted), { class: "primary" });
  const cancel = button(t("cancel"), () => settle(state.kept));
  const element = h(
    "section",
    { class: "card thresholds", "aria-label": t("threshold.title") },
    h("h2", {}, t(ofDraft ? "learn.threshold" : "threshold.title")),
    histogram.element,
    h(
      "div",
      { class: "rates" },
      h("span", { class: "soft" }, t("threshold.good")),
      inputs.ng.element,
      inputs.review.element,
    ),
    meaning,
    promise,
    locked ? forOthers("rates") : null,
    h("div", { class: "row" }, apply, cancel),
  );

  /** Ask what a moved threshold or rate means; while an answer is awaited only the newest move is kept. */
  function want(name, moved) {
    moves.next[name] = moved;
    moves.asking ??= attempt(ask).then(() => {
      moves.asking = null;
    });
  }

  async function ask() {
    for (let name; (name = Object.keys(moves.next)[0]); ) {
      const moved = moves.next[name];
      delete moves.next[name];
      const shown = state.wanted ?? state.kept;
      const other = RATE[name === "ng" ? "review" : "ng"];
      const body = { [other]: shown[other], ...moved, moved: name, dry: true };
      const base = state.kept;
      try {
        const { calibration } = await post(paths.rates, body);
        // Rates that were changed elsewhere meanwhile make the answer one about the past.
        if (base === state.kept) state.wanted = same(calibration, base) ? null : calibration;
      } finally {
        draw();
      }
    }
  }

  function rateInput(name, words) {
    const input = h("input", {
      type: "number",
      min: 0.01,
      max: 99,
      step: "any",
      inputmode: "decimal",
      "aria-label": t("threshold.percent", { words }),
    });
    const rate = {
      input,
      typing: false,
      element: h("label", { class: "rate" }, h("span", {}, words), h("span", { class: "unit" }, input, "%")),
    };
    input.addEventListener("input", () => {
      rate.typing = true;
    });
    input.addEventListener("change", () => {
      rate.typing = false;
      if (input.checkValidity() && input.value)
        want(name, { [RATE[name]]: Number((input.valueAsNumber / 100).toPrecision(8)) });
      else draw();
    });
    return rate;
  }

  function draw() {
    const calibration = state.wanted ?? state.kept;
    const { ng, review } = calibration;
    // What arrives while somebody types does not take the digits away.
    for (const name of ["ng", "review"])
      if (!inputs[name].typing)
        inputs[name].input.value = Number((100 * calibration[RATE[name]]).toPrecision(3));
    apply.parentElement.hidden = !state.wanted;
    element.classList.toggle("changed", Boolean(state.wanted));
    if (state.good.length)
      histogram.draw({
        good: state.good,
        attainable: state.attainable,
        recent: state.recent,
        ng: ng.score,
        review: review.score,
        text: { ng: meaningOf("NG", calibration), review: meaningOf("REVIEW", calibration) },
      });
    meaning.textContent = `${calibrationMeaning(calibration)}${recently(ng.score, review.score)}`;
    promise.dataset.kept = calibration.guaranteed;
    promise.textContent = `${calibration.guaranteed ? "✓" : "⚠"} ${guarantee(calibration)}`;
  }

  /** Say what moved thresholds would have made of the recent pictures. */
  function recently(ng, review) {
    if (!state.wanted || !state.recent.length) return "";
    const above = (threshold) => state.recent.filter((item) => item.score > threshold).length;
    return ` ${t("threshold.recently", { count: state.recent.length, ng: above(ng), review: above(review) - above(ng) })}`;
  }

  async function applyWanted() {
    await moves.asking;
    if (!state.wanted) return;
    const { false_reject_rate, review_rate } = state.wanted;
    const changed = await post(paths.rates, { false_reject_rate, review_rate });
    if (ofDraft) settle(changed.calibration);
    else keep(changed);
    say(t("threshold.applied"));
  }

  /** Show what the station judges by, and forget what was moved. */
  function settle(calibration) {
    // A new object also where nothing changed, so that an answer on its way is not taken.
    Object.assign(state, { kept: { ...calibration }, wanted: null });
    moves.next = {};
    draw();
  }

  async function load() {
    const answer = await get(paths.histogram);
    state.good = [...answer.good].sort((a, b) => a - b);
    state.attainable = answer.attainable;
    state.recent = answer.recent ?? [];
    draw();
  }

  const ends = ofDraft
    ? []
    : [
        listen("inspection", (inspection) => {
          // A label that changes tells of the same inspection again.
          if (inspection.model !== model.name || inspection.label !== null) return;
          state.recent = [{ score: inspection.score, verdict: inspection.verdict }, ...state.recent].slice(
            0,
            MOST_RECENT,
          );
          later();
        }),
        listen("models", (changed) => {
          if (changed.name !== model.name) return;
          settle(changed.calibration);
          attempt(load);
        }),
      ];
  let frame = 0;
  const later = () => {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
  draw();
  attempt(load);
  return { element, close: () => ends.forEach((end) => end()) };
}

const same = (one, other) => Object.values(RATE).every((rate) => one[rate] === other[rate]);
