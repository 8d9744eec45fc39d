// A picture and its heat map: side by side, overlaid or alone, with sliders for opacity and threshold.

import { button, h, segments, svg } from "../dom.js";
import { t } from "../i18n.js";
import { recall, remember } from "../settings.js";
import { score } from "../words.js";
import { outline } from "./contour.js";
import { paintHeat, paintLegend, readMap } from "./heat.js";
import { maskOf } from "./mask.js";

// As many pixels as a screen shows; the picture itself may have twenty million.
const SIDE = 2048;

const MASK_SIDE = 512;

const MODES = ["side", "over", "plain"];

/**
 * Make a viewer.
 * @returns {object} `element`; `show(inspection, model)` gives a promise that is kept when the pictures stand there, as
 *   `ready()` does for those that were shown last; `frames` lie exactly over the pictures; `keepMask(inspection)` shows
 *   the mask that is kept.
 */
export function makeViewer() {
  const scale = makeScale();
  const panes = [makePane("picture"), makePane("heat", scale.element)];
  const stage = h(
    "div",
    { class: "stage" },
    panes.map((pane) => pane.element),
  );
  const found = h("p", { class: "found soft" });
  const drawn = h("p", { class: "drawn soft", hidden: true }, t("viewer.mask"));
  const state = {
    inspection: null,
    model: null,
    map: null,
    opacity: recall("opacity", 0.8),
    threshold: null,
    turn: 0,
    shown: null,
  };
  const controls = makeControls(state, draw);
  stage.dataset.mode = recall("mode", "side");
  const modes = MODES.map((name) => [name, t(`viewer.${name}`)]);
  const switchMode = segments(t("viewer.what"), modes, recall("mode", "side"), (value) => {
    remember("mode", value);
    stage.dataset.mode = value;
  });
  const element = h(
    "section",
    { class: "viewer", "aria-label": t("viewer.label") },
    stage,
    h("div", { class: "viewer-bar" }, switchMode, controls.element),
    found,
    drawn,
  );

  function draw() {
    if (!state.map) return;
    const [low, high] = state.model.heat_scale;
    const level = (255 * (state.threshold - low)) / (high - low);
    const path = marked(state) ?? (level < 255 ? outline(state.map, level) : "");
    for (const pane of panes) pane.drawOutline(path, state.map);
    panes[1].paint(state.map, state.opacity);
    found.textContent = words(state);
  }

  function show(inspection, model) {
    state.shown = load(inspection, model);
    return state.shown;
  }

  /** Show the mask that somebody has drawn: its outline, over either picture. */
  async function keepMask(inspection) {
    const { turn } = state;
    const mask = inspection.has_mask ? await fetched(maskOf(inspection)) : null;
    const path = mask
      ? await readMap(mask, MASK_SIDE).then((map) => [outline(map, 127), map])
      : ["", { width: 1, height: 1 }];
    if (turn !== state.turn) return;
    for (const pane of panes) pane.drawMask(...path);
    drawn.hidden = !mask;
  }

  async function load(inspection, model) {
    const turn = (state.turn += 1);
    const [picture, map] = await Promise.all([
      fetched(inspection.links.picture && `${inspection.links.picture}?side=${SIDE}`),
      fetched(inspection.links.map),
    ]);
    if (turn !== state.turn) return;
    Object.assign(state, { inspection, model, map: map && model ? await readMap(map) : null });
    state.threshold = model ? (recall(`pixel.${model.name}`, null) ?? model.calibration.pixel_threshold) : 0;
    for (const pane of panes) pane.place(picture, inspection);
    stage.dataset.state = "shown";
    controls.update();
    scale.update(model);
    found.textContent = state.map ? "" : t("viewer.noHeat");
    draw();
    await keepMask(inspection);
  }

  const ready = () => state.shown;
  return { element, show, ready, keepMask, frames: panes.map(({ frame }) => frame) };
}

/** Give the boxes of regions below the model's own threshold, which NG and REVIEW have where nothing is above. */
function marked({ inspection, model, map, threshold }) {
  const { regions, width, height } = inspection;
  if (threshold !== model.calibration.pixel_threshold || !regions.length || regions[0].peak > threshold)
    return null;
  const [across, down] = [map.width / width, map.height / height];
  return regions
    .map(({ box: { left, top, right, bottom } }) => {
      const [x0, y0, x1, y1] = [left * across, top * down, right * across, bottom * down];
      return `M${x0} ${y0}H${x1}V${y1}H${x0}Z`;
    })
    .join("");
}

