// Learning from a draft: how, how far it is, and what it found; where torch is missing, the command for elsewhere.

import { get, post } from "../api.js";
import { button, field, h, select } from "../dom.js";
import { t } from "../i18n.js";
import { may } from "../people.js";
import { presetWords } from "../promise.js";
import { station } from "../station.js";
import { attempt, say } from "../toast.js";
import { makeCopyable } from "./copyable.js";
import { makeJob } from "./job.js";

const ENOUGH = 8;

/** Make the card; it is hidden before the first picture. */
export function makeLearning({ path, load }) {
  const state = { draft: null, preset: null, presets: [] };
  const job = makeJob(() => t("learn.done"), t("learn.stop"));
  const settings = h("input", { type: "text", placeholder: "detector.blocks=4 seed=1" });
  const start = button(t("learn.start"), () => attempt(begin), { class: "primary" });
  const fields = h("div", { class: "row fields" });
  const why = h("p", { class: "soft" });
  const notes = h("ul", { class: "notes", data: { theirs: "" } });
  const command = makeCopyable(t("job.copied"), t("job.notCopied"));
  const put = makeCopyable(t("job.copied"), t("job.notCopied"));
  const elsewhere = h(
    "div",
    { class: "stack" },
    h("p", {}, t("learn.elsewhere")),
    command.element,
    h("p", {}, t("learn.put")),
    put.element,
  );
  const element = h(
    "section",
    { class: "card stack", "aria-label": t("learn.learn"), hidden: true },
    h("h2", {}, t("learn.learn")),
    h("p", { class: "soft" }, t(station.version.torch ? "improve.here" : "learn.noTorch")),
    fields,
    why,
    job.element,
    notes,
    elsewhere,
  );

  function drawFields() {
    fields.replaceChildren(
      field(
        t("improve.presetName"),
        select(state.presets, state.preset, (value) => {
          state.preset = value;
        }),
      ),
      field(t("improve.settings"), settings),
      start,
    );
  }

  async function begin() {
    const asked = { preset: state.preset, settings: settings.value.split(/\s+/).filter(Boolean) };
    try {
      await post(path("/learn"), asked);
    } catch (error) {
      // Where torch is missing the command stands below, and now is that of these choices.
      if (error.status !== 501) throw error;
      say(t("learn.commandIs"));
    }
    await load();
  }

  function show(draft) {
    const first = state.draft === null;
    state.draft = draft;
    element.hidden = !draft.count && !draft.job && !draft.learned;
    if (first) {
      state.preset = draft.preset;
      settings.value = draft.settings.join(" ");
      drawFields();
    }
    const running = draft.job?.state === "running";
    const few = draft.count < ENOUGH;
    const coming = Boolean(draft.intake?.running);
    start.disabled = !may("train") || running || few || coming;
    start.textContent = t(wordsOf(draft));
    why.textContent = few ? t("learn.few", { count: ENOUGH }) : coming ? t("learn.wait") : "";
    why.hidden = !why.textContent;
    job.show(draft.job && (draft.job.state !== "done" || draft.learned) ? draft.job : null);
    const found = draft.learned && !running ? saidOf(draft.learned) : [];
    notes.replaceChildren(...found.map((text) => h("li", {}, text)));
    elsewhere.hidden = station.version.torch || !draft.command || few;
    command.show(draft.command);
    put.show(draft.put);
  }

  attempt(async () => {
    state.presets = (await get("/api/presets")).map(({ name, summary }) => [
      name,
      t("improve.preset", { name, summary: presetWords(name, summary) }),
    ]);
    if (state.draft) drawFields();
  });
  return { element, show };
}

function wordsOf({ job, learned }) {
  if (!station.version.torch) return "improve.command";
  if (job && ["cancelled", "failed"].includes(job.state)) return "learn.resume";
  return learned ? "learn.again" : "learn.start";
}

/** What a learning found, in this page's words where they are figures, else in the station's. */
function saidOf({ current, suspects, failures, notes }) {
  return [
    current ? "" : t("learn.stale"),
    suspects ? t("learn.foundSuspects", { count: suspects }) : t("learn.foundNone"),
    ...failures,
    ...notes,
  ].filter(Boolean);
}
