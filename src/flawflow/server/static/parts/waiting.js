// What waits for review, and how far one is.

import { get, withQuery } from "../api.js";
import { button, facts, h } from "../dom.js";
import { t } from "../i18n.js";
import { clock, origin, rarity, score } from "../words.js";

/**
 * Ask for the oldest pictures of a model that wait for a person's word.
 * @returns {Promise<{waiting: object[], all: number, left: number, newest: number}>} `all` and `left` count the
 *   pictures judged REVIEW and those of them without a word; `newest` is the largest id of all.
 */
export async function askWaiting(model, limit) {
  const [waiting, all, left] = await Promise.all([
    get(withQuery("/api/review/queue", { model, limit })),
    get(withQuery("/api/inspections", { model, verdict: "REVIEW", limit: 1 })),
    get(withQuery("/api/inspections", { model, verdict: "REVIEW", label: "none", limit: 1 })),
  ]);
  const newest = all.inspections[0]?.id ?? 0;
  return { waiting, all: all.counts.REVIEW, left: left.counts.REVIEW, newest };
}

/** Ask for the pictures of a model nearest to a threshold that no person has said a word on. */
export const askNearest = (model, limit) => get(withQuery("/api/review/nearest", { model, limit }));

/**
 * Say that nothing waits, and offer what can be done instead.
 * @param {number} nearest How many pictures near the threshold there are.
 * @param {() => void} takeNearest Goes through them.
 * @param {(() => void) | null} undoLast Takes the last word back; null where there is none.
 */
export function nothingWaits(nearest, takeNearest, undoLast) {
  const offer = t("review.nearest", { count: nearest });
  return [
    h("h2", {}, t("review.nothing")),
    h("p", { class: "soft" }, t("review.hint")),
    h(
      "div",
      { class: "row" },
      nearest ? button(offer, takeNearest, { class: "primary" }) : "",
      undoLast ? button(t("review.undoLast"), undoLast) : "",
      h("a", { class: "button", href: "#/improve" }, t("review.dataset")),
    ),
  ];
}

/** Say what helps to judge a picture. */
export const aboutWaiting = (inspection, model) =>
  facts([
    [t("score"), score(inspection.score)],
    [t("review.rarity"), rarity(inspection.p_value, model?.calibration.count ?? 0)],
    [t("time"), clock(inspection.time)],
    [t("detail.from"), origin(inspection.source)],
    inspection.has_mask && [t("mask"), t("mask.drawn")],
  ]);
