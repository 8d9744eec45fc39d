// A picture and its heat map: side by side, overlaid or alone, with sliders for opacity and threshold.

import { button, h, segments, svg } from "../dom.js";
import { recall, remember } from "../settings.js";
import { counted, score } from "../words.js";
import { outline } from "./contour.js";
import { paintHeat, paintLegend, readMap } from "./heat.js";

// As many pixels as a screen shows; the picture itself may have twenty million.
const SIDE = 2048;

const MODES = [
  ["side", "Side by side"],
  ["over", "Overlay"],
  ["plain", "Picture"],
];

/**
 * Make a viewer.
 * @returns {{element: HTMLElement, show: Function, pane: HTMLElement, mode: Function}} `show(inspection, model)` gives a
 *   promise that is kept when the pictures stand there; `pane` lies exactly over the picture; `mode(value)` shows
 *   in another way for once, and `mode()` as was chosen.
 */
export function makeViewer() {
  const scale = makeScale();
  const panes = [makePane("Picture"), makePane("Heat map", scale.element)];
  const stage = h(
    "div",
    { class: "stage" },
    panes.map((pane) => pane.element),
  );
  const found = h("p", { class: "found soft" });
  const state = {
    inspection: null,
    model: null,
    map: null,
    opacity: recall("opacity", 0.8),
    threshold: null,
    turn: 0,
  };
  const controls = makeControls(state, draw);
  const mode = (value = recall("mode", "side")) => {
    stage.dataset.mode = value;
  };
  mode();
  const switchMode = segments("What to show", MODES, recall("mode", "side"), (value) => {
    remember("mode", value);
    mode(value);
  });
  const element = h(
    "section",
    { class: "viewer", "aria-label": "Picture and heat map" },
    stage,
    h("div", { class: "viewer-bar" }, switchMode, controls.element),
    found,
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

  async function show(inspection, model) {
    const turn = (state.turn += 1);
    const [picture, map] = await Promise.all([
      load(inspection.links.picture && `${inspection.links.picture}?side=${SIDE}`),
      load(inspection.links.map),
    ]);
    if (turn !== state.turn) return;
    Object.assign(state, { inspection, model, map: map && model ? await readMap(map) : null });
    state.threshold = model ? (recall(`pixel.${model.name}`, null) ?? model.calibration.pixel_threshold) : 0;
    for (const pane of panes) pane.place(picture, inspection);
    stage.dataset.state = "shown";
    controls.update();
    scale.update(model);
    found.textContent = state.map ? "" : "The heat map was not kept.";
    draw();
  }

  return { element, show, pane: panes[0].frame, mode };
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
    return `Outlined where the map is above ${score(threshold)}; the model outlines above ${score(model.calibration.pixel_threshold)}.`;
  }
  const { regions } = inspection;
  if (!regions.length) return `No region is above the model's pixel threshold, ${score(threshold)}.`;
  if (regions[0].peak <= threshold)
    return `Nothing is above the model's pixel threshold, ${score(threshold)}; the highest, ${score(regions[0].peak)}, is marked.`;
  const area = Math.max(...regions.map((region) => region.area));
  return `${counted(regions.length, "region")} above ${score(threshold)}; the largest covers ${counted(area, "pixel")}, the highest peak is ${score(regions[0].peak)}.`;
}

function makePane(title, beside = null) {
  const image = h("img", { alt: "" });
  const heat = h("canvas", { class: "heat", "aria-hidden": "true" });
  const lines = ["under", "line"].map((name) =>
    svg("path", { class: name, "vector-effect": "non-scaling-stroke" }),
  );
  const drawing = svg("svg", { class: "outline", preserveAspectRatio: "none", "aria-hidden": "true" }, lines);
  const missing = h("p", { class: "missing", hidden: true }, "The picture itself was not kept.");
  const frame = h("div", { class: "frame" }, image, heat, drawing, missing);
  const element = h(
    "figure",
    { class: "pane" },
    h("figcaption", {}, title, beside),
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
      image.alt =
        title === "Picture"
          ? `The picture ${inspection.path}`
          : `Heat map over the picture ${inspection.path}`;
      for (const line of lines) line.setAttribute("d", "");
      heat.width = 0;
    },
    drawOutline(path, { width, height }) {
      drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
      for (const line of lines) line.setAttribute("d", path);
    },
    paint: (map, opacity) => paintHeat(heat, map, opacity),
  };
}

function makeControls(state, draw) {
  const opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: state.opacity });
  const threshold = h("input", { type: "range", step: "any" });
  const said = h("b", {});
  const reset = button("Reset", () => set(null), {
    class: "quiet",
    title: "Reset to the model's threshold",
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
    h("label", { class: "slider" }, h("span", {}, "Heat opacity"), opacity),
    h("label", { class: "slider" }, h("span", {}, "Pixel threshold ", said), threshold),
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

function load(address) {
  if (!address) return Promise.resolve(null);
  return new Promise((done) => {
    const image = new Image();
    image.addEventListener("load", () => done(image));
    image.addEventListener("error", () => done(null));
    image.src = address;
  });
}