function words({ inspection, model, threshold }) {
  if (threshold !== model.calibration.pixel_threshold) {
    return t("found.outlined", { here: score(threshold), model: score(model.calibration.pixel_threshold) });
  }
  const { regions } = inspection;
  if (!regions.length) return t("found.none", { threshold: score(threshold) });
  if (regions[0].peak <= threshold)
    return t("found.below", { threshold: score(threshold), peak: score(regions[0].peak) });
  const area = Math.max(...regions.map((region) => region.area));
  return t("found.regions", {
    count: regions.length,
    threshold: score(threshold),
    area,
    peak: score(regions[0].peak),
  });
}

function makePane(kind, beside = null) {
  const image = h("img", { alt: "" });
  const heat = h("canvas", { class: "heat", "aria-hidden": "true" });
  const lines = ["under", "line"].map((name) =>
    svg("path", { class: name, "vector-effect": "non-scaling-stroke" }),
  );
  const over = { preserveAspectRatio: "none", "aria-hidden": "true" };
  const drawing = svg("svg", { class: "outline", ...over }, lines);
  const kept = svg("path", { class: "kept", "vector-effect": "non-scaling-stroke" });
  const mask = svg("svg", { class: "outline", ...over }, kept);
  const missing = h("p", { class: "missing", hidden: true }, t("viewer.noPicture"));
  const frame = h("div", { class: "frame" }, image, heat, drawing, mask, missing);
  const element = h(
    "figure",
    { class: "pane" },
    h("figcaption", {}, t(`pane.title.${kind}`), beside),
    h("div", { class: "holder" }, frame),
  );
  return {
    element,
    frame,
    place(picture, inspection) {
      const { height, width } = inspection;
      frame.style.setProperty("--ratio", width / height);
      frame.style.aspectRatio = `${width} / ${height}`;
      image.hidden = !picture;
      missing.hidden = Boolean(picture);
      if (picture) image.src = picture.src;
      image.alt = t(`pane.${kind}`, { name: inspection.path });
      for (const line of lines) line.setAttribute("d", "");
      heat.width = 0;
    },
    drawOutline(path, { width, height }) {
      drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
      for (const line of lines) line.setAttribute("d", path);
    },
    drawMask(path, { width, height }) {
      mask.setAttribute("viewBox", `0 0 ${width} ${height}`);
      kept.setAttribute("d", path);
    },
    paint: (map, opacity) => paintHeat(heat, map, opacity),
  };
}

function makeControls(state, draw) {
  const opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: state.opacity });
  const threshold = h("input", { type: "range", step: "any" });
  const said = h("b", {});
  const reset = button(t("viewer.reset"), () => set(null), {
    class: "quiet",
    title: t("viewer.resetHint"),
  });
  opacity.addEventListener("input", () => {
    state.opacity = opacity.valueAsNumber;
    remember("opacity", state.opacity);
    draw();
  });
  threshold.addEventListener("input", () => set(threshold.valueAsNumber));

  function set(value) {
    if (!state.model) return;
    remember(`pixel.${state.model.name}`, value);
    state.threshold = value ?? state.model.calibration.pixel_threshold;
    update();
    draw();
  }

  function update() {
    threshold.disabled = opacity.disabled = !state.map;
    reset.hidden = true;
    if (!state.model) return;
    const [low, high] = state.model.heat_scale;
    Object.assign(threshold, { min: low, max: high, step: (high - low) / 200 });
    threshold.value = state.threshold;
    said.textContent = score(state.threshold);
    reset.hidden = state.threshold === state.model.calibration.pixel_threshold;
  }

  const element = h(
    "div",
    { class: "sliders" },
    h("label", { class: "slider" }, h("span", {}, t("viewer.opacity")), opacity),
    h("label", { class: "slider" }, h("span", {}, t("viewer.threshold"), " ", said), threshold),
    reset,
  );
  update();
  return { element, update };
}

/** Make the legend: one scale for all pictures of a model. */
function makeScale() {
  const legend = h("canvas", { class: "legend", "aria-hidden": "true" });
  const ends = [h("span", {}), h("span", {})];
  paintLegend(legend);
  const update = (model) =>
    ends.forEach((end, i) => {
      end.textContent = model ? score(model.heat_scale[i]) : "";
    });
  return { element: h("span", { class: "scale" }, ends[0], legend, ends[1]), update };
}

function fetched(address) {
  if (!address) return Promise.resolve(null);
  return new Promise((done) => {
    const image = new Image();
    image.addEventListener("load", () => done(image));
    image.addEventListener("error", () => done(null));
    image.src = address;
  });
}
