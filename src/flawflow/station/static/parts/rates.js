// What a threshold promises, by the rule of flawflow.judge.calibration, so that it is known while it is moved.

/**
 * Give the smallest rate whose threshold is this calibration score: a new good picture exceeds it with at most
 * this probability, (1 + #{good > score}) / (n + 1).
 */
export function rateOf(good, score) {
  const above = good.filter((item) => item > score).length;
  return (above + 1) / (good.length + 1);
}

/** Give the threshold of a rate: the ⌈(n + 1)(1 - rate)⌉-th smallest calibration score. */
export function thresholdOf(good, rate) {
  return good[good.length - Math.max(1, Math.floor((good.length + 1) * rate + 1e-9))];
}

/** Whether `count` calibration pictures can guarantee a rate. */
export const guaranteed = (count, rate) => (count + 1) * rate >= 1 - 1e-9;

/** Give the number of good pictures from which on a rate can be guaranteed. */
export const needed = (rate) => Math.ceil(1 / rate - 1e-9) - 1;

/** Give a rate as the decimal to send: rounded up, since a little less would be the next threshold. */
export const sent = (rate) => Math.min(0.999999, Math.ceil(rate * 1e6 - 1e-6) / 1e6);
