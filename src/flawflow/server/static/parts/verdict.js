// A verdict as shape, word and colour, so that none of the three is needed to tell them apart.

import { h, svg } from "../dom.js";

const SHAPES = {
  OK: () => [
    svg("circle", { cx: 50, cy: 50, r: 44 }),
    svg("path", { class: "cut", d: "M29 52 44 67 72 36" }),
  ],
  REVIEW: () => [
    svg("path", { d: "M50 3 97 50 50 97 3 50Z" }),
    svg("path", { class: "cut", d: "M38 41c0-16 25-16 25 0 0 11-12 10-12 20M51 73v1" }),
  ],
  stale: () => [
    svg("circle", { class: "ring", cx: 50, cy: 50, r: 40 }),
    svg("path", { class: "ring", d: "M50 26v26l17 12" }),
  ],
  NG: () => [svg("path", { d: "M50 6 98 92 2 92Z" }), svg("path", { class: "cut", d: "M50 38v26M50 78v1" })],
};

/** Give the shape alone: a disc, a diamond or a triangle; a clock where there is no verdict. */
export const shape = (verdict) =>
  svg("svg", { class: "shape", viewBox: "0 0 100 100", "aria-hidden": "true" }, SHAPES[verdict]());

/** Give a small verdict for tables and thumbnails. */
export const chip = (verdict) => h("span", { class: `chip v-${verdict}` }, shape(verdict), verdict);
