// Who labelled an inspection and drew its mask.

import { get } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { labelWords, moment } from "../words.js";

/** Show the history of an inspection's label and mask in `place`, the newest first. */
export async function showChanges(place, id) {
  const changes = await get(`/api/inspections/${encodeURIComponent(id)}/changes`);
  const words = ({ action, new: value }) =>
    action === "mask"
      ? t(value ? "changes.drawn" : "changes.removed")
      : value
        ? labelWords(value)
        : t("changes.none");
  const line = (change) =>
    h(
      "li",
      {},
      h("strong", {}, words(change)),
      " ",
      h("span", { class: "soft" }, t("changes.by", { name: change.actor, time: moment(change.time) })),
    );
  place.hidden = !changes.length;
  place.replaceChildren(h("h2", {}, t("changes.title")), h("ul", {}, changes.reverse().map(line)));
}
