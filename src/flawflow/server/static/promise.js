// What thresholds promise, in the words of the page's language; in English those of the reports.

import { t, translated } from "./i18n.js";
import { percent, score } from "./words.js";

const CONFIDENCE = 0.95;

/** Say from where on a picture gets a verdict, NG or REVIEW, and how many good parts that takes. */
export function meaningOf(verdict, { ng, review }) {
  if (verdict === "NG") return t("meaning.ng", { score: score(ng.score), rate: rate(ng) });
  const above = { score: score(review.score), rate: rate(review) };
  return t(review.score === ng.score ? "meaning.never" : "meaning.review", above);
}

/** Say what both thresholds mean. */
export const calibrationMeaning = (calibration) =>
  ["NG", "REVIEW"].map((verdict) => t("sentence", { text: meaningOf(verdict, calibration) })).join(" ");

/** Say whether the rates that were asked for are kept, and what holds with confidence. */
export function guarantee(calibration) {
  const { ng, review, count, own_count: own } = calibration;
  const kind = own < count ? "own" : "all";
  const broken = [ng, review].filter((one) => !one.keeps_rate);
  const said = broken.length
    ? broken.map((one) =>
        t(`guarantee.not.${kind}`, { rate: percent(one.asked_rate), needed: one.needed, count: own }),
      )
    : [t(`guarantee.is.${kind}`, { count: own })];
  return [...said, t("sentence", { text: confidence(calibration) })].join(" ");
}

/** Say what the thresholds of a model promise: of the next good part, and of all good parts. */
export function promise(calibration) {
  const { ng, review, count, own_count: own } = calibration;
  const measured = t(own < count ? "promise.folds" : "promise.measured", { count, own, others: count - own });
  const rates = { ng: rate(ng), review: rate(review), measured };
  const said = [t(review.score < ng.score ? "promise.both" : "promise.ng", rates)];
  const auditors = confidence(calibration);
  said.push(
    t("sentence", { text: own < count ? t("promise.alone", { text: auditors, count: own }) : auditors }),
  );
  const broken = Object.entries({ NG: ng, REVIEW: review })
    .filter(([, one]) => !one.keeps_rate)
    .map(([verdict, one]) =>
      t("promise.needs", { rate: percent(one.asked_rate), verdict, needed: one.needed }),
    );
  if (broken.length)
    said.push(t(own < count ? "promise.tooFewOwn" : "promise.tooFew", { needs: broken.join(t("and")) }));
  return said.join(" ");
}

/** Say whether the model computes here what it did where it was made. */
export function proof({ engine, release, processor, safe, difference, limit }) {
  const where = t(safe ? "proof.whereSafe" : "proof.where", { engine: `${engine} ${release}`, processor });
  if (difference === null) return t("proof.none", { where });
  return t("proof.same", {
    where,
    difference: String(Number(difference.toPrecision(2))),
    limit: String(limit),
  });
}

/** Say what a preset is for; one that the catalogue has not is said as the station does. */
export const presetWords = (name, summary) => translated(`preset.${name}`, summary);

/** The statement for auditors: a tolerance limit, over the calibration pictures alone. */
function confidence({ ng, review }) {
  const given = {
    confidence: percent(CONFIDENCE),
    ng: percentUp(ng.confident_rate),
    review: percentUp(review.confident_rate),
  };
  return t(review.score < ng.score ? "confidence.both" : "confidence.ng", given);
}

function rate({ guaranteed_rate: guaranteed, expected_rate: expected }) {
  const most = t("rate.most", { rate: percent(guaranteed) });
  return expected === guaranteed ? most : t("rate.about", { rate: percent(expected), most });
}

/** Write a share that is a limit with two digits: rounded up, so that it stays true. */
function percentUp(share) {
  const step = 10 ** (Math.floor(Math.log10(share)) - 1);
  // What is a hair above two digits is the rounding of a float.
  return percent(Math.ceil(share / step - 1e-9) * step);
}
