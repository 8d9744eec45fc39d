// The threshold of what was learned, and the button that lets it inspect.

import { get, post } from "../api.js";
import { button, h } from "../dom.js";
import { t } from "../i18n.js";
import { forOthers, may } from "../people.js";
import { chooseModel, keep, loadStation, station } from "../station.js";
import { attempt, say } from "../toast.js";
import { makeThresholds } from "./thresholds.js";

/** Make the cards of threshold and serving; hidden before anything was learned. */
export function makeServing({ name, path, load }) {
  const state = { job: null, panel: null };
  const panel = h("div", {});
  const words = h("p", { "aria-live": "polite" });
  const serve = button(t("learn.serve"), () => attempt(begin), { class: "primary" });
  const look = button(t("learn.inspect"), () => {
    chooseModel(name);
    location.hash = "#/inspect";
  });
  const serving = h(
    "section",
    { class: "card stack", "aria-label": t("learn.serving") },
    h("h2", {}, t("learn.serving")),
    words,
    may("switch") ? null : forOthers("switch"),
    h("div", { class: "row" }, serve, look),
  );
  const element = h("div", { class: "half", hidden: true }, panel, serving);

  async function begin() {
    const made = await post(path("/serve"), {});
    keep(made);
    await loadStation();
    say(t("learn.served", { name }));
    await load();
  }

  async function learned() {
    const { calibration } = await get(path("/model"));
    state.panel?.close();
    state.panel = makeThresholds({ name, calibration }, path);
    panel.replaceChildren(state.panel.element);
  }

  function show(draft) {
    const has = Boolean(draft.learned);
    element.hidden = !has && !draft.served;
    panel.hidden = serve.hidden = !has;
    const isServed = draft.learned ? draft.learned.served : draft.served;
    serve.disabled = !may("switch") || isServed || draft.job?.state === "running";
    serve.textContent = t(draft.served && !isServed ? "learn.serveAgain" : "learn.serve");
    look.hidden = !draft.served;
    words.textContent = t(isServed ? "learn.isServed" : draft.served ? "learn.isOlder" : "learn.isNot", {
      name,
    });
    if (draft.served && !station.models.some((model) => model.name === name)) attempt(loadStation);
    // Learned once more it has other scores.
    const job = draft.job?.state === "done" ? draft.job.id : "before";
    if (has && state.job !== job && draft.job?.state !== "running") {
      state.job = job;
      attempt(learned);
    }
  }

  return { element, show, close: () => state.panel?.close() };
}
