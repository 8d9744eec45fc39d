// What the whole page knows of the station: its version and models, and which model is chosen.

import { get, ofModel } from "./api.js";
import { listen, tell } from "./live.js";
import { recall, remember } from "./settings.js";

export const station = { version: null, models: [], palette: [] };

/** Ask for everything; to be done before the first view and after a break. */
export async function loadStation() {
  [station.version, station.models, { colours: station.palette }] = await Promise.all(
    ["version", "models", "palette"].map((what) => get(`/api/${what}`)),
  );
  if (!station.models.some((model) => model.name === recall("model", null)))
    remember("model", station.models[0]?.name ?? null);
}

/** Give the chosen model; null where the station has none. */
export const chosenModel = () => modelNamed(recall("model", null));

/** Give the model of this name as the station last reported it; null where it is gone. */
export const modelNamed = (name) => station.models.find((model) => model.name === name) ?? null;

/** Choose a model for the whole page. */
export function chooseModel(name) {
  remember("model", name);
  tell("chosen", chosenModel());
}

/** Ask for one model again. */
export const refreshModel = async (name) => keep(await get(ofModel(name)));

/** Take over what an answer said of a model, and tell the views. */
export function keep(model) {
  const index = station.models.findIndex((known) => known.name === model.name);
  if (index < 0) station.models.push(model);
  else station.models[index] = model;
  tell("models", model);
  return model;
}

listen("model", keep);
