// A text that somebody copies, in a box with the button that does it.

import { button, h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt, say } from "../toast.js";

/**
 * Make the box.
 * @param {string} copied Said when the text is copied.
 * @param {string} byHand Said where the browser does not allow it.
 * @returns {{element: HTMLElement, show: (text: string) => void}}
 */
export function makeCopyable(copied, byHand) {
  const code = h("code", { tabindex: 0 });
  const copy = async () => {
    // Without https only this machine's own browser may write the clipboard.
    const done = await navigator.clipboard?.writeText(code.textContent).then(
      () => true,
      () => false,
    );
    say(done ? copied : byHand);
  };
  const element = h(
    "div",
    { class: "command" },
    code,
    button(t("copy"), () => attempt(copy)),
  );
  return {
    element,
    show(text) {
      code.textContent = text;
    },
  };
}
