// Review: the pictures that a person should look at, one after the other, by keyboard or touch.

import { button, facts, h } from "../dom.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { makeLabels, setLabel } from "../parts/labels.js";
import { makeMasking } from "../parts/masking.js";
import { chip } from "../parts/verdict.js";
import { makeViewer } from "../parts/viewer.js";
import { askNearest, askWaiting, nothingWaits } from "../parts/waiting.js";
import { recall, remember } from "../settings.js";
import { chosenModel, modelNamed } from "../station.js";
import { attempt } from "../toast.js";
import { clock, labelWords, origin, rarity, score } from "../words.js";

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
      await setLabel(inspection.id, word);
      state.done = [...state.done, { id: inspection.id, word, at: state.at }].slice(-MOST_UNDO);
      remember(memory, state.done);
      state.waiting.splice(state.at, 1);
      state.left -= 1;
      if (state.at >= state.waiting.length) state.at = 0;
      if (!state.waiting.length) await load();
      draw();
    });
  }

  async function takeBack() {
    const last = state.done.at(-1);
    if (!last) return;
    state.done = state.done.slice(0, -1);
    remember(memory, state.done);
    const inspection = await setLabel(last.id, null);
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
      about.replaceChildren(
        facts([
          [t("score"), score(inspection.score)],
          [
            t("review.rarity"),
            rarity(inspection.p_value, modelNamed(inspection.model)?.calibration.count ?? 0),
          ],
          [t("time"), clock(inspection.time)],
          [t("detail.from"), origin(inspection.source)],
          inspection.has_mask && [t("mask"), t("mask.drawn")],
        ]),
      );
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

  function arrived(inspection) {
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

  function key(event) {
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      event.repeat ||
      event.target.matches("select, input:not([type=range], [type=radio], [type=checkbox])")
    )
      return;
    const arrows = !event.target.matches("input");
    const actions = {
      g: () => label("good"),
      b: () => label("bad"),
      s: () => label("skip"),
      u: () => (mask.isOpen() ? mask.undo() : step(takeBack)),
      m: mask.press,
      escape: mask.cancel,
      ...(arrows ? { arrowleft: () => look(-1), arrowright: () => look(1) } : {}),
    };
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }

  addEventListener("keydown", key);
  const end = listen("inspection", arrived);
  step(async () => {
    await load();
    draw();
  });
  return () => {
    removeEventListener("keydown", key);
    end();
  };
}
