// Numbers in words that need no statistics; the same wording as in the report.

export const VERDICTS = ["OK", "REVIEW", "NG"];
export const VERDICT_WORDS = {
  OK: "like the good parts",
  REVIEW: "unusual for a good part: a person should check",
  NG: "not like the good parts",
};
export const LABEL_WORDS = { good: "Good", bad: "Bad", skip: "Skipped" };

/** Say what a conformal p-value means, measured with `count` good pictures. */
export function rarity(p, count) {
  if (p <= 1.5 / (count + 1)) {
    return count === 1
      ? "Higher than the one good part of the calibration"
      : `Higher than all ${number(count)} good parts of the calibration`;
  }
  if (p > 0.5) return "Most good parts score this high";
  return `About 1 good part in ${Math.floor(1 / p + 0.5)} scores this high`;
}

/** Write a share of one as a percentage with what digits it needs. */
export const percent = (share) => `${Number((100 * share).toPrecision(2))} %`;

/** Write a score with four digits. */
export const score = (value) => String(Number(value.toPrecision(4)));

/** Write a p-value with two digits. */
export const pValue = (value) => String(Number(value.toPrecision(2)));

export const number = (value) => value.toLocaleString("en");

export const counted = (count, thing) => `${number(count)} ${thing}${count === 1 ? "" : "s"}`;

/** Write a time as this place's clock shows it; today's without the date. */
export function clock(iso) {
  const time = new Date(iso);
  const sameDay = time.toDateString() === new Date().toDateString();
  return sameDay ? time.toLocaleTimeString("en-GB") : moment(iso);
}

/** Write a time with its date. */
export function moment(iso) {
  const time = new Date(iso);
  const two = (part) => String(part).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${time.toLocaleTimeString("en-GB")}`;
}

/** Say where a picture came from. */
export function origin(source) {
  const [kind, ...rest] = source.split(":");
  const words = {
    upload: "sent from a browser or program",
    path: "a file on this machine",
    watch: "watched folder",
    stream: "video stream",
  };
  const detail = rest.join(":");
  return `${words[kind] ?? kind}${detail ? ` ${detail}` : ""}`;
}
