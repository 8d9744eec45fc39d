// The buttons of a mask: draw one or change it, keep it or discard it; over a viewer's pictures.

import { button, h } from "../dom.js";
import { t } from "../i18n.js";
import { modelNamed } from "../station.js";
import { drawMask } from "./mask.js";

/**
 * Make the buttons.
 * @param {object} viewer
 * @param {{run: (work: () => Promise) => void, changed: (inspection: object|null) => void}} on `run` does one thing
 *   after the other; `changed` is called when a drawing opens (null) or ends, with the inspection as it then is.
 */
export function makeMasking(viewer, on) {
  let drawing = null;
  let inspection = null;
  const tools = h("div", {});
  const toggle = button(t("mask.draw"), () => on.run(drawing ? save : open), { "aria-keyshortcuts": "M" });
  toggle.append(h("kbd", { "aria-hidden": "true" }, "M"));
  const drop = button(t("mask.discard"), () => drawing?.cancel(), { hidden: true });

  async function open() {
    // Before the picture stands there, the drawing would not lie upon it.
    await viewer.ready();
    if (!inspection?.has_picture || drawing) return;
    const model = modelNamed(inspection.model);
    const [low, high] = model?.heat_scale ?? [0, 1];
    const threshold = model?.calibration.pixel_threshold ?? high / 2;
    drawing = drawMask(viewer.frames, inspection, (255 * (threshold - low)) / (high - low), (changed) => {
      drawing = null;
      if (changed) Object.assign(inspection, changed);
      draw();
      viewer.keepMask(inspection);
      on.changed(inspection);
    });
    tools.replaceChildren(drawing.tools);
    draw();
    on.changed(null);
  }

  const save = async () => drawing?.save();

  function draw() {
    const words = drawing ? "mask.keep" : inspection?.has_mask ? "mask.change" : "mask.draw";
    toggle.firstChild.textContent = t(words);
    toggle.disabled = !inspection?.has_picture;
    drop.hidden = !drawing;
  }

  return {
    toggle,
    drop,
    tools,
    save,
    isOpen: () => drawing !== null,
    cancel: () => drawing?.cancel(),
    undo: () => drawing?.undo(),
    press: () => on.run(drawing ? save : open),
    /** Take the inspection that is shown now. */
    of(shown) {
      inspection = shown;
      draw();
    },
  };
}
