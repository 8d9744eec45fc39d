// Inspect: the newest picture with its verdict, large enough for three metres, and what the thresholds promise.

import { get, withQuery } from "../api.js";
import { h } from "../dom.js";
import { listen } from "../live.js";
import { makeSources } from "../parts/sources.js";
import { makeThresholds } from "../parts/thresholds.js";
import { makeStrip } from "../parts/thumb.js";
import { makeUpload } from "../parts/upload.js";
import { shape } from "../parts/verdict.js";
import { makeViewer } from "../parts/viewer.js";
import { chosenModel, modelNamed } from "../station.js";
import { attempt } from "../toast.js";
import { clock, pValue, rarity, score, VERDICT_WORDS } from "../words.js";

const NEWEST = 12;

export function showInspect(place, { detail }) {
  const model = chosenModel();
  if (!model) {
    place.append(
      h(
        "section",
        { class: "card empty" },
        h("h1", {}, "No model is loaded"),
        h("p", {}, "Start the station with a model file: flawflow serve part.flaw"),
      ),
    );
    return undefined;
  }
  const state = { shown: null, next: null, drawing: false, newest: [], pinned: detail !== null };
  const banner = makeBanner();
  const viewer = makeViewer();
  const strip = makeStrip((inspection) => {
    location.hash = `#/inspect/${inspection.id}`;
  });
  const upload = makeUpload(place);
  const thresholds = makeThresholds(model);
  const sources = makeSources();
  const follow = h(
    "label",
    { class: "follow" },
    h("input", {
      type: "checkbox",
      checked: !state.pinned,
      on: { change: (event) => pin(!event.target.checked) },
    }),
    "Follow the newest",
  );
  viewer.element.hidden = true;
  place.append(
    h("h1", { class: "unseen" }, "Inspect"),
    h(
      "div",
      { class: "main-column" },
      h("div", { class: "toolbar" }, upload.element, follow),
      banner.element,
      viewer.element,
      strip.element,
    ),
    h("div", { class: "side-column" }, thresholds.element, sources.element),
  );

  function pin(value) {
    if (!value) location.hash = "#/inspect";
    else if (state.shown) location.hash = `#/inspect/${state.shown.id}`;
    else follow.firstChild.checked = true;
  }

  /** Show one inspection; while its pictures load only the newest of those that arrive is kept. */
  async function show(inspection) {
    state.next = inspection;
    if (state.drawing) return;
    state.drawing = true;
    while (state.next) {
      const now = state.next;
      state.next = null;
      state.shown = now;
      banner.show(now);
      viewer.element.hidden = false;
      strip.show(state.newest, now.id);
      await viewer.show(now, modelNamed(now.model));
    }
    state.drawing = false;
  }

  function arrived(inspection) {
    if (inspection.model !== model.name) return;
    const known = state.newest.findIndex(({ id }) => id === inspection.id);
    if (known >= 0) {
      state.newest[known] = inspection;
      return;
    }
    if (state.newest.length >= NEWEST && inspection.id < state.newest.at(-1).id) return;
    add([inspection]);
    if (state.pinned) strip.show(state.newest, state.shown?.id);
    else show(state.newest[0]);
  }

  function add(inspections) {
    state.newest = [...inspections, ...state.newest].sort((a, b) => b.id - a.id).slice(0, NEWEST);
  }

  async function load() {
    const answer = await get(withQuery("/api/inspections", { model: model.name, limit: NEWEST }));
    // What has arrived meanwhile is newer than the answer, and stays.
    const known = new Set(state.newest.map(({ id }) => id));
    add(answer.inspections.filter(({ id }) => !known.has(id)));
    const wanted = state.pinned
      ? await get(`/api/inspections/${encodeURIComponent(detail)}`)
      : state.newest[0];
    if (wanted) await show(wanted);
  }

  // What this page sent is shown even while an older picture is pinned.
  const sent = (inspection) => {
    if (state.pinned) location.hash = "#/inspect";
    else arrived(inspection);
  };
  const ends = [
    listen("inspection", arrived),
    listen("uploaded", sent),
    upload.close,
    thresholds.close,
    sources.close,
  ];
  attempt(load);
  return () => ends.forEach((end) => end());
}

function makeBanner() {
  const word = h("div", { class: "verdict-word" });
  const sign = h("div", { class: "verdict-sign" });
  const meaning = h("p", { class: "verdict-meaning" });
  const numbers = h("p", { class: "verdict-numbers" });
  const name = h("p", { class: "verdict-name" });
  const spoken = h("p", { class: "unseen", "aria-live": "polite" });
  const element = h(
    "section",
    { class: "banner", "aria-label": "Verdict", data: { verdict: "none" } },
    sign,
    h("div", {}, word, meaning),
    h("div", { class: "verdict-why" }, numbers, name),
    spoken,
  );
  word.textContent = "Ready";
  meaning.textContent = "Drop a picture, or let the station watch a folder.";

  function show(inspection) {
    const { verdict } = inspection;
    const count = modelNamed(inspection.model)?.calibration.count ?? 0;
    element.dataset.verdict = verdict;
    sign.replaceChildren(shape(verdict));
    word.textContent = verdict;
    meaning.textContent = VERDICT_WORDS[verdict];
    numbers.replaceChildren(
      h("strong", {}, `Score ${score(inspection.score)}`),
      h("span", {}, `p-value ${pValue(inspection.p_value)}`),
      h("span", {}, `${rarity(inspection.p_value, count)}.`),
    );
    name.replaceChildren(
      h("a", { href: `#/history/${inspection.id}` }, inspection.path),
      h("time", { datetime: inspection.time }, clock(inspection.time)),
    );
    spoken.textContent = `${verdict}: ${inspection.path}, score ${score(inspection.score)}`;
  }
  return { element, show };
}
