// Scores of good calibration pictures above, of recent pictures below, and two thresholds to move.

import { h, svg } from "../dom.js";
import { t } from "../i18n.js";
import { score, VERDICTS } from "../words.js";

const BINS = 40;
const ROOM = { left: 8, right: 8, row: 62, label: 16, gap: 18, axis: 20 };
const HEIGHT = 2 * ROOM.row + ROOM.gap + ROOM.axis;

/**
 * Make the histogram.
 * @param {(name: "ng"|"review", score: number) => void} move Called while a threshold is moved; the score is one
 *   of those where a threshold can be put.
 * @returns {{element: HTMLElement, draw: Function}} `draw({good, attainable, recent, ng, review, text})`: `good` and
 *   `attainable`, the scores that may be thresholds, ascending; `text` says per threshold what it means.
 */
export function makeHistogram(move) {
  const plot = svg("svg", { class: "plot", role: "img" });
  const handles = { ng: makeHandle("ng", "NG"), review: makeHandle("review", "REVIEW") };
  const recently = h("span", { class: "row-label", "aria-hidden": "true" });
  // Over the thresholds' lines, which may stand anywhere.
  const labels = [h("span", { class: "row-label", "aria-hidden": "true" }, t("histogram.good")), recently];
  const element = h("div", { class: "histogram" }, plot, handles.review.element, handles.ng.element, labels);
  let shown = null;
  let scale = null;

  function draw(given = shown) {
    shown = given;
    if (!shown || !element.clientWidth) return;
    scale = makeScale(shown, element.clientWidth);
    plot.setAttribute("viewBox", `0 0 ${element.clientWidth} ${HEIGHT}`);
    plot.setAttribute(
      "aria-label",
      t("histogram.label", { good: shown.good.length, recent: shown.recent.length }),
    );
    plot.replaceChildren(...goodBars(shown.good, scale), ...recentBars(shown.recent, scale), ...axis(scale));
    recently.textContent = t(shown.recent.length ? "histogram.recent" : "histogram.none");
    for (const name of ["ng", "review"]) place(name);
  }

  function place(name) {
    const { element: handle } = handles[name];
    const rank = nearest(shown.attainable, shown[name]);
    handle.style.left = `${scale.x(shown[name])}px`;
    for (const [key, value] of Object.entries({
      valuemin: 0,
      valuemax: shown.attainable.length - 1,
      valuenow: rank,
      valuetext: shown.text[name],
    })) {
      handle.setAttribute(`aria-${key}`, value);
    }
  }

  /** Put a handle there at once; what it means comes with the next drawing. */
  function put(name, value) {
    if (value === shown[name]) return;
    shown = { ...shown, [name]: value };
    place(name);
    move(name, value);
  }

  function makeHandle(name, word) {
    const handle = h(
      "div",
      {
        class: `handle h-${name}`,
        role: "slider",
        tabindex: 0,
        "aria-label": t("threshold.of", { verdict: word }),
        "aria-orientation": "horizontal",
      },
      h("span", {}, word),
    );
    handle.addEventListener("keydown", (event) => {
      const steps = {
        ArrowLeft: -1,
        ArrowDown: -1,
        ArrowRight: 1,
        ArrowUp: 1,
        PageDown: -10,
        PageUp: 10,
        Home: -Infinity,
        End: Infinity,
      };
      if (!(event.key in steps) || !shown) return;
      event.preventDefault();
      const rank = nearest(shown.attainable, shown[name]) + steps[event.key];
      put(name, shown.attainable[Math.min(shown.attainable.length - 1, Math.max(0, rank))]);
    });
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.focus();
      event.preventDefault();
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId) || !shown) return;
      const wanted = scale.score(event.clientX - element.getBoundingClientRect().left);
      put(name, shown.attainable[nearest(shown.attainable, wanted)]);
    });
    return { element: handle };
  }

  new ResizeObserver(() => draw()).observe(element);
  return { element, draw };
}

/** Give the index of the score that is nearest to a value; of equal ones the last. */
export function nearest(good, value) {
  let best = 0;
  good.forEach((item, i) => {
    if (Math.abs(item - value) <= Math.abs(good[best] - value)) best = i;
  });
  return best;
}

/** Scores from the smallest to somewhat above all good ones; what is higher stands in the last bin. */
function makeScale({ good, recent, ng, review }, width) {
  const [first, last] = [good[0], Math.max(good.at(-1), ng, review)];
  const length = last - first || Math.abs(last) * 0.01 || 1;
  const scores = recent.map((item) => item.score);
  const low = Math.max(Math.min(first, ...scores), first - 0.3 * length);
  const high = Math.min(Math.max(last + 0.15 * length, ...scores), last + 0.7 * length);
  const inner = width - ROOM.left - ROOM.right;
  return {
    low,
    high,
    width,
    open: scores.some((value) => value > high),
    x: (value) => ROOM.left + ((value - low) / (high - low)) * inner,
    score: (x) => low + ((x - ROOM.left) / inner) * (high - low),
    bin: (value) => Math.min(BINS - 1, Math.max(0, Math.ceil(((value - low) / (high - low)) * BINS) - 1)),
    step: inner / BINS,
  };
}

function counts(scores, scale) {
  const bins = new Array(BINS).fill(0);
  for (const value of scores) bins[scale.bin(value)] += 1;
  return bins;
}

function goodBars(good, scale) {
  const bins = counts(good, scale);
  const tall = Math.max(...bins);
  return bins.flatMap((count, i) => (count ? [bar("good", i, 0, count / tall, scale, ROOM.row)] : []));
}

function recentBars(recent, scale) {
  const foot = 2 * ROOM.row + ROOM.gap;
  const bins = VERDICTS.map((verdict) =>
    counts(
      recent.filter((item) => item.verdict === verdict).map((item) => item.score),
      scale,
    ),
  );
  const tall = Math.max(1, ...bins[0].map((_, i) => bins.reduce((sum, row) => sum + row[i], 0)));
  const bars = [];
  for (let i = 0; i < BINS; i += 1) {
    let below = 0;
    bins.forEach((row, kind) => {
      if (row[i]) bars.push(bar(`f-${VERDICTS[kind]}`, i, below / tall, row[i] / tall, scale, foot));
      below += row[i];
    });
  }
  return bars;
}

function bar(kind, index, below, share, scale, foot) {
  const full = ROOM.row - ROOM.label;
  const height = Math.max(1.5, share * full);
  return svg("rect", {
    class: kind,
    x: ROOM.left + index * scale.step + 0.5,
    width: Math.max(1, scale.step - 1),
    y: foot - below * full - height,
    height,
  });
}

function axis(scale) {
  const feet = [ROOM.row, 2 * ROOM.row + ROOM.gap];
  const y = HEIGHT - 5;
  return [
    ...feet.map((foot) =>
      svg("line", {
        class: "foot",
        x1: ROOM.left,
        x2: scale.width - ROOM.right,
        y1: foot + 0.5,
        y2: foot + 0.5,
      }),
    ),
    svg("text", { x: ROOM.left, y }, t("score.is", { score: score(scale.low) })),
    svg(
      "text",
      { x: scale.width - ROOM.right, y, "text-anchor": "end" },
      `${scale.open ? "≥ " : ""}${score(scale.high)}`,
    ),
  ];
}
