// Learn: from pictures to a new model that inspects, in the order in which it is done.

import { get, remove, ServiceError } from "../api.js";
import { button, h } from "../dom.js";
import { t } from "../i18n.js";
import { listen, tell } from "../live.js";
import { confirmed } from "../login.js";
import { makeGrid } from "../parts/draft_grid.js";
import { makeLearning } from "../parts/draft_learning.js";
import { makeServing } from "../parts/draft_serving.js";
import { makeTaking } from "../parts/draft_taking.js";
import { makeDrafts } from "../parts/drafts.js";
import { makeRegion } from "../parts/region.js";
import { attempt, say } from "../toast.js";

const POLL = 2000;
const LIST = "#/learn";

/** Give the path of a draft's resource. */
const ofDraft = (name, resource = "") => `/api/drafts/${encodeURIComponent(name)}${resource}`;

export function showLearn(place, { query }) {
  const name = query.get("name")?.slice(0, 100);
  return name ? showDraft(place, name) : showDrafts(place);
}

function showDrafts(place) {
  const drafts = makeDrafts();
  place.append(
    h(
      "header",
      { class: "view-head" },
      h("h1", {}, t("view.learn")),
      h("p", { class: "soft" }, t("learn.about")),
    ),
    drafts.element,
  );
  return drafts.close;
}

function showDraft(place, name) {
  const state = { draft: null, pictures: [], content: null, asking: null };
  const path = (resource) => ofDraft(name, resource);
  const parts = [makeTaking, makeGrid, makeRegion, makeLearning, makeServing].map((make) =>
    make({ name, path, take, load }),
  );
  place.append(
    h(
      "header",
      { class: "view-head" },
      h("h1", {}, t("learn.title", { name })),
      h("a", { class: "button quiet", href: LIST }, t("learn.all")),
      button(t("learn.remove"), () => attempt(drop), { class: "quiet" }),
    ),
    ...parts.map(({ element }) => element),
  );

  /** Take what the station says of the draft; the pictures are asked for where they differ. */
  function take(draft) {
    const before = state.draft;
    state.draft = draft;
    const known = [draft.count, draft.left_out, draft.content, draft.job?.id, draft.learned?.current].join();
    if (known !== state.content) {
      state.content = known;
      later();
    }
    for (const part of parts) part.show(draft, state.pictures, before);
  }

  /** Ask for the pictures, once a time: many may come in a second. */
  function later() {
    state.asking ??= attempt(() => get(path("/pictures"))).then((pictures) => {
      state.asking = null;
      if (!pictures) return;
      state.pictures = pictures;
      const wanted = state.draft.count + state.draft.left_out;
      for (const part of parts) part.show(state.draft, pictures, state.draft);
      if (pictures.length < wanted) setTimeout(later, 500);
    });
  }

  async function load() {
    try {
      take(await get(path()));
    } catch (error) {
      if (!(error instanceof ServiceError) || error.status !== 404) throw error;
      location.hash = LIST;
    }
  }

  async function drop() {
    if (!(await confirmed(t("learn.removeQuestion", { name }), t("learn.remove")))) return;
    await remove(path());
    say(t("learn.removed", { name }));
    location.hash = LIST;
  }

  // Events may be lost, and a learning that runs must not look stuck.
  const timer = setInterval(() => {
    if (state.draft?.job?.state === "running" || state.draft?.intake?.running)
      get(path()).then(take, () => {});
  }, POLL);
  const ends = [
    () => clearInterval(timer),
    ...parts.map((part) => part.close ?? (() => {})),
    listen("again", () => attempt(load)),
    listen("draft", (draft) => {
      if (draft.name !== name) return;
      if (draft.removed) location.hash = LIST;
      else take(draft);
    }),
    listen("job", (job) => {
      if (job.kind !== "learn" || job.model !== name || !state.draft) return;
      if (job.state === "running") take({ ...state.draft, job });
      else attempt(load);
    }),
  ];
  attempt(load).then(() => tell("feeds"));
  return () => ends.forEach((end) => end());
}
