// Drawing where the defect is, over either picture, by mouse, finger or pen.

import { ask, remove, withQuery } from "../api.js";
import { button, h, segments } from "../dom.js";
import { t } from "../i18n.js";
import { recall, remember } from "../settings.js";
import { readMap } from "./heat.js";
import { makeStrokes } from "./strokes.js";

// The second canvas only shows what the first one holds, in no more pixels than a screen has.
const SHOWN = 1024;

const pathOf = ({ id }) => `/api/inspections/${id}/mask`;

/** Give the address of a mask as it is now: a page keeps the pictures of addresses that it has seen. */
export const maskOf = (inspection) => `${pathOf(inspection)}?at=${Date.now()}`;

/**
 * Open the drawing over pictures.
 * @param {HTMLElement[]} frames What lies exactly over the picture, wherever it is shown.
 * @param {object} inspection
 * @param {number} level The level of the heat map, 0 to 255, above which "From the heat map" draws.
 * @param {(changed: object|null) => void} finish Takes the inspection as it then is; null where nothing was stored.
 * @returns {{tools: HTMLElement, save: Function, cancel: Function, undo: Function}}
 */
export function drawMask(frames, inspection, level, finish) {
  const { height, width } = inspection;
  const share = Math.min(1, SHOWN / Math.max(width, height));
  const canvases = frames.map((frame, i) => {
    const size = i
      ? { width: Math.ceil(width * share), height: Math.ceil(height * share) }
      : { width, height };
    const canvas = h("canvas", { class: "mask", ...size, "aria-label": t("mask.canvas") });
    frame.append(canvas);
    return canvas;
  });
  const context = canvases[0].getContext("2d");
  const strokes = makeStrokes(context, () => {
    undoing.disabled = !strokes.count();
    for (const copy of canvases.slice(1)) mirror(canvases[0], copy);
  });
  const pen = { erase: false, size: recall("brush", 24) };
  const undoing = button(t("mask.undo"), strokes.undo, { disabled: true, "aria-keyshortcuts": "U" });
  for (const canvas of canvases) follow(canvas, width, strokes, pen);
  // Where somebody else was faster, nothing is overwritten.
  const path = () => withQuery(pathOf(inspection), { version: inspection.label_version });
  // What is kept already is where the drawing begins, and no stroke of it.
  if (inspection.has_mask) load(maskOf(inspection), 0).then(strokes.begin);

  async function load(address, above) {
    const image = new Image();
    image.src = address;
    await image.decode();
    return inked(await readMap(image), above);
  }

  function close(changed) {
    for (const canvas of canvases) canvas.remove();
    tools.remove();
    finish(changed);
  }

  async function save() {
    const mask = asMask(context, width, height);
    if (!mask) close(inspection.has_mask ? await remove(path()) : null);
    else close(await ask("PUT", path(), { body: await blob(mask), type: "image/png" }));
  }

  const tools = makeTools(pen, [
    inspection.links.map
      ? button(t("mask.fromHeat"), async () => strokes.add({ map: await load(inspection.links.map, level) }))
      : null,
    undoing,
    button(t("clear"), () => strokes.add({ clear: true })),
  ]);
  return { tools, save, cancel: () => close(null), undo: strokes.undo };
}

function makeTools(pen, buttons) {
  const size = h("input", { type: "range", min: 4, max: 96, step: 2, value: pen.size });
  size.addEventListener("input", () => {
    pen.size = size.valueAsNumber;
    remember("brush", pen.size);
  });
  const kinds = ["brush", "eraser"].map((kind) => [kind, t(`mask.${kind}`)]);
  return h(
    "div",
    { class: "mask-tools", role: "group", "aria-label": t("mask") },
    segments(t("mask.tool"), kinds, "brush", (kind) => {
      pen.erase = kind === "eraser";
    }),
    h("label", { class: "slider" }, h("span", {}, t("mask.size")), size),
    buttons,
  );
}

/** Draw with what points at a canvas. */
function follow(canvas, width, strokes, pen) {
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = width / box.width;
    // A pen that feels pressure draws thinner where it is held lightly.
    const force = event.pointerType === "pen" && event.pressure > 0 ? 0.4 + 1.2 * event.pressure : 1;
    return {
      x: (event.clientX - box.left) * scale,
      y: (event.clientY - box.top) * scale,
      size: Math.max(1, pen.size * force * scale),
    };
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    strokes.add({ erase: pen.erase, points: [at(event)] });
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) strokes.go(event.getCoalescedEvents().map(at));
  });
}

function mirror(from, to) {
  const context = to.getContext("2d");
  context.clearRect(0, 0, to.width, to.height);
  context.drawImage(from, 0, 0, to.width, to.height);
}

/** Give a canvas that is inked where a map is above a level. */
export function inked(map, above) {
  const canvas = h("canvas", { width: map.width, height: map.height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(map.width, map.height);
  const ink = new Uint8ClampedArray([0, 200, 255, 255]);
  map.levels.forEach((value, i) => {
    if (value > above) image.data.set(ink, 4 * i);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Give a canvas that is white where the drawing is, black elsewhere; null where nothing is drawn. */
export function asMask(context, width, height) {
  const image = context.getImageData(0, 0, width, height);
  let any = false;
  for (let i = 0; i < image.data.length; i += 4) {
    const on = image.data[i + 3] > 127;
    any ||= on;
    image.data.fill(on ? 255 : 0, i, i + 3);
    image.data[i + 3] = 255;
  }
  if (!any) return null;
  const canvas = h("canvas", { width, height });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** Give a canvas as PNG. */
export const blob = (canvas) =>
  new Promise((done) => {
    canvas.toBlob(done, "image/png");
  });
