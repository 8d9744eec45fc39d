// Statistics: yield over time with its limits, by model and source, and what people's labels say of the model.

import { get, ofModel, withQuery } from "../api.js";
import { field, figures, h, segments, select, table } from "../dom.js";
import { pChart, pLegend } from "../parts/pchart.js";
import { recall, remember } from "../settings.js";
import { station } from "../station.js";
import { attempt } from "../toast.js";
import { moment, number } from "../words.js";

const WORDS = {
  title: "Statistics",
  days: "Time",
  by: "Points",
  model: "Model",
  source: "Source",
  all: "All",
  spans: [
    ["1", "1 day"],
    ["7", "7 days"],
    ["30", "30 days"],
    ["90", "90 days"],
    ["365", "1 year"],
  ],
  lengths: [
    ["hour", "Hours"],
    ["shift", "Shifts"],
    ["day", "Days"],
    ["week", "Weeks"],
  ],
  report: "Report",
  csv: "CSV",
  nothing: "Nothing was inspected in this time.",
  yield: "Yield",
  inspected: "Inspected",
  chart: "Share of NG",
  limits: "within these limits chance alone moves it (p ± 3 standard deviations)",
  out: "beyond them",
  beyond: (count, all) => `${count} of ${all} points lie beyond the limits.`,
  models: "By model",
  sources: "By source",
  labels: "What people said",
  verdict: "Verdict",
  good: "Good",
  bad: "Bad",
  unlabelled: "No picture of this time was labelled good or bad.",
  agree: ({ share, count, kappa }) =>
    `People and model agree on ${percent(share)} of ${number(count)} pictures${kappa === null ? "" : ` (Cohen's kappa ${kappa.toFixed(2)})`}.`,
  rejects: ({ rate, low, high }) =>
    `${percent(rate)} of the good parts were judged NG (95 % interval ${percent(low)} to ${percent(high)}).`,
  from: ({ good, reviewed, total }) =>
    `Estimated from ${number(good)} good ones among ${number(reviewed)} reviewed of ${number(total)} judged NG. Pictures judged OK or REVIEW are taken to be as good as their reviewed ones, or all where none was reviewed.`,
  drift: "Camera and light",
  steady: (compared, reference) =>
    `The last ${number(compared)} OK pictures look like the ${number(reference)} of the calibration.`,
  waiting: (name) => `No OK picture of ${name} has come yet.`,
  noReference: (name) => `The model ${name} was made without pictures to compare with.`,
  changed: ({ words, since }) => `${words}, certain since OK picture ${number(since)}`,
  watched: (time, rate) =>
    `Watched since ${time}. If nothing has changed, an alarm ever comes with a probability of ${percent(rate)} at most.`,
  unknown: "Label some pictures that were judged NG, and the achieved false reject rate stands here.",
};

/** Write a share as a percentage with three digits: a yield of 99.4 % is not one of 99 %. */
const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;

export function showStatistics(place) {
  const asked = recall("statistics", { days: "7", by: "shift", model: "", source: "" });
  const body = h("div", { class: "statistics" });
  const links = h("div", { class: "row exports" });
  const filters = h("search", { class: "filters" });
  place.append(h("header", { class: "view-head" }, h("h1", {}, WORDS.title), links), filters, body);

  function change(changed) {
    Object.assign(asked, changed);
    remember("statistics", asked);
    attempt(load);
  }

  function drawFilters(sources) {
    const names = station.models.map(({ name }) => [name, name]);
    // A source that has brought nothing in this time stays chosen.
    const known = new Set([...sources.map(({ name }) => name), asked.source].filter(Boolean));
    filters.replaceChildren(
      field(
        WORDS.days,
        select(WORDS.spans, asked.days, (days) => change({ days })),
      ),
      h(
        "div",
        { class: "field" },
        h("span", { "aria-hidden": "true" }, WORDS.by),
        segments(WORDS.by, WORDS.lengths, asked.by, (by) => change({ by })),
      ),
      field(
        WORDS.model,
        select([["", WORDS.all], ...names], asked.model, (model) => change({ model })),
      ),
      field(
        WORDS.source,
        select([["", WORDS.all], ...[...known].map((name) => [name, name])], asked.source, (source) =>
          change({ source }),
        ),
      ),
    );
  }

  async function load() {
    const since = new Date(Date.now() - Number(asked.days) * 86_400_000).toISOString();
    const query = { since, by: asked.by, model: asked.model, source: asked.source };
    const names = station.models
      .map(({ name }) => name)
      .filter((name) => !asked.model || name === asked.model);
    const [found, ...drifts] = await Promise.all([
      get(withQuery("/api/statistics", query)),
      ...names.map((name) => get(ofModel(name, "/drift"))),
    ]);
    const file = (format, text, given) =>
      h("a", { class: "button", href: withQuery("/api/report", { ...query, format }), ...given }, text);
    links.replaceChildren(
      file("html", WORDS.report, { target: "_blank", rel: "noopener" }),
      file("csv", WORDS.csv, { download: "report.csv" }),
    );
    if (!filters.contains(document.activeElement)) drawFilters(found.sources);
    const light = driftCard(names.map((name, index) => [name, drifts[index]]));
    body.replaceChildren(...(found.points.length ? [...cards(found), light] : [nothing(), light]));
  }

  drawFilters([]);
  attempt(load);
}

const nothing = () => h("section", { class: "card empty wide" }, h("p", {}, WORDS.nothing));

function cards(found) {
  return [
    totals(found.counts),
    chart(found),
    found.models.length > 1 ? groups(WORDS.models, WORDS.model, found.models) : null,
    groups(WORDS.sources, WORDS.source, found.sources),
    labels(found),
  ].filter(Boolean);
}

const card = (title, ...children) =>
  h("section", { class: "card stack", "aria-label": title }, h("h2", {}, title), ...children);

const sum = ({ ok, review, ng }) => ok + review + ng;

function totals(counts) {
  const all = sum(counts);
  const figure = (text, value, share) =>
    h(
      "div",
      { class: "big" },
      h("strong", {}, value),
      h("span", { class: "soft" }, share === undefined ? text : `${text}, ${percent(share)}`),
    );
  const made = card(
    WORDS.yield,
    h(
      "div",
      { class: "bigs" },
      figure(WORDS.inspected, number(all)),
      figure("OK", number(counts.ok), counts.ok / all),
      figure("REVIEW", number(counts.review), counts.review / all),
      figure("NG", number(counts.ng), counts.ng / all),
    ),
  );
  made.classList.add("wide");
  return made;
}

function chart({ points, centre }) {
  const beyond = points.filter((point) => point.beyond).length;
  const made = card(
    WORDS.chart,
    h("div", { class: "scrolls", tabindex: 0 }, pChart(points, centre)),
    pLegend(WORDS),
    beyond ? h("p", {}, WORDS.beyond(number(beyond), number(points.length))) : null,
  );
  made.classList.add("wide");
  return made;
}

function groups(title, name, rows) {
  const row = (counts) =>
    figures([
      counts.name,
      ...[counts.ok, counts.review, counts.ng].map(number),
      percent(counts.ng / sum(counts)),
    ]);
  const body = h("tbody", {}, rows.map(row));
  return card(
    title,
    h("div", { class: "scrolls" }, table([name, "OK", "REVIEW", "NG", "NG, %"], body, { class: "small" })),
  );
}

function driftCard(watched) {
  const told = (name, { findings, hint, compared, reference }) => {
    if (findings.length)
      return h(
        "ul",
        {},
        findings.map((finding) => h("li", { class: "error-text" }, WORDS.changed(finding))),
      );
    if (hint) return h("p", { class: "error-text" }, hint);
    if (!reference) return h("p", { class: "soft" }, WORDS.noReference(name));
    return h("p", {}, compared ? WORDS.steady(compared, reference) : WORDS.waiting(name));
  };
  return card(
    WORDS.drift,
    watched.map(([name, drift]) =>
      h(
        "div",
        {},
        watched.length > 1 ? h("h3", {}, name) : null,
        told(name, drift),
        drift.reference
          ? h("p", { class: "soft" }, WORDS.watched(moment(drift.since), drift.false_alarm_rate))
          : null,
      ),
    ),
  );
}

function labels({ reviewed, agreement, false_rejects: rejects }) {
  if (!reviewed.length) return card(WORDS.labels, h("p", { class: "soft" }, WORDS.unlabelled));
  const count = (verdict, label) =>
    reviewed.find((each) => each.verdict === verdict && each.label === label)?.count ?? 0;
  const rows = ["OK", "REVIEW", "NG"].map((verdict) =>
    figures([verdict, number(count(verdict, "good")), number(count(verdict, "bad"))]),
  );
  return card(
    WORDS.labels,
    table([WORDS.verdict, WORDS.good, WORDS.bad], h("tbody", {}, rows), { class: "small" }),
    agreement ? h("p", {}, WORDS.agree(agreement)) : null,
    rejects ? h("p", {}, WORDS.rejects(rejects)) : null,
    h("p", { class: "soft" }, rejects ? WORDS.from(rejects) : WORDS.unknown),
  );
}
