// Improve: from reviewed pictures to a new data set version, a new model, and the choice between old and new.

import { get, post, ServiceError, withQuery } from "../api.js";
import { button, field, figures, h, select, table } from "../dom.js";
import { t } from "../i18n.js";
import { listen, tell } from "../live.js";
import { showComparison } from "../parts/comparison.js";
import { makeJob } from "../parts/job.js";
import { makeVersions, switchTo } from "../parts/versions.js";
import { presetWords } from "../promise.js";
import { recall, remember } from "../settings.js";
import { chosenModel, modelNamed, refreshModel, station } from "../station.js";
import { attempt, say } from "../toast.js";
import { moment, number } from "../words.js";

const POLL = 2000;

export function showImprove(place) {
  const model = chosenModel();
  if (!model) {
    place.append(
      h("h1", {}, t("view.improve")),
      h("section", { class: "card empty" }, h("p", {}, t("model.none"))),
    );
    return undefined;
  }
  const state = {
    datasets: [],
    job: null,
    dataset: null,
    presets: [],
    preset: recall("preset", "balanced"),
    settings: "",
  };
  const sets = h("section", { class: "card stack", "aria-label": t("improve.set") });
  const learn = h("section", { class: "card stack", "aria-label": t("improve.retrain") });
  const compare = h("section", { class: "card stack wide", "aria-label": t("improve.compare") });
  const versions = makeVersions(model);
  const job = makeJob(({ result }) => t("job.done", { version: String(result.version) }));
  const start = button(t("improve.start"), () => attempt(begin), { class: "primary" });
  place.append(
    h(
      "header",
      { class: "view-head" },
      h("h1", {}, t("view.improve")),
      h("p", { class: "soft" }, t("improve.about", { name: model.name })),
    ),
    sets,
    learn,
    h("div", { class: "wide" }, versions.element),
    compare,
  );

  async function loadSets() {
    const ask = (label) =>
      get(withQuery("/api/inspections", { model: model.name, label, limit: 1 })).then(
        ({ counts }) => counts.OK + counts.REVIEW + counts.NG,
      );
    const [all, presets, good, bad] = await Promise.all([
      get("/api/datasets"),
      get("/api/presets"),
      ask("good"),
      ask("bad"),
    ]);
    state.presets = presets.map(({ name, summary }) => [
      name,
      t("improve.preset", { name, summary: presetWords(name, summary) }),
    ]);
    state.datasets = all.filter((set) => set.model === undefined || set.model === model.name);
    state.dataset ??= state.datasets.at(-1)?.version ?? null;
    drawSets(good, bad);
    drawLearn();
  }

  function drawSets(good, bad) {
    const make = button(
      t("improve.make"),
      () =>
        attempt(async () => {
          const made = await post("/api/datasets", { model: model.name });
          say(t("improve.made", { version: String(made.version), good: made.good, bad: made.bad }));
          state.dataset = made.version;
          await loadSets();
        }),
      { class: "primary", disabled: good + bad === 0 },
    );
    const row = ({ version, created, good, bad, train, test, path }) =>
      figures(
        [String(version), moment(created), ...[good, bad, train, test].map((count) => number(count ?? 0))],
        { title: path },
      );
    sets.replaceChildren(
      h("h2", {}, t("improve.set")),
      h("p", {}, t("improve.reviewed", { good, bad })),
      h("div", { class: "row" }, make),
      state.datasets.length
        ? table(
            ["versions.one", "made", "label.good", "label.bad", "improve.train", "improve.test"].map((name) =>
              t(name),
            ),
            h("tbody", {}, [...state.datasets].reverse().map(row)),
            { class: "small" },
          )
        : h("p", { class: "soft" }, t("improve.none")),
    );
  }

  function drawLearn() {
    const { torch } = station.version;
    const sets = state.datasets.map(({ version }) => [
      String(version),
      t("version", { version: String(version) }),
    ]);
    start.textContent = t(torch ? "improve.start" : "improve.command");
    learn.replaceChildren(
      h("h2", {}, t("improve.retrain")),
      h("p", { class: "soft" }, t(torch ? "improve.here" : "improve.elsewhere")),
      h(
        "div",
        { class: "row fields" },
        field(
          t("improve.dataset"),
          select(sets.length ? sets : [["", t("improve.noneYet")]], String(state.dataset), (value) => {
            state.dataset = Number(value);
          }),
        ),
        field(
          t("improve.presetName"),
          select(state.presets, state.preset, (value) => {
            state.preset = value;
            remember("preset", value);
          }),
        ),
        field(
          t("improve.settings"),
          h("input", {
            type: "text",
            value: state.settings,
            placeholder: "detector.blocks=4 seed=1",
            on: { input: ({ target }) => (state.settings = target.value) },
          }),
        ),
        start,
      ),
      job.element,
    );
    drawJob();
  }

  function drawJob() {
    start.disabled = state.job?.state === "running" || !state.datasets.length;
    job.show(state.job);
  }

  async function begin() {
    try {
      state.job = await post("/api/jobs", {
        kind: "retrain",
        model: model.name,
        dataset: state.dataset,
        preset: state.preset,
        settings: state.settings.split(/\s+/).filter(Boolean),
      });
    } catch (error) {
      if (!(error instanceof ServiceError) || error.status !== 501) throw error;
      state.job = {
        state: "elsewhere",
        error: error.body?.detail ?? error.message,
        command: error.body?.command ?? null,
      };
    }
    drawJob();
  }

  function drawCompare() {
    const result = state.job?.result;
    const heading = h("h2", {}, t("improve.compare"));
    if (!result) {
      compare.replaceChildren(heading, h("p", { class: "soft" }, t("improve.later")));
      return;
    }
    const active = modelNamed(model.name)?.versions.find((version) => version.active)?.version;
    const choice =
      active === result.version
        ? h("p", {}, h("strong", {}, t("improve.active", { version: String(result.version) })))
        : button(
            t("switch.to", { version: String(result.version) }),
            () => switchTo(model.name, result.version),
            {
              class: "primary",
            },
          );
    compare.replaceChildren(
      h("div", { class: "row spread" }, heading, choice),
      showComparison(result.comparison, result.version),
    );
  }

  async function loadJobs() {
    const jobs = (await get("/api/jobs")).filter((one) => one.kind === "retrain" && one.model === model.name);
    const last = jobs.find((one) => one.state === "running") ?? jobs.sort((a, b) => b.id - a.id)[0] ?? null;
    state.job = last;
    drawJob();
    drawCompare();
  }

  // Events may be lost, a running job must not look stuck.
  const timer = setInterval(() => {
    if (state.job?.state === "running")
      get(`/api/jobs/${state.job.id}`).then(
        (news) => tell("job", news),
        () => {},
      );
  }, POLL);
  const ends = [
    () => clearInterval(timer),
    versions.close,
    listen("models", drawCompare),
    listen("job", (news) => {
      if (news.kind !== "retrain" || news.model !== model.name || (state.job?.id ?? 0) > news.id) return;
      const ended = state.job?.state === "running" && news.state === "done";
      state.job = news;
      drawJob();
      if (news.state === "done") drawCompare();
      if (ended) attempt(() => refreshModel(model.name));
    }),
  ];
  attempt(async () => {
    await loadSets();
    await loadJobs();
  });
  return () => ends.forEach((end) => end());
}
