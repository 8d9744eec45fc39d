// A person's word on a picture: good, bad or skipped, and a mask of the defect.

import { put, remove, withQuery } from "../api.js";
import { button, h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * Store a label, or take it back where it is null; gives the inspection as it then is.
 * @param {{id: number, label_version: number}} seen The inspection as this person has seen it: where somebody else has
 *   labelled it since, nothing is changed and the error holds the present state as `body.current`.
 */
export function setLabel({ id, label_version: version }, label) {
  const path = withQuery(`/api/inspections/${id}/label`, { version });
  return label ? put(path, { label }) : remove(path);
}

/**
 * Make the three buttons of a label.
 * @param {(label: "good"|"bad"|"skip") => void} choose
 * @param {boolean} keys Whether to name the keys.
 * @returns {{element: HTMLElement, show: (label: string|null) => void}}
 */
export function makeLabels(choose, keys) {
  const buttons = Object.entries({ good: "G", bad: "B", skip: "S" }).map(([label, key]) => {
    const text = t(`label.do.${label}`);
    const given = { class: `label l-${label}`, "aria-pressed": "false", data: { label } };
    const made = button(text, () => choose(label), keys ? { ...given, "aria-keyshortcuts": key } : given);
    if (keys) made.append(h("kbd", { "aria-hidden": "true" }, key));
    return made;
  });
  const element = h("div", { class: "labels", role: "group", "aria-label": t("label.yours") }, buttons);
  return {
    element,
    show: (label) =>
      buttons.forEach((made) => made.setAttribute("aria-pressed", made.dataset.label === label)),
  };
}
