// Who labelled an inspection and drew its mask.

import { get } from "../api.js";
import { h } from "../dom.js";
import { LABEL_WORDS, moment } from "../words.js";

const WORDS = {
  title: "Changes",
  none: "label taken back",
  masks: { true: "mask drawn", false: "mask removed" },
};

/** Show the history of an inspection's label and mask in `place`, the newest first. */
export async function showChanges(place, id) {
  const changes = await get(`/api/inspections/${encodeURIComponent(id)}/changes`);
  const words = ({ action, new: value }) =>
    action === "mask" ? WORDS.masks[value] : (LABEL_WORDS[value] ?? WORDS.none);
  const line = (change) =>
    h(
      "li",
      {},
      h("strong", {}, words(change)),
      " ",
      h("span", { class: "soft" }, `${change.actor}, ${moment(change.time)}`),
    );
  place.hidden = !changes.length;
  place.replaceChildren(h("h2", {}, WORDS.title), h("ul", {}, changes.reverse().map(line)));
}
