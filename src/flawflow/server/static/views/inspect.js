// Inspect: the newest picture with its verdict, large enough for three metres, and what the thresholds promise.

import { get, withQuery } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { waitingNg } from "../latch.js";
import { listen } from "../live.js";
import { makeBanner } from "../parts/banner.js";
import { makeLines } from "../parts/lines.js";
import { makeSources } from "../parts/sources.js";
import { makeThresholds } from "../parts/thresholds.js";
import { makeStrip } from "../parts/thumb.js";
import { makeUpload } from "../parts/upload.js";
import { makeViewer } from "../parts/viewer.js";
import { may } from "../people.js";
import { chosenModel, modelNamed } from "../station.js";
import { attempt } from "../toast.js";

const NEWEST = 12;

export function showInspect(place, { detail }) {
  const model = chosenModel();
  if (!model) {
    place.append(
      h(
        "section",
        { class: "card empty wide" },
        h("h1", {}, t("model.none")),
        may("train") ? h("a", { class: "button", href: "#/learn" }, t("model.learn")) : null,
        h("p", {}, t("model.start", { command: "flawflow serve part.flaw" })),
      ),
    );
    return undefined;
  }
  const state = { shown: null, next: null, drawing: false, newest: [], pinned: detail !== null };
  const banner = makeBanner(model.name);
  const viewer = makeViewer();
  const strip = makeStrip((inspection) => {
    location.hash = `#/inspect/${inspection.id}`;
  });
  const upload = makeUpload(place);
  const thresholds = makeThresholds(model);
  const sources = makeSources();
  const lines = makeLines();
  const follow = h(
    "label",
    { class: "follow" },
    h("input", {
      type: "checkbox",
      checked: !state.pinned,
      on: { change: (event) => pin(!event.target.checked) },
    }),
    t("inspect.follow"),
  );
  viewer.element.hidden = true;
  place.append(
    h("h1", { class: "unseen" }, t("view.inspect")),
    h(
      "div",
      { class: "main-column" },
      h("div", { class: "toolbar" }, upload.element, follow),
      banner.element,
      viewer.element,
      strip.element,
    ),
    h("div", { class: "side-column" }, thresholds.element, lines.element, sources.element),
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
      banner.show(now, state.pinned);
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
    banner.arrived(inspection);
    if (state.newest.length >= NEWEST && inspection.id < state.newest.at(-1).id) return;
    add([inspection]);
    const first = wanted();
    if (state.pinned || first.id === state.shown?.id) strip.show(state.newest, state.shown?.id);
    else show(first);
  }

  /** Give what is to be shown: an NG that nobody has acknowledged, else the newest. */
  const wanted = () => waitingNg(model.name)[0] ?? state.newest[0];

  function add(inspections) {
    state.newest = [...inspections, ...state.newest].sort((a, b) => b.id - a.id).slice(0, NEWEST);
  }

  async function load() {
    const answer = await get(withQuery("/api/inspections", { model: model.name, limit: NEWEST }));
    // What has arrived meanwhile is newer than the answer, and stays.
    const known = new Set(state.newest.map(({ id }) => id));
    add(answer.inspections.filter(({ id }) => !known.has(id)));
    answer.inspections.forEach(banner.arrived);
    const first = state.pinned ? await get(`/api/inspections/${encodeURIComponent(detail)}`) : wanted();
    if (first) await show(first);
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
    banner.close,
    lines.close,
    listen("latch", () => {
      const first = wanted();
      if (first && !state.pinned && first.id !== state.shown?.id) show(first);
    }),
  ];
  attempt(load);
  return () => ends.forEach((end) => end());
}
