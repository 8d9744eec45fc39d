// Where regions lie: a heat of coarse cells over a good picture, and which places and sizes are the most.

import { figures, h, svg, table } from "../dom.js";
import { t } from "../i18n.js";
import { number, percent } from "../words.js";
import { paintHeat } from "./heat.js";

// The colour of a single region where others lie in heaps: still to be seen. The report has the same.
const LOWEST_LEVEL = 90;

/**
 * Make a card of a model's places.
 * @param {{model: string, total: number, side: number, cells: number[][], thirds: object[], sizes: object[], picture: string|null}} places
 */
export function placesCard(places) {
  const title = t("places.title", { model: places.model });
  const chart = (name, rows, words) => h("div", { class: "scrolls", tabindex: 0 }, pareto(name, rows, words));
  return h(
    "section",
    { class: "card stack wide", "aria-label": title },
    h("h2", {}, title),
    h(
      "div",
      { class: "places-row" },
      heat(places),
      h(
        "div",
        { class: "stack" },
        chart(t("places.place"), places.thirds, ({ name }) => t(`place.${name}`)),
        chart(t("places.size"), places.sizes, ({ name }) => t(`size.${name}`)),
      ),
    ),
    h("p", { class: "soft" }, t("places.note", { count: places.total })),
  );
}

/** Give the palette's level of each cell, row by row: 0 where nothing lies, 255 where the most lie. */
export function cellLevels({ side, cells }) {
  const most = Math.max(...cells.map(([, count]) => count));
  const levels = new Uint8Array(side * side);
  for (const [cell, count] of cells)
    levels[cell] = LOWEST_LEVEL + Math.floor(((255 - LOWEST_LEVEL) * count) / most);
  return levels;
}

function heat(places) {
  const canvas = h("canvas", { class: "cells" });
  paintHeat(canvas, { width: places.side, height: places.side, levels: cellLevels(places) }, 1);
  const most = Math.max(...places.cells.map(([, count]) => count));
  const picture = places.picture
    ? h("img", { src: `${places.picture}?side=640`, alt: t("places.picture") })
    : h("p", { class: "missing" }, t("places.noPicture"));
  return h(
    "figure",
    { class: "places" },
    h("div", { class: "under", data: { bare: !places.picture } }, picture, canvas),
    h("figcaption", { class: "soft" }, t("places.most", { count: most })),
  );
}

function pareto(name, rows, words) {
  const row = (each) => figures([words(each), number(each.count), bar(each.share), percent(each.cumulative)]);
  return table(
    [name, t("places.regions"), t("places.share"), t("places.upTo")],
    h("tbody", {}, rows.map(row)),
    { class: "small pareto" },
  );
}

/** Draw a share as a bar with its number, which is read as well. */
const bar = (share) => [
  svg(
    "svg",
    { class: "bar-of", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { width: 100 * share, height: 10 }),
  ),
  percent(share),
];
