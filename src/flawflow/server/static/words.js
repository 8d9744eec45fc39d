// Numbers in words that need no statistics; the same wording as in the report.

import { number, t } from "./i18n.js";

export const VERDICTS = ["OK", "REVIEW", "NG"];

/** Say what the verdict on an inspection means. */
export const verdictWords = ({ verdict, whole_image: whole }) => t(`verdict.${whole ? "whole" : verdict}`);

/** Name a label. */
export const labelWords = (label) => t(`label.${label}`);

/** Name a role. */
export const roleWords = (role) => t(`role.${role}`);

/** Say what a conformal p-value means, measured with `count` good pictures. */
export function rarity(p, count) {
  if (p <= 1.5 / (count + 1)) return t("rarity.none", { count });
  if (p > 0.5) return t("rarity.most");
  return t("rarity.one", { parts: String(Math.floor(1 / p + 0.5)) });
}

/** Write a share of one as a percentage with what digits it needs. */
export const percent = (share) => `${Number((100 * share).toPrecision(2))} %`;

/** Write a score with four digits. */
export const score = (value) => String(Number(value.toPrecision(4)));

/** Write a p-value with two digits. */
export const pValue = (value) => String(Number(value.toPrecision(2)));

export { number };

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
  const known = ["upload", "path", "watch", "stream", "line"].includes(kind);
  return [known ? t(`origin.${kind}`) : kind, rest.join(":")].filter(Boolean).join(" ");
}
