// Two versions of a model on the same reviewed pictures, side by side.

import { h, segments, table } from "../dom.js";
import { t } from "../i18n.js";
import { labelWords, percent, score, VERDICTS } from "../words.js";
import { chip } from "./verdict.js";

const MOST = 200;
const CHANGES = ["better", "same", "worse"];

/** Give the tables of a comparison. */
export function showComparison(comparison, version) {
  const rows = h("tbody", {});
  const changed = comparison.pictures.filter(({ old, new: fresh }) => old.verdict !== fresh.verdict);
  const draw = (which) => {
    const pictures = which === "changed" ? changed : comparison.pictures;
    rows.replaceChildren(...pictures.slice(0, MOST).map((one) => row(one, version)));
    if (!pictures.length)
      rows.append(h("tr", {}, h("td", { colspan: 5, class: "nothing" }, t("compare.none"))));
  };
  const names = [
    t("picture"),
    t("label.yours"),
    t("compare.before"),
    t("compare.version", { version: String(version) }),
    t("compare.change"),
  ];
  const first = changed.length ? "changed" : "all";
  draw(first);
  return h(
    "div",
    { class: "stack" },
    totals(comparison, version),
    h(
      "div",
      { class: "row" },
      segments(
        t("compare.which"),
        [
          ["changed", t("compare.changed", { count: changed.length })],
          ["all", t("compare.all", { count: comparison.pictures.length })],
        ],
        first,
        draw,
      ),
    ),
    table(names, rows, {
      class: "inspections compared",
    }),
  );
}

function totals({ count, old, new: fresh, pictures }, version) {
  const bad = pictures.filter(({ label }) => label === "bad").length;
  // A 0 says nothing where there was nothing to be judged wrongly.
  const outOf = (all) => (value) => (all ? t("compare.of", { count: value, all }) : t("compare.untested"));
  const line = (name, value, words) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", { class: "figure" }, words(value(old))),
      h("td", { class: "figure" }, words(value(fresh))),
    );
  const rows = h(
    "tbody",
    {},
    line(
      t("compare.auroc"),
      (one) => one.image_auroc,
      (value) => (value === null ? t("compare.needs") : inTenths(value)),
    ),
    line(t("compare.rejects"), (one) => one.false_rejects, outOf(count - bad)),
    line(t("compare.missed"), (one) => one.missed, outOf(bad)),
  );
  return h(
    "div",
    { class: "stack" },
    h("p", { class: "soft" }, t("compare.on", { count })),
    table(
      ["", t("compare.before"), t("compare.version", { version: String(version) })],
      rows,
      { class: "small totals" },
      t("compare.measure"),
    ),
  );
}

const inTenths = (share) => (share > 0.1 ? `${(100 * share).toFixed(1)} %` : percent(share));

function row({ id, label, old, new: fresh }, version) {
  const change = Math.sign(distance(label, fresh) - distance(label, old));
  const cell = (one, name) =>
    h(
      "td",
      { data: { name } },
      h("span", { class: "pairing" }, chip(one.verdict), h("span", { class: "figure" }, score(one.score))),
    );
  // Pictures of the first data set were never inspected here, so they have no number.
  const picture =
    id === null
      ? h("span", { class: "pairing soft" }, h("span", { class: "thumb" }), t("compare.first"))
      : h(
          "a",
          { class: "pairing", href: `#/history/${id}` },
          h("img", {
            class: "thumb",
            src: `/api/inspections/${id}/picture?side=160`,
            alt: "",
            loading: "lazy",
          }),
          t("compare.number", { id: String(id) }),
        );
  return h(
    "tr",
    {},
    h("td", {}, picture),
    h("td", { data: { name: t("label.yours") } }, labelWords(label)),
    cell(old, t("compare.before")),
    cell(fresh, t("compare.version", { version: String(version) })),
    h(
      "td",
      {},
      h(
        "span",
        { class: `change c${change}` },
        `${["↑", "=", "↓"][change + 1]} ${t(`compare.${CHANGES[change + 1]}`)}`,
      ),
    ),
  );
}

/** How far a verdict is from what a person says: 0, 1 (REVIEW) or 2. */
const distance = (label, { verdict }) =>
  label === "good" ? VERDICTS.indexOf(verdict) : 2 - VERDICTS.indexOf(verdict);
