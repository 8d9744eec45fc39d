// Model: what the model says about itself, its thresholds and its versions.

import { get, ofModel } from "../api.js";
import { facts, h } from "../dom.js";
import { listen } from "../live.js";
import { makeThresholds } from "../parts/thresholds.js";
import { makeVersions } from "../parts/versions.js";
import { chosenModel, modelNamed } from "../station.js";
import { attempt } from "../toast.js";
import { counted, moment, number, score } from "../words.js";

export function showModel(place) {
  const model = chosenModel();
  if (!model) {
    place.append(
      h("h1", {}, "Model"),
      h("section", { class: "card empty" }, h("p", {}, "No model is loaded.")),
    );
    return undefined;
  }
  const thresholds = makeThresholds(model);
  const versions = makeVersions(model);
  const card = h("section", { class: "card stack", "aria-label": "Card" });
  place.append(
    h("header", { class: "view-head" }, h("h1", {}, model.name)),
    h("div", { class: "half" }, card, versions.element),
    h("div", { class: "half" }, thresholds.element),
  );

  async function load() {
    const now = modelNamed(model.name) ?? model;
    const full = await get(ofModel(model.name, "/card"));
    card.replaceChildren(
      h("h2", {}, "Card"),
      h("p", {}, now.calibration.sentence),
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
    training && ["Trained on", `${counted(training.picture_count, "good picture")} of ${training.dataset}`],
    ["Trained at", moment(model.created)],
    ["In use since", moment(model.loaded)],
    ["Input", `${model.size[1]} × ${model.size[0]} pixels`],
    ["Detector", `${model.detector}${card.preset ? `, preset ${card.preset}` : ""}`],
    encoder && [
      "Encoder",
      `${encoder.name}, weights ${encoder.weights} (licence: ${encoder.weights_licence})`,
    ],
    ["Calibrated on", counted(model.calibration.count, "good picture")],
    [
      "Verdict",
      `NG above ${score(model.calibration.ng_threshold)}, REVIEW above ${score(model.calibration.review_threshold)}`,
    ],
    ["Region", `where the map is above ${score(model.calibration.pixel_threshold)}`],
    calibration && [
      "Colormap range",
      `${score(model.heat_scale[0])} to ${score(model.heat_scale[1])}, one for all pictures`,
    ],
    ["On this machine", model.proof.sentence],
    card.flawflow_version && ["Made by", `flawflow ${card.flawflow_version}`],
    ["SHA-256", h("code", {}, model.sha256)],
    ["Versions", number(model.versions.length)],
  ];
}
