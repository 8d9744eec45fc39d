// Improve: from reviewed pictures to a new data set version, a new model, and the choice between old and new.

import { get, post, remove, ServiceError, withQuery } from "../api.js";
import { button, field, h, select } from "../dom.js";
import { listen, tell } from "../live.js";
import { showComparison } from "../parts/comparison.js";
import { makeVersions, switchTo } from "../parts/versions.js";
import { recall, remember } from "../settings.js";
import { chosenModel, modelNamed, refreshModel, station } from "../station.js";
import { attempt, say } from "../toast.js";
import { counted, moment, number } from "../words.js";

const PRESETS = [["fast", "fast: a first look"], ["balanced", "balanced: as the model comes"], ["accurate", "accurate: slower, larger pictures"]];
const POLL = 2000;
const STATES = { failed: "This did not work.", cancelled: "This was cancelled." };

export function showImprove(place) {
  const model = chosenModel();
  if (!model) {
    place.append(h("h1", {}, "Improve"), h("section", { class: "card empty" }, h("p", {}, "No model is loaded.")));
    return undefined;
  }
  const state = { datasets: [], job: null, dataset: null, preset: recall("preset", "balanced") };
  const sets = h("section", { class: "card stack", "aria-label": "1. Data set" });
  const learn = h("section", { class: "card stack", "aria-label": "2. Learn again" });
  const compare = h("section", { class: "card stack wide", "aria-label": "3. Compare and switch" });
  const versions = makeVersions(model);
  place.append(h("header", { class: "view-head" }, h("h1", {}, "Improve"), h("p", { class: "soft" }, `What was reviewed teaches the next version of ${model.name}.`)),
    h("div", { class: "half" }, sets, versions.element), h("div", { class: "half" }, learn), compare);

  async function loadSets() {
    const ask = (label) => get(withQuery("/api/inspections", { model: model.name, label, limit: 1 })).then(({ counts }) => counts.OK + counts.REVIEW + counts.NG);
    const [all, good, bad] = await Promise.all([get("/api/datasets"), ask("good"), ask("bad")]);
    state.datasets = all.filter((set) => set.model === undefined || set.model === model.name);
    state.dataset ??= state.datasets.at(-1)?.version ?? null;
    drawSets(good, bad);
    drawLearn();
  }

  function drawSets(good, bad) {
    const make = button("Make a new version", () => attempt(async () => {
      const made = await post("/api/datasets", { model: model.name });
      say(`Data set version ${made.version} holds ${counted(made.good, "good picture")} and ${counted(made.bad, "bad one")}.`);
      state.dataset = made.version;
      await loadSets();
    }), { class: "primary", disabled: good + bad === 0 });
    sets.replaceChildren(h("h2", {}, "1. Data set"), h("p", {}, `${counted(good, "picture")} reviewed as good, ${number(bad)} as bad.`), h("div", { class: "row" }, make),
      state.datasets.length ? h("table", { class: "small" }, h("thead", {}, h("tr", {}, ["Version", "Made", "Good", "Bad", "To learn", "To test"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, [...state.datasets].reverse().map((set) => h("tr", { title: set.path }, h("td", { class: "figure" }, String(set.version)), h("td", {}, moment(set.created)), [set.good, set.bad, set.train, set.test].map((count) => h("td", { class: "figure" }, count === undefined ? "" : number(count))))))) : h("p", { class: "soft" }, "No version yet. Nothing that was made is ever overwritten."));
  }

  function drawLearn() {
    const running = state.job?.state === "running";
    const sets = state.datasets.map(({ version }) => [String(version), `version ${version}`]);
    const choices = sets.length ? sets : [["", "none yet"]];
    const start = button("Learn again", () => attempt(begin), { class: "primary", disabled: running || !sets.length });
    learn.replaceChildren(h("h2", {}, "2. Learn again"),
      station.version.torch ? h("p", { class: "soft" }, "The station goes on inspecting while it learns.") : h("p", {}, "This station has no torch, so the learning is done on another machine; ask for the command here."),
      h("div", { class: "row fields" }, field("Data set", select(choices, String(state.dataset), (value) => { state.dataset = Number(value); })),
        field("Preset", select(PRESETS, state.preset, (value) => { state.preset = value; remember("preset", value); })), start),
      jobCard());
    start.textContent = station.version.torch ? "Learn again" : "Show the command";
  }

  function jobCard() {
    const { job } = state;
    if (!job) return "";
    const command = job.command && job.state !== "done" ? commandBox(job.command, job.state === "elsewhere") : "";
    if (job.state === "elsewhere") return h("div", { class: "job stack" }, h("p", {}, job.error), command);
    return h("div", { class: "job stack" },
      h("p", { class: "job-state", "aria-live": "polite" }, jobWords(job)),
      job.state === "running" ? h("progress", { max: 1, value: job.progress, "aria-label": "Learning" }) : "",
      job.error ? h("p", { class: "error-text" }, job.error) : "",
      job.state === "running" ? h("div", { class: "row" }, button("Cancel", () => attempt(() => remove(`/api/jobs/${job.id}`)))) : "");
  }

  async function begin() {
    try {
      state.job = await post("/api/jobs", { kind: "retrain", model: model.name, dataset: state.dataset, preset: state.preset });
    } catch (error) {
      if (!(error instanceof ServiceError) || error.status !== 501) throw error;
      state.job = { state: "elsewhere", error: error.body?.detail ?? error.message, command: error.body?.command ?? null };
    }
    drawLearn();
  }

  function drawCompare() {
    const result = state.job?.result;
    const heading = h("h2", {}, "3. Compare and switch");
    if (!result) {
      compare.replaceChildren(heading, h("p", { class: "soft" }, "When a new version is learned, both are compared here on the reviewed pictures."));
      return;
    }
    const active = modelNamed(model.name)?.versions.find((version) => version.active)?.version;
    const choice = active === result.version ? h("p", {}, h("strong", {}, `Version ${result.version} judges now.`)) : button(`Switch to version ${result.version}`, () => switchTo(model.name, result.version), { class: "primary" });
    compare.replaceChildren(h("div", { class: "row spread" }, heading, choice), showComparison(result.comparison, result.version));
  }

  async function loadJobs() {
    const jobs = (await get("/api/jobs")).filter((job) => job.model === model.name);
    const last = jobs.find((job) => job.state === "running") ?? jobs.sort((a, b) => b.id - a.id)[0] ?? null;
    state.job = last;
    drawLearn();
    drawCompare();
  }

  // Events may be lost, a running job must not look stuck.
  const timer = setInterval(() => {
    if (state.job?.state === "running") get(`/api/jobs/${state.job.id}`).then((job) => tell("job", job), () => {});
  }, POLL);
  const ends = [() => clearInterval(timer), versions.close, listen("models", drawCompare), listen("job", (job) => {
    if (job.model !== model.name || (state.job?.id ?? 0) > job.id) return;
    const ended = state.job?.state === "running" && job.state === "done";
    state.job = job;
    drawLearn();
    if (job.state === "done") drawCompare();
    if (ended) attempt(() => refreshModel(model.name));
  })];
  attempt(async () => { await loadSets(); await loadJobs(); });
  return () => ends.forEach((end) => end());
}

function jobWords({ state, stage, progress, result }) {
  if (state === "running") return `${stage || "Beginning"} (${Math.round(100 * progress)} %)`;
  if (state === "done") return `Version ${result.version} is learned; it judges only when you switch to it.`;
  return STATES[state];
}

function commandBox(command, big) {
  const copy = button("Copy", () => attempt(async () => {
    // Without https only this machine's own browser may write the clipboard.
    const copied = await navigator.clipboard?.writeText(command).then(() => true, () => false);
    say(copied ? "The command is copied." : "Select the command and copy it by hand.");
  }));
  return h("div", { class: `command${big ? " big" : ""}` }, h("code", { tabindex: 0 }, command), copy);
}
