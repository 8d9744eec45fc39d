// How a training gets on; or where torch is missing, the command that does it elsewhere.

import { remove } from "../api.js";
import { button, h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt } from "../toast.js";
import { makeCopyable } from "./copyable.js";

/**
 * Make the place of a job.
 * @param {(job: object) => string} done Says what came of it.
 * @param {string} stopping What the button says that ends it.
 * @returns {{element: HTMLElement, show: (job: object|null) => void}} `job.state` is the service's, or "elsewhere".
 */
export function makeJob(done, stopping = t("cancel")) {
  let shown = null;
  const words = h("p", { "aria-live": "polite" });
  const meter = h("progress", { max: 1, value: 0, "aria-label": t("job.learning") });
  const error = h("p", { class: "error-text" });
  const cancel = button(stopping, () => attempt(() => remove(`/api/jobs/${shown.id}`)));
  const command = makeCopyable(t("job.copied"), t("job.notCopied"));
  const element = h(
    "div",
    { class: "job stack" },
    words,
    meter,
    error,
    h("div", {}, cancel),
    command.element,
  );

  // Elements stay while their words change, so that the focus stays, too.
  function show(job) {
    shown = job;
    element.hidden = !job;
    if (!job) return;
    const text = job.state === "done" ? done(job) : said(job);
    if (words.textContent !== text) words.textContent = text;
    meter.value = job.progress ?? 0;
    meter.hidden = cancel.hidden = job.state !== "running";
    error.textContent = job.state === "elsewhere" ? "" : (job.error ?? "");
    error.hidden = !error.textContent;
    command.show(job.command ?? "");
    command.element.hidden = !job.command || job.state === "done" || job.state === "running";
  }
  show(null);
  return { element, show };
}

function said({ state, stage, progress, error }) {
  if (state === "running")
    return t("job.running", { stage: stage || t("job.beginning"), percent: Math.round(100 * progress) });
  return state === "elsewhere" ? error : t(`job.${state}`);
}
