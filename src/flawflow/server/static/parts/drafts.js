// The products that are being learned, and the form that begins one.

import { get, post, withQuery } from "../api.js";
import { exactInput, field, h } from "../dom.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { forOthers, may } from "../people.js";
import { attempt } from "../toast.js";

const addressOf = (name) => withQuery("#/learn", { name });

/** Make the list with its form. */
export function makeDrafts() {
  const drafts = new Map();
  const list = h("ul", { class: "drafts" });
  const name = exactInput({
    pattern: "[A-Za-z0-9][A-Za-z0-9._\\-]{0,99}",
    maxlength: 100,
    "aria-describedby": "draft-name",
  });
  const form = h(
    "form",
    { class: "row fields" },
    field(t("learn.name"), name, { class: "grow" }),
    h("button", { class: "primary" }, t("learn.begin")),
  );
  const element = h(
    "section",
    { class: "card stack wide" },
    h("h2", {}, t("learn.new")),
    may("train") ? form : forOthers("train"),
    may("train") ? h("p", { class: "soft", id: "draft-name" }, t("learn.nameHint")) : null,
    list,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const made = await post("/api/drafts", { name: name.value });
      location.hash = addressOf(made.name);
    });
  });

  function draw() {
    list.replaceChildren(
      ...[...drafts.values()].map((draft) =>
        h(
          "li",
          {},
          h("a", { href: addressOf(draft.name) }, draft.name),
          h("span", { class: "soft" }, stateOf(draft)),
        ),
      ),
    );
  }

  async function load() {
    drafts.clear();
    for (const draft of await get("/api/drafts")) drafts.set(draft.name, draft);
    draw();
  }

  const ends = [
    listen("again", () => attempt(load)),
    listen("draft", (draft) => {
      if (draft.removed) drafts.delete(draft.name);
      else drafts.set(draft.name, draft);
      draw();
    }),
    listen("job", (job) => {
      const draft = drafts.get(job.model);
      if (job.kind !== "learn" || !draft) return;
      drafts.set(job.model, { ...draft, job });
      draw();
    }),
  ];
  attempt(load);
  return { element, close: () => ends.forEach((end) => end()) };
}

function stateOf({ count, job, learned, served }) {
  const pictures = t("learn.pictures", { count });
  if (job?.state === "running")
    return t("learn.state.learning", { pictures, percent: Math.round(100 * job.progress) });
  if (served) return t("learn.state.served", { pictures });
  return learned ? t("learn.state.learned", { pictures }) : pictures;
}
