// Whether a verdict still says something of what is now: it does not where the station or the source is gone, or
// where the next picture is overdue.

const LEAST = 5000;
const FEWEST_GAPS = 4;
// A picture that somebody sent by hand has no successor that could be late.
const BY_HAND = 600_000;

/**
 * Give the age in milliseconds at which a source's newest picture is overdue.
 * @param {number[]} times When its last pictures were inspected, the newest first, in milliseconds.
 * @param {number|null} interval Between two pictures, where the source has one that was set.
 */
export function overdue(times, interval) {
  const gaps = times.slice(1).map((time, i) => times[i] - time);
  const usual = gaps.toSorted((a, b) => a - b)[Math.ceil(0.8 * gaps.length) - 1];
  if (interval) return Math.max(LEAST, 3 * interval, gaps.length < FEWEST_GAPS ? 0 : 3 * usual);
  // One pause in five is a pause, and no rhythm.
  return gaps.length < FEWEST_GAPS ? BY_HAND : Math.max(LEAST, 3 * usual);
}

/**
 * Say why a verdict is none any more.
 * @param {object} given
 * @param {number} given.now By the station's clock, as all times.
 * @param {number} given.silence For how long the station was not heard; 0 where it is.
 * @param {{why: "source"|"failed", text: string, since: number}|null} given.trouble Of the source.
 * @param {number[]} given.times Of the source's pictures, the newest first.
 * @param {number|null} given.limit The age at which a picture is overdue; null for never.
 * @returns {{why: string, text: string, since: number}|null}
 */
export function staleness({ now, silence, trouble, times, limit }) {
  if (silence > 0) return { why: "station", text: "", since: now - silence };
  if (trouble) return trouble;
  const newest = times[0];
  if (limit !== null && newest !== undefined && now - newest > limit)
    return { why: "late", text: "", since: newest };
  return null;
}
