// Drawing where the defect is, over the picture, by mouse, finger or pen.

import { ask, remove, withQuery } from "../api.js";
import { button, h, segments } from "../dom.js";
import { recall, remember } from "../settings.js";
import { readMap } from "./heat.js";

const INK = "#00c8ff";

/**
 * Open the drawing over a picture.
 * @param {HTMLElement} frame What lies exactly over the picture.
 * @param {object} inspection
 * @param {number} level The level of the heat map, 0 to 255, above which "From the heat map" draws.
 * @param {(changed: object|null) => void} finish Takes the inspection as it then is; null where nothing was stored.
 * @returns {{tools: HTMLElement, save: Function, cancel: Function}}
 */
export function drawMask(frame, inspection, level, finish) {
  const { height, width } = inspection;
  const canvas = h("canvas", {
    class: "mask",
    width,
    height,
    "aria-label": "The mask of the defect: draw with mouse, finger or pen",
  });
  const context = canvas.getContext("2d");
  const pen = { erase: false, size: recall("brush", 24), last: null };
  const size = h("input", { type: "range", min: 4, max: 96, step: 2, value: pen.size });
  size.addEventListener("input", () => {
    pen.size = size.valueAsNumber;
    remember("brush", pen.size);
  });
  frame.append(canvas);
  follow(canvas, context, pen);
  const place = `/api/inspections/${inspection.id}/mask`;
  // Where somebody else was faster, nothing is overwritten.
  const path = () => withQuery(place, { version: inspection.label_version });
  if (inspection.has_mask) paint(place, 0);

  async function paint(address, above) {
    const image = new Image();
    image.src = address;
    await image.decode();
    const small = inked(await readMap(image), above);
    context.globalCompositeOperation = "source-over";
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, width, height);
  }

  function close(changed) {
    canvas.remove();
    tools.remove();
    finish(changed);
  }

  const clear = () => context.clearRect(0, 0, width, height);
  const cancel = () => close(null);
  async function save() {
    const mask = asMask(context, width, height);
    if (!mask) close(inspection.has_mask ? await remove(path()) : null);
    else close(await ask("PUT", path(), { body: await blob(mask), type: "image/png" }));
  }

  const tools = h(
    "div",
    { class: "mask-tools", role: "group", "aria-label": "Mask" },
    segments(
      "Tool",
      [
        ["brush", "Brush"],
        ["eraser", "Eraser"],
      ],
      "brush",
      (value) => {
        pen.erase = value === "eraser";
      },
    ),
    h("label", { class: "slider" }, h("span", {}, "Size"), size),
    inspection.links.map ? button("From the heat map", () => paint(inspection.links.map, level)) : null,
    button("Clear", clear),
  );
  return { tools, save, cancel };
}

function follow(canvas, context, pen) {
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale, scale };
  };
  const stroke = (event) => {
    const here = at(event);
    // A pen that feels pressure draws thinner where it is held lightly.
    const force = event.pointerType === "pen" && event.pressure > 0 ? 0.4 + 1.2 * event.pressure : 1;
    context.globalCompositeOperation = pen.erase ? "destination-out" : "source-over";
    Object.assign(context, {
      strokeStyle: INK,
      lineCap: "round",
      lineJoin: "round",
      lineWidth: Math.max(1, pen.size * force * here.scale),
    });
    context.beginPath();
    // A line without length is not drawn, but a touch is a dot.
    context.moveTo(pen.last?.x ?? here.x - 0.01, pen.last?.y ?? here.y);
    context.lineTo(here.x, here.y);
    context.stroke();
    pen.last = here;
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pen.last = null;
    stroke(event);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (pen.last && canvas.hasPointerCapture(event.pointerId)) event.getCoalescedEvents().forEach(stroke);
  });
  for (const type of ["pointerup", "pointercancel"])
    canvas.addEventListener(type, () => {
      pen.last = null;
    });
}

/** Give a canvas that is inked where a map is above a level. */
function inked(map, above) {
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
function asMask(context, width, height) {
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

const blob = (canvas) =>
  new Promise((done) => {
    canvas.toBlob(done, "image/png");
  });
