// The offer to adapt a model where camera or light have changed for certain.

import { get, ofModel, post } from "../api.js";
import { button, h } from "../dom.js";
import { t } from "../i18n.js";
import { forOthers, may } from "../people.js";
import { attempt, say } from "../toast.js";
import { moment } from "../words.js";

/**
 * Make the place of an offer; it stays empty where there is none.
 * @param {string} name The model's.
 */
export function makeAdaptation(name) {
  const element = h("div", { class: "adaptation stack" });
  const begin = button(
    t("adapt.start"),
    () =>
      attempt(async () => {
        begin.disabled = true;
        try {
          await post(ofModel(name, "/adaptation"));
          say(t("adapt.started"));
          location.hash = "#/improve";
        } finally {
          begin.disabled = false;
        }
      }),
    { class: "primary" },
  );

  function show(offer) {
    if (!offer) return;
    const { since, good, least, most, obstacle } = offer;
    if (obstacle) {
      element.replaceChildren(h("p", { data: { theirs: "" } }, t("adapt.obstacle", { why: obstacle })));
      return;
    }
    begin.disabled = good < least;
    element.replaceChildren(
      h("p", {}, t("adapt.about", { least, most, time: moment(since) })),
      h("p", {}, t("adapt.good", { count: good })),
      may("train")
        ? h("div", { class: "row" }, begin, h("a", { class: "button", href: "#/review" }, t("adapt.review")))
        : forOthers("train"),
    );
  }

  attempt(async () => show(await get(ofModel(name, "/adaptation"))));
  return element;
}
