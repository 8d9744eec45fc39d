// What waits for review, and how far one is.

import { get, withQuery } from "../api.js";

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
