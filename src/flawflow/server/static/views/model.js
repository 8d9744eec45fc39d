// Model: what the model says about itself, its thresholds and its versions.

import { get, ofModel } from "../api.js";
import { facts, h } from "../dom.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { makeThresholds } from "../parts/thresholds.js";
import { makeVersions } from "../parts/versions.js";
import { promise, proof } from "../promise.js";
import { chosenModel, modelNamed } from "../station.js";
import { attempt } from "../toast.js";
import { moment, number, score } from "../words.js";

export function showModel(place) {
  const model = chosenModel();
  if (!model) {
    place.append(
      h("h1", {}, t("view.model")),
      h("section", { class: "card empty" }, h("p", {}, t("model.none"))),
    );
    return undefined;
  }
  const thresholds = makeThresholds(model);
  const versions = makeVersions(model);
  const card = h("section", { class: "card stack", "aria-label": t("model.card") });
  place.append(
    h("header", { class: "view-head" }, h("h1", {}, model.name)),
    h("div", { class: "half" }, card, versions.element),
    h("div", { class: "half" }, thresholds.element),
  );

  async function load() {
    const now = modelNamed(model.name) ?? model;
    const full = await get(ofModel(model.name, "/card"));
    card.replaceChildren(
      h("h2", {}, t("model.card")),
      h("p", {}, promise(now.calibration)),
      now.problem ? h("p", { class: "error-text" }, now.problem) : "",
      facts(words(now, full)),
    );
  }

  const ends = [
    thresholds.close,
    versions.close,
    listen("models", (changed) => {
      if (changed.name === model.name) attempt(load);
    }),
  ];
  attempt(load);
  return () => ends.forEach((end) => end());
}

function words(model, card) {
  const { encoder, training, calibration } = card;
  return [
    training && [
      t("model.trainedOn"),
      t("model.pictures", { count: training.picture_count, data: training.dataset }),
    ],
    [t("model.trainedAt"), moment(model.created)],
    [t("model.since"), moment(model.loaded)],
    [t("model.input"), t("pixels.of", { width: model.size[1], height: model.size[0] })],
    [
      t("model.detector"),
      card.preset ? t("model.preset", { detector: model.detector, preset: card.preset }) : model.detector,
    ],
    encoder && [
      t("model.encoder"),
      t("model.weights", { name: encoder.name, weights: encoder.weights, licence: encoder.weights_licence }),
    ],
    [t("model.calibratedOn"), t("pictures.good", { count: model.calibration.count })],
    [
      t("verdict"),
      t("model.thresholds", {
        ng: score(model.calibration.ng_threshold),
        review: score(model.calibration.review_threshold),
      }),
    ],
    [t("model.region"), t("model.above", { threshold: score(model.calibration.pixel_threshold) })],
    calibration && [
      t("model.range"),
      t("model.rangeIs", { low: score(model.heat_scale[0]), high: score(model.heat_scale[1]) }),
    ],
    [t("model.here"), proof(model.proof)],
    card.flawflow_version && [t("model.madeBy"), `flawflow ${card.flawflow_version}`],
    ["SHA-256", h("code", {}, model.sha256)],
    [t("versions"), number(model.versions.length)],
  ];
}
