// Review: the pictures that a person should look at, one after the other, by keyboard or touch.

import { button, h } from "../dom.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { onKeys } from "../parts/keys.js";
import { makeLabels, setLabel } from "../parts/labels.js";
import { makeMasking } from "../parts/masking.js";
import { chip } from "../parts/verdict.js";
import { makeViewer } from "../parts/viewer.js";
import { aboutWaiting, askNearest, askWaiting, nothingWaits } from "../parts/waiting.js";
import { recall, remember } from "../settings.js";
import { chosenModel, modelNamed } from "../station.js";
import { attempt, complain, say } from "../toast.js";
import { labelWords } from "../words.js";

const AT_ONCE = 50;
const NEAREST = 10;
const MOST_UNDO = 100;

export function showReview(place) {
  const model = chosenModel();
  // What can be taken back outlives a reload, as the labels do.
  const memory = `reviewed.${model?.name}`;
  const state = {
    waiting: [],
    nearest: [],
    at: 0,
    done: recall(memory, []),
    all: 0,
    left: 0,
    newest: 0,
    busy: Promise.resolve(),
    own: null,
  };
  const viewer = makeViewer();
  const labels = makeLabels(label, true);
  const meter = h("progress", { "aria-label": t("review.progress") });
  const progress = h("p", { class: "soft", "aria-live": "polite" });
  const name = h("div", { class: "about" });
  const about = h("div", {});
  const undo = button(t("undo"), () => step(takeBack), { "aria-keyshortcuts": "U" });
  const mask = makeMasking(viewer, { run: step, changed: drawControls });
  const [before, after] = [
    button(`← ${t("review.previous")}`, () => look(-1), { "aria-keyshortcuts": "ArrowLeft" }),
    button(`${t("review.next")} →`, () => look(1), { "aria-keyshortcuts": "ArrowRight" }),
  ];
  undo.append(h("kbd", { "aria-hidden": "true" }, "U"));
  const empty = h("section", { class: "card empty", hidden: true });
  const work = h(
    "div",
    { class: "review-work" },
    h("div", { class: "main-column" }, viewer.element),
    h(
      "aside",
      { class: "side-column card", "aria-label": t("label.forThis") },
      name,
      labels.element,
      h("div", { class: "pairs" }, mask.toggle, mask.drop, undo),
      mask.tools,
      h("div", { class: "pairs" }, before, after),
      about,
    ),
  );
  place.append(
    h("header", { class: "view-head" }, h("h1", {}, t("view.review")), meter, progress),
    empty,
    work,
  );

  const current = () => state.waiting[state.at];

  /** Do one thing after the other, however fast the keys come. */
  function step(action) {
    state.busy = state.busy.then(() => attempt(action));
  }

  function label(word) {
    step(async () => {
      const inspection = current();
      if (!inspection) return;
      await mask.save();
      state.own = inspection.id;
      try {
        const { id, label_version } = await setLabel(inspection, word);
        state.done = [...state.done, { id, label_version, word, at: state.at }].slice(-MOST_UNDO);
        remember(memory, state.done);
      } catch (error) {
        // Somebody else was faster: their word is said, and the next picture is shown.
        if (!error.body?.current) throw error;
        complain(error);
      }
      await leave(inspection.id);
    });
  }

  /** Take a picture that has a label now out of the queue. */
  async function leave(id) {
    const index = state.waiting.findIndex((waiting) => waiting.id === id);
    if (index < 0) return;
    state.waiting.splice(index, 1);
    state.left -= 1;
    if (index < state.at) state.at -= 1;
    if (state.at >= state.waiting.length) state.at = 0;
    if (!state.waiting.length) await load();
    draw();
  }

  async function takeBack() {
    const last = state.done.at(-1);
    if (!last) return;
    state.done = state.done.slice(0, -1);
    remember(memory, state.done);
    const inspection = await setLabel(last, null);
    state.at = Math.min(last.at, state.waiting.length);
    state.waiting.splice(state.at, 0, inspection);
    state.left += 1;
    draw();
  }

  function look(move) {
    if (mask.isOpen() || state.waiting.length < 2) return;
    state.at = (state.at + move + state.waiting.length) % state.waiting.length;
    draw();
  }

  function drawControls() {
    undo.hidden = mask.isOpen();
    undo.disabled = !state.done.length;
    before.disabled = after.disabled = state.waiting.length < 2 || mask.isOpen();
    const gone = state.all - state.left;
    meter.max = state.all || 1;
    meter.value = gone;
    const last = state.done.at(-1);
    meter.hidden = !state.all;
    progress.textContent = [
      state.all ? t("review.done", { count: gone, all: state.all }) : "",
      last ? t("review.last", { label: labelWords(last.word) }) : "",
    ]
      .filter(Boolean)
      .join("; ");
  }

  function draw() {
    const inspection = current();
    work.hidden = !inspection;
    empty.hidden = Boolean(inspection);
    if (inspection) {
      name.replaceChildren(h("h2", {}, inspection.path), chip(inspection.verdict));
      about.replaceChildren(aboutWaiting(inspection, modelNamed(inspection.model)));
      mask.of(inspection);
      attempt(() => viewer.show(inspection, modelNamed(inspection.model)));
    } else {
      const undoLast = state.done.length ? () => step(takeBack) : null;
      empty.replaceChildren(...nothingWaits(state.nearest.length, () => step(takeNearest), undoLast));
    }
    drawControls();
  }

  async function load() {
    Object.assign(state, { at: 0, nearest: [], ...(await askWaiting(model?.name, AT_ONCE)) });
    if (model && !state.waiting.length) state.nearest = await askNearest(model.name, NEAREST);
  }

  /** Nothing waits: go through what is nearest to being REVIEW, which tells most about the threshold. */
  async function takeNearest() {
    const count = state.nearest.length;
    Object.assign(state, { waiting: state.nearest, nearest: [], all: count, left: count });
    draw();
  }

  /** Somebody else labels what waits here: it is said, and leaves the queue unless a mask is being drawn on it. */
  function labelledElsewhere({ id, path, label, labelled_by: by }) {
    if (id === state.own || !state.waiting.some((waiting) => waiting.id === id)) return;
    say(t("review.elsewhere", { name: by, path, label: labelWords(label) }));
    if (!(mask.isOpen() && current()?.id === id)) step(() => leave(id));
  }

  function arrived(inspection) {
    if (inspection.label !== null) labelledElsewhere(inspection);
    // A label that changes tells of its inspection again: only what is newer than all is new.
    if (inspection.verdict !== "REVIEW" || inspection.model !== model?.name || inspection.id <= state.newest)
      return;
    state.newest = inspection.id;
    const first = !state.waiting.length;
    if (state.waiting.length < AT_ONCE) state.waiting.push(inspection);
    state.all += 1;
    state.left += 1;
    if (first) draw();
    else drawControls();
  }

  const ends = [
    onKeys(() => ({
      g: () => label("good"),
      b: () => label("bad"),
      s: () => label("skip"),
      u: () => (mask.isOpen() ? mask.undo() : step(takeBack)),
      m: mask.press,
      escape: mask.cancel,
      arrowleft: () => look(-1),
      arrowright: () => look(1),
    })),
    listen("inspection", arrived),
  ];
  step(async () => {
    await load();
    draw();
  });
  return () => ends.forEach((end) => end());
}
