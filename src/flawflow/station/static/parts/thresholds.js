// The panel that shows and changes at which scores a picture is REVIEW or NG.

import { get, ofModel, post } from "../api.js";
import { button, h } from "../dom.js";
import { listen } from "../live.js";
import { keep } from "../station.js";
import { attempt, say } from "../toast.js";
import { counted, number, percent, score } from "../words.js";
import { makeHistogram } from "./histogram.js";
import { guaranteed, needed, rateOf, sent, thresholdOf } from "./rates.js";

const MOST_RECENT = 500;

/**
 * Make the panel of one model.
 * @returns {{element: HTMLElement, close: Function}}
 */
export function makeThresholds(model) {
  const state = { good: [], recent: [], rates: ratesOf(model), wanted: null };
  const histogram = makeHistogram((name, value) => want(name, sent(rateOf(state.good, value))));
  const inputs = { ng: rateInput("ng", "NG, at most"), review: rateInput("review", "NG or REVIEW, at most") };
  const meaning = h("p", { class: "meaning", "aria-live": "polite" });
  const promise = h("p", { class: "promise" });
  const apply = button("Apply", () => attempt(applyWanted), { class: "primary" });
  const cancel = button("Cancel", () => {
    state.wanted = null;
    draw();
  });
  const element = h(
    "section",
    { class: "card thresholds", "aria-label": "Thresholds" },
    h("h2", {}, "Thresholds"),
    histogram.element,
    h(
      "div",
      { class: "rates" },
      h("span", { class: "soft" }, "Of the good parts"),
      inputs.ng.element,
      inputs.review.element,
    ),
    meaning,
    promise,
    h("div", { class: "row" }, apply, cancel),
  );

  function want(name, rate) {
    const rates = { ...(state.wanted ?? state.rates), [name]: rate };
    // NG parts count among those of NG or REVIEW, so the one that is moved pushes the other.
    if (rates.review < rates.ng) rates[name === "ng" ? "review" : "ng"] = rate;
    state.wanted = rates.ng === state.rates.ng && rates.review === state.rates.review ? null : rates;
    draw();
  }

  function rateInput(name, words) {
    const input = h("input", {
      type: "number",
      min: 0.01,
      max: 99,
      step: "any",
      inputmode: "decimal",
      "aria-label": `${words}, in percent of the good parts`,
    });
    input.addEventListener("change", () => {
      if (input.checkValidity() && input.value)
        want(name, Number((input.valueAsNumber / 100).toPrecision(8)));
      else draw();
    });
    return {
      input,
      element: h("label", { class: "rate" }, h("span", {}, words), h("span", { class: "unit" }, input, "%")),
    };
  }

  function draw() {
    const rates = state.wanted ?? state.rates;
    for (const name of ["ng", "review"])
      inputs[name].input.value = Number((100 * rates[name]).toPrecision(3));
    apply.parentElement.hidden = !state.wanted;
    element.classList.toggle("changed", Boolean(state.wanted));
    if (!state.good.length) return;
    const [ng, review] = [thresholdOf(state.good, rates.ng), thresholdOf(state.good, rates.review)];
    const text = {
      ng: `NG above ${score(ng)}: a false reject rate of at most ${percent(rateOf(state.good, ng))}`,
      review: `REVIEW above ${score(review)}: at most ${percent(rateOf(state.good, review))} of good parts are NG or REVIEW`,
    };
    histogram.draw({ good: state.good, recent: state.recent, ng, review, text });
    meaning.textContent = `${text.ng}. ${review < ng ? `${text.review}.` : "No picture is judged REVIEW."}${recently(ng, review)}`;
    showPromise(rates);
  }

  /** Say what moved thresholds would have made of the recent pictures. */
  function recently(ng, review) {
    if (!state.wanted || !state.recent.length) return "";
    const above = (threshold) => state.recent.filter((item) => item.score > threshold).length;
    return ` Of the last ${counted(state.recent.length, "picture")} ${number(above(ng))} would be NG and ${number(above(review) - above(ng))} REVIEW.`;
  }

  function showPromise(rates) {
    const count = state.good.length;
    const kept = guaranteed(count, rates.ng) && guaranteed(count, rates.review);
    promise.dataset.kept = kept;
    promise.textContent = kept
      ? `✓ Guaranteed by ${counted(count, "good calibration picture")}.`
      : `⚠ ${percent(Math.min(rates.ng, rates.review))} cannot be guaranteed: it needs ${number(needed(Math.min(rates.ng, rates.review)))} good calibration pictures, and there are ${number(count)}.`;
  }

  async function applyWanted() {
    const rates = state.wanted;
    keep(
      await post(ofModel(model.name, "/rates"), { false_reject_rate: rates.ng, review_rate: rates.review }),
    );
    say("The new thresholds hold from the next picture on; earlier verdicts stay as they were.");
  }

  async function load() {
    const answer = await get(ofModel(model.name, "/histogram"));
    state.good = [...answer.good].sort((a, b) => a - b);
    state.recent = answer.recent;
    draw();
  }

  const ends = [
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
      Object.assign(state, { rates: ratesOf(changed), wanted: null });
      attempt(load);
    }),
  ];
  let frame = 0;
  const later = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
  draw();
  attempt(load);
  return { element, close: () => ends.forEach((end) => end()) };
}

const ratesOf = ({ calibration }) => ({ ng: calibration.false_reject_rate, review: calibration.review_rate });
