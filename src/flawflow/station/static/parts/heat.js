// Anomaly maps as colour. The palette is that of the report and of the overlays (flawflow.report.heat):
// lightness rises evenly in OKLCH, so the order also holds for colour-blind eyes.

const LIGHTNESS = [0.3, 0.91];
const HUE_DEGREES = [300, 465];
const CHROMA = 0.21;
const TO_LMS = [
  [1, 0.3963377774, 0.2158037573],
  [1, -0.1055613458, -0.0638541728],
  [1, -0.0894841775, -1.291485548],
];
const TO_RGB = [
  [4.0767416621, -3.3077115913, 0.2309699292],
  [-1.2684380046, 2.6097574011, -0.3413193965],
  [-0.0041960863, -0.7034186147, 1.707614701],
];

const PALETTE = Array.from({ length: 256 }, (_, level) => colour(level / 255));

function colour(share) {
  const lightness = LIGHTNESS[0] + share * (LIGHTNESS[1] - LIGHTNESS[0]);
  const hue = ((HUE_DEGREES[0] + share * (HUE_DEGREES[1] - HUE_DEGREES[0])) * Math.PI) / 180;
  const chroma = CHROMA * Math.sin(Math.PI * (0.2 + 0.5 * share));
  const lab = [lightness, chroma * Math.cos(hue), chroma * Math.sin(hue)];
  const lms = TO_LMS.map((row) => dot(row, lab) ** 3);
  return TO_RGB.map((row) => Math.round(255 * gamma(Math.min(1, Math.max(0, dot(row, lms))))));
}

function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function gamma(value) {
  return value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
}

/**
 * Colour a map into a canvas.
 * @param {HTMLCanvasElement} canvas Takes the map's size.
 * @param {{width: number, height: number, levels: Uint8Array}} map 0 is the heat scale's low end, 255 its high end.
 * @param {number} opacity In [0, 1]: that of full heat. Nothing is drawn where there is no heat.
 */
export function paintHeat(canvas, map, opacity) {
  canvas.width = map.width;
  canvas.height = map.height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(map.width, map.height);
  const table = new Uint32Array(256);
  const bytes = new Uint8Array(table.buffer);
  // The square root lets weak heat be seen: dark colours at a low alpha are no more than a shadow.
  PALETTE.forEach((rgb, level) =>
    bytes.set([...rgb, Math.round(255 * opacity * Math.sqrt(level / 255))], 4 * level),
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
  PALETTE.forEach(([red, green, blue], level) => {
    context.fillStyle = `rgb(${red} ${green} ${blue})`;
    context.fillRect(level, 0, 1, 1);
  });
}

/** Read a grey PNG from the station as a map's levels. */
export async function readMap(image) {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const levels = new Uint8Array(data.length / 4);
  for (let i = 0; i < levels.length; i += 1) levels[i] = data[4 * i];
  return { width: canvas.width, height: canvas.height, levels };
}
