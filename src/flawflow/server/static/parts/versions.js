// The versions of a model: which one judges, and changing that.

import { ofModel, post } from "../api.js";
import { button, h, table } from "../dom.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { confirmed } from "../login.js";
import { may } from "../people.js";
import { keep, modelNamed } from "../station.js";
import { attempt, say } from "../toast.js";
import { moment } from "../words.js";

/** Ask whether to let a version judge from now on, and do so. */
export function switchTo(name, version) {
  return attempt(async () => {
    if (
      !(await confirmed(
        t("switch.question", { version: String(version), name }),
        t("switch.to", { version: String(version) }),
      ))
    )
      return;
    keep(await post(ofModel(name, "/switch"), { version }));
    say(t("switch.done", { version: String(version) }));
  });
}

/** Make the card of a model's versions. */
export function makeVersions(model) {
  const list = h("tbody", {});
  const back = h(
    "div",
    {},
    button(t("switch.back"), () =>
      attempt(async () => {
        keep(await post(ofModel(model.name, "/rollback"), {}));
        say(t("switch.backDone"));
      }),
    ),
  );
  const element = h(
    "section",
    { class: "card stack", "aria-label": t("versions") },
    h("h2", {}, t("versions")),
    table([t("versions.one"), t("made"), "SHA-256", ""], list, { class: "small" }, t("versions.state")),
    back,
  );

  function draw() {
    const { versions } = modelNamed(model.name) ?? model;
    const mayNot = !may("switch");
    back.hidden = mayNot || !versions.length || versions[0].active;
    list.replaceChildren(
      ...[...versions].reverse().map(({ version, created, sha256, active }) =>
        h(
          "tr",
          { class: active ? "active" : "" },
          h("td", { class: "figure" }, String(version)),
          h("td", {}, moment(created)),
          h("td", {}, h("code", { title: sha256 }, `${sha256.slice(0, 10)}…`)),
          h(
            "td",
            {},
            active
              ? h("strong", {}, t("versions.active"))
              : mayNot
                ? null
                : button(t("switch.do"), () => switchTo(model.name, version), {
                    "aria-label": t("switch.to", { version: String(version) }),
                  }),
          ),
        ),
      ),
    );
  }

  draw();
  return { element, close: listen("models", draw) };
}
