// What the lists of the record share: filters and pages that stand in the address.

import { withQuery } from "../api.js";
import { button, h } from "../dom.js";
import { t } from "../i18n.js";

/** Give the ids before which the pages begin, from the first page to this one; an address is written by anybody. */
export const trailOf = (query) =>
  (query.get("trail") ?? "").split(",").filter((id) => /^[1-9]\d{0,17}$/.test(id));

/**
 * Give what shows a list by other filters or at another page: a list's address can be shared, and a reload or a step
 * back shows the same.
 * @returns {(changed: object, pages?: string[]) => void}
 */
export const makeGo =
  (address, filters) =>
  (changed, pages = []) => {
    location.hash = withQuery(address, { ...filters, ...changed, trail: pages.join(",") });
  };

/** Give the filters as the service takes them: times in UTC; what is no time is left out. */
export function asked(filters) {
  const utc = (local) => (Number.isNaN(Date.parse(local)) ? "" : new Date(local).toISOString());
  return { ...filters, since: utc(filters.since), until: utc(filters.until) };
}

/** Make the control of a filter by time. */
export const timeInput = (name, filters, go) =>
  h("input", {
    type: "datetime-local",
    value: filters[name],
    on: { change: (event) => go({ [name]: event.target.value }) },
  });

/** Make the button that takes all filters away. */
export const clearButton = (address, filters) =>
  button(
    t("clear"),
    () => {
      location.hash = address;
    },
    { class: "quiet", disabled: Object.values(filters).every((value) => !value) },
  );

/** Make the buttons to the neighbouring pages, with what stands between them. */
export const pageButtons = (trail, next, go, between = []) => [
  button(`← ${t("history.newer")}`, () => go({}, trail.slice(0, -1)), { disabled: !trail.length }),
  ...between,
  button(`${t("history.older")} →`, () => go({}, [...trail, next]), { disabled: next === null }),
];
