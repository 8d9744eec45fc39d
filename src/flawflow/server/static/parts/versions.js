// The versions of a model: which one judges, and changing that.

import { ofModel, post } from "../api.js";
import { button, h, table } from "../dom.js";
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
        `Version ${version} of ${name} will be used for every picture from now on. You can roll back at any time.`,
        `Switch to version ${version}`,
      ))
    )
      return;
    keep(await post(ofModel(name, "/switch"), { version }));
    say(`Version ${version} is active from now on.`);
  });
}

/** Make the card of a model's versions. */
export function makeVersions(model) {
  const list = h("tbody", {});
  const back = h(
    "div",
    {},
    button("Roll back to the previous version", () =>
      attempt(async () => {
        keep(await post(ofModel(model.name, "/rollback"), {}));
        say("The previous version is active again.");
      }),
    ),
  );
  const element = h(
    "section",
    { class: "card stack", "aria-label": "Versions" },
    h("h2", {}, "Versions"),
    table(["Version", "Made", "SHA-256", ""], list, { class: "small" }, "State"),
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
              ? h("strong", {}, "active")
              : mayNot
                ? null
                : button("Switch", () => switchTo(model.name, version), {
                    "aria-label": `Switch to version ${version}`,
                  }),
          ),
        ),
      ),
    );
  }

  draw();
  return { element, close: listen("models", draw) };
}
