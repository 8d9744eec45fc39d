// Drawing what counts of a picture, the region of interest: a rectangle, a polygon or a brush over a good picture.

import { ask, remove } from "../api.js";
import { button, h, segments } from "../dom.js";
import { t } from "../i18n.js";
import { may } from "../people.js";
import { recall, remember } from "../settings.js";
import { attempt, say } from "../toast.js";
import { readMap } from "./heat.js";
import { asMask, blob, inked } from "./mask.js";
import { makeStrokes } from "./strokes.js";

// Finer than any model's input.
const MOST_PIXELS = 1024;
const TOOLS = ["rectangle", "polygon", "brush", "eraser"];
// So near to its first corner a polygon is closed, in pixels of the screen.
const NEAR = 14;

/** Make the card; it is hidden before the first picture. */
export function makeRegion({ path, take }) {
  const state = {
    of: null,
    version: null,
    tool: "rectangle",
    corners: null,
    strokes: null,
    changed: false,
    kept: false,
  };
  const image = h("img", { alt: t("learn.regionPicture") });
  const canvas = h("canvas", { class: "mask", "aria-label": t("learn.regionCanvas") });
  const frame = h("div", { class: "frame" }, image, canvas);
  const stage = h(
    "div",
    { class: "stage region", data: { state: "shown" } },
    h("div", { class: "pane" }, h("div", { class: "holder" }, frame)),
  );
  const words = h("p", { class: "soft", "aria-live": "polite" });
  const size = h("input", { type: "range", min: 4, max: 96, step: 2, value: recall("brush", 24) });
  size.addEventListener("input", () => remember("brush", size.valueAsNumber));
  const undo = button(t("mask.undo"), () => state.strokes.undo());
  const keep = button(t("learn.regionKeep"), () => attempt(save), { class: "primary" });
  const drop = button(t("learn.regionDrop"), () => attempt(erase));
  const brush = h("label", { class: "slider" }, h("span", {}, t("mask.size")), size);
  const tools = h(
    "div",
    { class: "mask-tools", role: "group", "aria-label": t("learn.region") },
    segments(
      t("mask.tool"),
      TOOLS.map((tool) => [tool, t(`learn.tool.${tool}`)]),
      state.tool,
      (tool) => {
        Object.assign(state, { tool, corners: null });
        draw();
      },
    ),
    brush,
    undo,
    keep,
    drop,
  );
  const element = h(
    "section",
    { class: "card stack wide", "aria-label": t("learn.region"), hidden: true },
    h("h2", {}, t("learn.region")),
    h("p", { class: "soft" }, t("learn.regionHint")),
    words,
    may("train") ? tools : null,
    stage,
  );
  if (may("train")) follow(canvas, state, size);

  function draw() {
    brush.hidden = !["brush", "eraser"].includes(state.tool);
    undo.disabled = !state.strokes?.count();
    keep.disabled = !state.changed;
    drop.disabled = !state.kept && !state.strokes?.count();
    words.textContent = t(
      state.changed ? "learn.regionChanged" : state.kept ? "learn.regionIs" : "learn.regionNone",
    );
  }

  /** Lay the drawing over a picture; what is kept already is where it begins. */
  function open(picture) {
    const share = Math.min(1, MOST_PIXELS / Math.max(picture.width, picture.height));
    canvas.width = Math.max(1, Math.round(picture.width * share));
    canvas.height = Math.max(1, Math.round(picture.height * share));
    frame.style.setProperty("--ratio", String(picture.width / picture.height));
    frame.style.aspectRatio = `${picture.width} / ${picture.height}`;
    image.src = `${path(`/pictures/${picture.id}`)}?side=2048`;
    state.strokes = makeStrokes(canvas.getContext("2d"), () => {
      state.changed = state.strokes?.count() > 0;
      draw();
    });
    Object.assign(state, { of: picture.id, corners: null, changed: false });
  }

  async function begin(kept) {
    state.kept = kept;
    state.strokes.reset();
    if (kept) {
      const mask = new Image();
      mask.src = `${path("/roi")}?at=${Date.now()}`;
      await mask.decode();
      state.strokes.begin(inked(await readMap(mask), 127));
    }
    state.changed = false;
    draw();
  }

  async function save() {
    const mask = asMask(canvas.getContext("2d"), canvas.width, canvas.height);
    if (!mask) await erase();
    else {
      state.changed = false;
      take(await ask("PUT", path("/roi"), { body: await blob(mask), type: "image/png" }));
      say(t("learn.regionKept"));
    }
  }

  async function erase() {
    state.strokes.reset();
    state.changed = false;
    take(await remove(path("/roi")));
  }

  function show(draft, pictures) {
    const first = pictures.find(({ left_out }) => !left_out);
    element.hidden = !first;
    if (!first) return;
    const version = `${draft.has_roi} ${draft.content}`;
    if (state.of === null || (!state.changed && !pictures.some(({ id }) => id === state.of))) open(first);
    // What somebody draws is not taken away by what comes meanwhile.
    if (version !== state.version && !state.changed) {
      state.version = version;
      if (state.kept !== draft.has_roi || draft.has_roi) attempt(() => begin(draft.has_roi));
    }
    draw();
  }

  return { element, show };
}

/** Draw with what points at the canvas. */
function follow(canvas, state, size) {
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    return { x, y, size: Math.max(1, size.valueAsNumber * scale), scale };
  };
  const start = {
    rectangle: (point) => {
      state.corners = [point];
      state.strokes.add({ shape: rectangle(point, point) });
    },
    polygon: (point) => {
      const first = state.corners?.[0];
      if (first && Math.hypot(point.x - first.x, point.y - first.y) < NEAR * point.scale) {
        state.strokes.reshape(state.corners);
        state.corners = null;
      } else if (first) {
        state.corners.push(point);
        state.strokes.reshape(state.corners);
      } else {
        state.corners = [point];
        state.strokes.add({ shape: [point] });
      }
    },
    brush: (point) => state.strokes.add({ erase: false, points: [point] }),
    eraser: (point) => state.strokes.add({ erase: true, points: [point] }),
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    // A polygon that was taken back begins again.
    if (state.tool === "polygon" && !state.strokes.count()) state.corners = null;
    start[state.tool](at(event));
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    const held = canvas.hasPointerCapture(event.pointerId);
    const point = at(event);
    if (state.tool === "polygon" && state.corners) state.strokes.reshape([...state.corners, point]);
    else if (!held) return;
    else if (state.tool === "rectangle") state.strokes.reshape(rectangle(state.corners[0], point));
    else state.strokes.go(event.getCoalescedEvents().map(at));
  });
  canvas.addEventListener("dblclick", () => {
    if (!state.corners || state.tool !== "polygon") return;
    state.strokes.reshape(state.corners);
    state.corners = null;
  });
}

const rectangle = (one, other) => [one, { x: other.x, y: one.y }, other, { x: one.x, y: other.y }];
