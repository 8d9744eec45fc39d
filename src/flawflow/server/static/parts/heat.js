// Anomaly maps as colour, by the station's palette: that of the reports and of the overlays.

import { station } from "../station.js";

/**
 * Colour a map into a canvas.
 * @param {HTMLCanvasElement} canvas Takes the map's size.
 * @param {{width: number, height: number, levels: Uint8Array}} map 0 is the low end of the colormap range, 255 its high end.
 * @param {number} opacity In [0, 1]: that of the highest value. Nothing is drawn at the lowest.
 */
export function paintHeat(canvas, map, opacity) {
  canvas.width = map.width;
  canvas.height = map.height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(map.width, map.height);
  const table = new Uint32Array(256);
  const bytes = new Uint8Array(table.buffer);
  station.palette.forEach(([red, green, blue, alpha], level) =>
    bytes.set([red, green, blue, Math.round(opacity * alpha)], 4 * level),
  );
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = table[map.levels[i]];
  context.putImageData(image, 0, 0);
}

/** Paint the legend: the palette from left to right. */
export function paintLegend(canvas) {
  canvas.width = 256;
  canvas.height = 1;
  const context = canvas.getContext("2d");
  station.palette.forEach(([red, green, blue], level) => {
    context.fillStyle = `rgb(${red} ${green} ${blue})`;
    context.fillRect(level, 0, 1, 1);
  });
}

/** Read a grey PNG from the station as a map's levels; where it is larger than `side`, in fewer pixels. */
export async function readMap(image, side = Number.POSITIVE_INFINITY) {
  const share = Math.min(1, side / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(share * image.naturalWidth);
  canvas.height = Math.ceil(share * image.naturalHeight);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const levels = new Uint8Array(data.length / 4);
  for (let i = 0; i < levels.length; i += 1) levels[i] = data[4 * i];
  return { width: canvas.width, height: canvas.height, levels };
}
