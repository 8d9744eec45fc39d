// Two versions of a model on the same reviewed pictures, side by side.

import { h, segments } from "../dom.js";
import { number, percent, score } from "../words.js";
import { chip } from "./verdict.js";

const MOST = 200;
const WISH = { good: "OK", bad: "NG" };

/** Give the tables of a comparison. */
export function showComparison(comparison, version) {
  const rows = h("tbody", {});
  const changed = comparison.pictures.filter(({ old, new: fresh }) => old.verdict !== fresh.verdict);
  const draw = (which) => {
    const pictures = which === "changed" ? changed : comparison.pictures;
    rows.replaceChildren(...pictures.slice(0, MOST).map(row));
    if (!pictures.length) rows.append(h("tr", {}, h("td", { colspan: 5, class: "nothing" }, "No picture: both versions say the same.")));
  };
  const first = changed.length ? "changed" : "all";
  draw(first);
  return h("div", { class: "stack" }, totals(comparison, version),
    h("div", { class: "row" }, segments("Which pictures", [["changed", `Judged otherwise (${number(changed.length)})`], ["all", `All (${number(comparison.pictures.length)})`]], first, draw)),
    h("table", { class: "inspections compared" }, h("thead", {}, h("tr", {}, ["Picture", "Your word", "Before", `Version ${version}`, "Change"].map((name) => h("th", { scope: "col" }, name)))), rows));
}

function totals({ count, old, new: fresh }, version) {
  const line = (name, value, words) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "figure" }, words(value(old))), h("td", { class: "figure" }, words(value(fresh))));
  return h("table", { class: "small totals" }, h("caption", {}, `On ${number(count)} reviewed pictures`),
    h("thead", {}, h("tr", {}, ["", "Before", `Version ${version}`].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, line("Image AUROC", (one) => one.image_auroc, (value) => (value === null ? "needs both kinds" : inTenths(value))),
      line("Good parts judged NG", (one) => one.false_rejects, number), line("Bad parts judged OK", (one) => one.missed, number)));
}

const inTenths = (share) => (share > 0.1 ? `${(100 * share).toFixed(1)} %` : percent(share));

function row({ id, label, old, new: fresh }) {
  const good = (one) => (label === "good" ? one.verdict === "OK" : one.verdict !== "OK");
  const change = old.verdict === fresh.verdict ? "same" : good(fresh) && !good(old) ? "better" : !good(fresh) && good(old) ? "worse" : fresh.verdict === WISH[label] ? "better" : "other";
  const cell = (one) => h("td", {}, h("span", { class: "pairing" }, chip(one.verdict), h("span", { class: "figure" }, score(one.score))));
  // Pictures of the first data set were never inspected here, so they have no number.
  const picture = id === null ? h("span", { class: "pairing soft" }, h("span", { class: "thumb" }), "first data set")
    : h("a", { class: "pairing", href: `#/history/${id}` }, h("img", { class: "thumb", src: `/api/inspections/${id}/picture?side=160`, alt: "", loading: "lazy" }), `No. ${id}`);
  return h("tr", {}, h("td", {}, picture), h("td", {}, label === "good" ? "Good" : "Bad"), cell(old), cell(fresh), h("td", {}, h("span", { class: `change ${change}` }, { better: "↑ better", worse: "↓ worse", same: "= same", other: "≈ other" }[change])));
}
