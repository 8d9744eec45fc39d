// Pictures from this device: chosen, pasted or dropped.

import { button, h } from "../dom.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { takeDrops } from "./dropped.js";
import { enqueue, queue, stopQueue } from "./queue.js";

const MOST_FAILURES = 50;

/**
 * Make the bar of the upload.
 * @param {HTMLElement} target Shows that a drop is welcome.
 * @returns {{element: HTMLElement, close: Function}}
 */
export function makeUpload(target) {
  const input = h("input", {
    type: "file",
    multiple: true,
    accept: "image/*,.tif,.tiff,.bmp",
    class: "unseen",
    tabindex: -1,
    "aria-hidden": "true",
  });
  const choose = button(t("upload.choose"), () => input.click(), { class: "primary" });
  const stop = button(t("upload.stop"), stopQueue);
  const meter = h("progress", { "aria-label": t("upload.progress") });
  const words = h("span", { class: "soft" });
  const list = h("ul", {});
  const failures = h("details", { class: "failures", hidden: true }, h("summary", {}), list);
  const element = h("div", { class: "upload" }, choose, input, meter, words, stop, failures);
  input.addEventListener("change", () => {
    enqueue([...input.files]);
    input.value = "";
  });

  function draw() {
    const busy = queue.running > 0;
    meter.hidden = stop.hidden = !busy;
    meter.max = queue.all || 1;
    meter.value = queue.done;
    words.textContent = busy
      ? t("upload.running", { count: queue.done, all: queue.all })
      : queue.done > 1
        ? t("upload.done", { count: queue.done - queue.failures.length })
        : t("upload.hint");
    failures.hidden = !queue.failures.length;
    failures.open = queue.failures.length === 1 || failures.open;
    failures.firstChild.textContent = t("upload.failed", { count: queue.failures.length });
    list.replaceChildren(
      ...queue.failures
        .slice(0, MOST_FAILURES)
        .map(([name, error]) => h("li", {}, error.includes(name) ? error : `${name}: ${error}`)),
    );
  }

  const ends = [takeDrops(target, t("upload.drop"), enqueue), listen("queue", draw)];
  draw();
  return { element, close: () => ends.forEach((end) => end()) };
}
