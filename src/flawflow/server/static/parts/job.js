// How a training gets on; or where torch is missing, the command that does it elsewhere.

import { remove } from "../api.js";
import { button, h } from "../dom.js";
import { attempt, say } from "../toast.js";

const ENDS = { failed: "This failed.", cancelled: "This was cancelled." };

/**
 * Make the place of a job.
 * @returns {{element: HTMLElement, show: (job: object|null) => void}} `job.state` is the service's, or "elsewhere".
 */
export function makeJob() {
  let shown = null;
  const words = h("p", { "aria-live": "polite" });
  const meter = h("progress", { max: 1, value: 0, "aria-label": "Learning" });
  const error = h("p", { class: "error-text" });
  const cancel = button("Cancel", () => attempt(() => remove(`/api/jobs/${shown.id}`)));
  const code = h("code", { tabindex: 0 });
  const command = h(
    "div",
    { class: "command" },
    code,
    button("Copy", () => attempt(() => copy(code.textContent))),
  );
  const element = h("div", { class: "job stack" }, words, meter, error, h("div", {}, cancel), command);

  // Elements stay while their words change, so that the focus stays, too.
  function show(job) {
    shown = job;
    element.hidden = !job;
    if (!job) return;
    const text = said(job);
    if (words.textContent !== text) words.textContent = text;
    meter.value = job.progress ?? 0;
    meter.hidden = cancel.hidden = job.state !== "running";
    error.textContent = job.state === "elsewhere" ? "" : (job.error ?? "");
    error.hidden = !error.textContent;
    code.textContent = job.command ?? "";
    command.hidden = !job.command || job.state === "done" || job.state === "running";
  }
  show(null);
  return { element, show };
}

function said({ state, stage, progress, result, error }) {
  if (state === "running") return `${stage || "Beginning"} (${Math.round(100 * progress)} %)`;
  if (state === "done") return `Version ${result.version} is trained; it is used only when you switch to it.`;
  return state === "elsewhere" ? error : ENDS[state];
}

async function copy(text) {
  // Without https only this machine's own browser may write the clipboard.
  const copied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  say(copied ? "The command is copied." : "Select the command and copy it by hand.");
}
