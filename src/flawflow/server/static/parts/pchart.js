// The share of NG over time with the limits within which chance keeps it (a p-chart).

import { h, svg } from "../dom.js";
import { t } from "../i18n.js";
import { moment, percent } from "../words.js";

const WIDTH = 900;
// A phone shows few points whole, and large; many have to be scrolled through.
const NARROWEST = 300;
const POINT_WIDTH = 6;
const FEW = 12;
const HEIGHT = 220;
const LEFT = 56;
const BASE = HEIGHT - 26;
const TOP = 12;

/** Give a number that is a good end of a scale for shares up to `largest`. */
export function niceTop(largest) {
  if (!(largest > 0)) return 0.01;
  const unit = 10 ** Math.floor(Math.log10(largest));
  return Math.min(
    1,
    [1, 2, 5, 10].map((step) => step * unit).find((end) => end >= largest * 0.999999),
  );
}

/**
 * Draw the points of the station's statistics.
 * @param {{start: string, ok: number, review: number, ng: number, lower: number, upper: number, beyond: boolean}[]} points
 * @param {number} centre The share of NG of all.
 * @param {number} room The width that there is for it, in pixels.
 */
export function pChart(points, centre, room) {
  const least = Math.min(WIDTH, Math.max(NARROWEST, LEFT + POINT_WIDTH * points.length));
  const width = Math.max(least, Math.min(WIDTH, room));
  const shares = points.map((point) => point.ng / total(point));
  const top = niceTop(
    Math.max(...shares, ...points.map((point) => Math.min(point.upper, 2 * centre + 0.02))),
  );
  const step = (width - LEFT) / points.length;
  const x = (index) => LEFT + (index + 0.5) * step;
  const y = (share) => BASE - ((BASE - TOP) * Math.min(share, top)) / top;
  const ticks = [0, top / 2, top].map((share) => [
    svg("line", { class: "grid", x1: LEFT, x2: width, y1: y(share), y2: y(share) }),
    svg("text", { x: LEFT - 8, y: y(share) + 4, "text-anchor": "end" }, percent(share)),
  ]);
  const bands = points.map(({ lower, upper }, index) =>
    svg("rect", {
      class: "limits",
      x: x(index) - step / 2,
      width: step,
      y: y(upper),
      height: y(lower) - y(upper),
    }),
  );
  const line = shares.map((share, index) => `${x(index).toFixed(1)},${y(share).toFixed(1)}`).join(" ");
  const radius = points.length > FEW ? 3 : 6;
  const marks = points.map((point, index) => mark(point, x(index), y(shares[index]), radius));
  const drawn = svg(
    "svg",
    {
      class: "p-chart",
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: "img",
      "aria-label": t("statistics.chartLabel"),
    },
    ticks,
    bands,
    svg("line", { class: "centre", x1: LEFT, x2: width, y1: y(centre), y2: y(centre) }),
    svg("polyline", { class: "run", points: line }),
    marks,
    ends(points, width),
  );
  drawn.style.minWidth = `${least}px`;
  return drawn;
}

/** Count what came of inspections. */
export const total = ({ ok, review, ng }) => ok + review + ng;

function mark(point, x, y, radius) {
  const all = total(point);
  const given = { time: moment(point.start), share: percent(point.ng / all), ng: point.ng, all };
  const title = svg("title", {}, t(point.beyond ? "statistics.pointOut" : "statistics.point", given));
  // Out of limits differs in shape, too, so that no eye needs the colour.
  if (!point.beyond) return svg("circle", { class: "in", cx: x, cy: y, r: radius }, title);
  const size = radius + 4;
  const path = `M${x} ${y - size}l${size} ${size}l${-size} ${size}l${-size} ${-size}z`;
  return svg("path", { class: "out", d: path }, title);
}

function ends(points, width) {
  const time = (index, x, anchor) =>
    svg("text", { x, y: HEIGHT - 6, "text-anchor": anchor }, moment(points[index].start).slice(0, -3));
  if (points.length === 1) return time(0, (LEFT + width) / 2, "middle");
  return [time(0, LEFT, "start"), time(points.length - 1, width, "end")];
}

/** Give what the colours and shapes of the chart mean. */
export const pLegend = () =>
  h(
    "p",
    { class: "soft p-legend" },
    h("i", { class: "key-limits", "aria-hidden": "true" }),
    h("span", {}, t("statistics.limits")),
    h("i", { class: "key-out", "aria-hidden": "true" }, "◆"),
    h("span", {}, t("statistics.out")),
  );
