// Statistics: yield over time with its limits, by model and source, and what people's labels say of the model.

import { get, ofModel, withQuery } from "../api.js";
import { field, figures, h, segments, select, table } from "../dom.js";
import { t, translated } from "../i18n.js";
import { makeAdaptation } from "../parts/adaptation.js";
import { pChart, pLegend, total } from "../parts/pchart.js";
import { placesCard } from "../parts/places.js";
import { recall, remember } from "../settings.js";
import { station } from "../station.js";
import { attempt } from "../toast.js";
import { moment, number, VERDICTS } from "../words.js";

/** Write a share as a percentage with three digits: a yield of 99.4 % is not one of 99 %. */
const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;

// What a card takes of its width left and right of its content.
const CARD_EDGES = 34;

const LENGTHS = ["hour", "shift", "day", "week"];

const spans = () => [
  ...[1, 7, 30, 90].map((count) => [String(count), t("span.days", { count })]),
  ["365", t("span.years", { count: 1 })],
];

export function showStatistics(place) {
  const asked = recall("statistics", { days: "7", by: "shift", model: "", source: "" });
  const body = h("div", { class: "statistics" });
  const links = h("div", { class: "row exports" });
  const filters = h("search", { class: "filters" });
  place.append(h("header", { class: "view-head" }, h("h1", {}, t("view.statistics")), links), filters, body);

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
        t("statistics.days"),
        select(spans(), asked.days, (days) => change({ days })),
      ),
      h(
        "div",
        { class: "field" },
        h("span", { "aria-hidden": "true" }, t("statistics.by")),
        segments(
          t("statistics.by"),
          LENGTHS.map((name) => [name, t(`statistics.by.${name}`)]),
          asked.by,
          (by) => change({ by }),
        ),
      ),
      field(
        t("view.model"),
        select([["", t("history.all")], ...names], asked.model, (model) => change({ model })),
      ),
      field(
        t("wall.source"),
        select([["", t("history.all")], ...[...known].map((name) => [name, name])], asked.source, (source) =>
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
      file("html", t("statistics.report"), { target: "_blank", rel: "noopener" }),
      file("csv", "CSV", { download: "report.csv" }),
    );
    if (!filters.contains(document.activeElement)) drawFilters(found.sources);
    const light = driftCard(names.map((name, index) => [name, drifts[index]]));
    body.replaceChildren(
      ...(found.points.length ? [...cards(found, body.clientWidth - CARD_EDGES), light] : [nothing(), light]),
    );
  }

  drawFilters([]);
  attempt(load);
}

const nothing = () => h("section", { class: "card empty wide" }, h("p", {}, t("statistics.nothing")));

function cards(found, room) {
  return [
    totals(found.counts),
    chart(found, room),
    found.places.map(placesCard),
    found.models.length > 1 ? groups(t("statistics.models"), t("view.model"), found.models) : null,
    groups(t("statistics.sources"), t("wall.source"), found.sources),
    labels(found),
  ]
    .flat()
    .filter(Boolean);
}

const card = (title, ...children) =>
  h("section", { class: "card stack", "aria-label": title }, h("h2", {}, title), ...children);

function totals(counts) {
  const all = total(counts);
  const figure = (text, value, share) =>
    h(
      "div",
      { class: "big" },
      h("strong", {}, value),
      h(
        "span",
        { class: "soft" },
        share === undefined ? text : t("statistics.share", { name: text, share: percent(share) }),
      ),
    );
  const made = card(
    t("statistics.yield"),
    h(
      "div",
      { class: "bigs" },
      figure(t("statistics.inspected"), number(all)),
      figure("OK", number(counts.ok), counts.ok / all),
      figure("REVIEW", number(counts.review), counts.review / all),
      figure("NG", number(counts.ng), counts.ng / all),
    ),
  );
  made.classList.add("wide");
  return made;
}

function chart({ points, centre }, room) {
  const beyond = points.filter((point) => point.beyond).length;
  const made = card(
    t("statistics.chart"),
    h("div", { class: "scrolls", tabindex: 0 }, pChart(points, centre, room)),
    pLegend(),
    beyond ? h("p", {}, t("statistics.beyond", { count: beyond, all: points.length })) : null,
  );
  made.classList.add("wide");
  return made;
}

function groups(title, name, rows) {
  const row = (counts) =>
    figures([
      counts.name,
      ...[counts.ok, counts.review, counts.ng].map(number),
      percent(counts.ng / total(counts)),
    ]);
  const body = h("tbody", {}, rows.map(row));
  return card(
    title,
    h(
      "div",
      { class: "scrolls", tabindex: 0 },
      table([name, "OK", "REVIEW", "NG", "NG, %"], body, { class: "small" }),
    ),
  );
}

const findingWords = ({ words, since }) =>
  t("drift.changed", { words: translated(`finding.${words}`, words), count: since });

function driftCard(watched) {
  const told = (name, { findings, hint, compared, reference }) => {
    if (findings.length)
      return h(
        "ul",
        {},
        findings.map((finding) => h("li", { class: "error-text" }, findingWords(finding))),
      );
    if (hint) return h("p", { class: "error-text", data: { theirs: "" } }, hint);
    if (!reference) return h("p", { class: "soft" }, t("drift.noReference", { name }));
    return h(
      "p",
      {},
      compared ? t("drift.steady", { count: compared, reference }) : t("drift.waiting", { name }),
    );
  };
  return card(
    t("drift.title"),
    watched.map(([name, drift]) =>
      h(
        "div",
        {},
        watched.length > 1 ? h("h3", {}, name) : null,
        told(name, drift),
        drift.findings.length || drift.hint ? makeAdaptation(name) : null,
        drift.reference
          ? h(
              "p",
              { class: "soft" },
              t("drift.watched", { time: moment(drift.since), rate: percent(drift.false_alarm_rate) }),
            )
          : null,
      ),
    ),
  );
}

function labels({ reviewed, agreement, false_rejects: rejects }) {
  if (!reviewed.length)
    return card(t("statistics.labels"), h("p", { class: "soft" }, t("statistics.unlabelled")));
  const count = (verdict, label) =>
    reviewed.find((each) => each.verdict === verdict && each.label === label)?.count ?? 0;
  const rows = VERDICTS.map((verdict) =>
    figures([verdict, number(count(verdict, "good")), number(count(verdict, "bad"))]),
  );
  return card(
    t("statistics.labels"),
    table([t("verdict"), t("label.good"), t("label.bad")], h("tbody", {}, rows), { class: "small" }),
    agreement ? h("p", {}, agreementWords(agreement)) : null,
    rejects ? h("p", {}, rejectsWords(rejects)) : null,
    h("p", { class: "soft" }, rejects ? t("statistics.from", rejects) : t("statistics.unknown")),
  );
}

function agreementWords({ share, count, kappa }) {
  const given = { share: percent(share), count };
  if (kappa === null) return t("statistics.agree", given);
  return t("statistics.agreeKappa", { ...given, kappa: kappa.toFixed(2) });
}

const rejectsWords = ({ rate, low, high }) =>
  t("statistics.rejects", { rate: percent(rate), low: percent(low), high: percent(high) });
