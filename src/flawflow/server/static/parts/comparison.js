// Two versions of a model on the same reviewed pictures, side by side.

import { h, segments, table } from "../dom.js";
import { number, percent, score, VERDICTS } from "../words.js";
import { chip } from "./verdict.js";

const MOST = 200;
const CHANGES = ["↑ better", "= same", "↓ worse"];

/** Give the tables of a comparison. */
export function showComparison(comparison, version) {
  const rows = h("tbody", {});
  const changed = comparison.pictures.filter(({ old, new: fresh }) => old.verdict !== fresh.verdict);
  const draw = (which) => {
    const pictures = which === "changed" ? changed : comparison.pictures;
    rows.replaceChildren(...pictures.slice(0, MOST).map(row));
    if (!pictures.length)
      rows.append(
        h("tr", {}, h("td", { colspan: 5, class: "nothing" }, "None: both versions give the same verdicts.")),
      );
  };
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
        "Which pictures",
        [
          ["changed", `Different verdict (${number(changed.length)})`],
          ["all", `All (${number(comparison.pictures.length)})`],
        ],
        first,
        draw,
      ),
    ),
    table(["Picture", "Your label", "Before", `Version ${version}`, "Change"], rows, {
      class: "inspections compared",
    }),
  );
}

function totals({ count, old, new: fresh, pictures }, version) {
  const bad = pictures.filter(({ label }) => label === "bad").length;
  // A 0 says nothing where there was nothing to be judged wrongly.
  const outOf = (all) => (value) =>
    all ? `${number(value)} of ${number(all)}` : "no reviewed picture to test with";
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
      "Image AUROC",
      (one) => one.image_auroc,
      (value) => (value === null ? "needs good and bad pictures" : inTenths(value)),
    ),
    line("Good parts judged NG", (one) => one.false_rejects, outOf(count - bad)),
    line("Bad parts judged OK", (one) => one.missed, outOf(bad)),
  );
  return h(
    "div",
    { class: "stack" },
    h("p", { class: "soft" }, `On ${number(count)} reviewed pictures`),
    table(["", "Before", `Version ${version}`], rows, { class: "small totals" }, "Measure"),
  );
}

const inTenths = (share) => (share > 0.1 ? `${(100 * share).toFixed(1)} %` : percent(share));

function row({ id, label, old, new: fresh }) {
  const change = Math.sign(distance(label, fresh) - distance(label, old));
  const cell = (one) =>
    h(
      "td",
      {},
      h("span", { class: "pairing" }, chip(one.verdict), h("span", { class: "figure" }, score(one.score))),
    );
  // Pictures of the first data set were never inspected here, so they have no number.
  const picture =
    id === null
      ? h("span", { class: "pairing soft" }, h("span", { class: "thumb" }), "first data set")
      : h(
          "a",
          { class: "pairing", href: `#/history/${id}` },
          h("img", {
            class: "thumb",
            src: `/api/inspections/${id}/picture?side=160`,
            alt: "",
            loading: "lazy",
          }),
          `No. ${id}`,
        );
  return h(
    "tr",
    {},
    h("td", {}, picture),
    h("td", {}, label === "good" ? "Good" : "Bad"),
    cell(old),
    cell(fresh),
    h("td", {}, h("span", { class: `change c${change}` }, CHANGES[change + 1])),
  );
}

/** How far a verdict is from what a person says: 0, 1 (REVIEW) or 2. */
const distance = (label, { verdict }) =>
  label === "good" ? VERDICTS.indexOf(verdict) : 2 - VERDICTS.indexOf(verdict);
