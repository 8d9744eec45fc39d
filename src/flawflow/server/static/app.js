// The frame around the views: which one is shown, which model is chosen, whether the station is heard.

import { gate, get, post, withQuery } from "./api.js";
import { h } from "./dom.js";
import { loadFeeds } from "./feeds.js";
import { t } from "./i18n.js";
import { loadLatch } from "./latch.js";
import { connect, listen, tell } from "./live.js";
import { keepAlarm } from "./parts/alarm.js";
import { applyTheme, showOptions } from "./parts/options.js";
import { forOthers, loadMe, may, whoIsHere } from "./people.js";
import { onOtherPage, recall } from "./settings.js";
import { askToComeIn } from "./sign_in.js";
import { chooseModel, loadStation, station } from "./station.js";
import { attempt, hush } from "./toast.js";
import { showHistory } from "./views/history.js";
import { showImprove } from "./views/improve.js";
import { showInspect } from "./views/inspect.js";
import { showLearn } from "./views/learn.js";
import { showLog } from "./views/log.js";
import { showModel } from "./views/model.js";
import { showPeople } from "./views/people.js";
import { showReview } from "./views/review.js";
import { showStatistics } from "./views/statistics.js";
import { showWall } from "./views/wall.js";

const VIEWS = {
  inspect: showInspect,
  history: showHistory,
  review: showReview,
  improve: showImprove,
  learn: showLearn,
  model: showModel,
  wall: showWall,
  statistics: showStatistics,
  log: showLog,
  people: showPeople,
};
// What a whole view takes; single controls are left out where they stand.
const RIGHTS = { review: "review", improve: "train", learn: "train", log: "audit" };
const at = (id) => document.getElementById(id);

let leave = () => {};
let shown = null;
let connected = false;

/** Give what the address names, #/view/id?query; it is written by anybody, so what cannot be is left out. */
function address() {
  const [path, query = ""] = location.hash.slice(1).split("?");
  const [, view, detail] = path.split("/");
  return {
    view: Object.hasOwn(VIEWS, view ?? "") ? view : "inspect",
    detail: /^[1-9]\d{0,17}$/.test(detail ?? "") ? detail : null,
    query: new URLSearchParams(query),
  };
}

function route() {
  const { view, detail, query } = address();
  leave();
  const main = at("main");
  const place = h("div", { class: `view view-${view}` });
  main.replaceChildren(place);
  document.title = `${t(`view.${view}`)} · ${t("station")}`;
  for (const link of at("nav").children) {
    if (link.hash === `#/${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  // A change of view is announced and starts at its top; the first one leaves the focus alone.
  if (shown !== null && shown !== view) {
    main.focus({ preventScroll: true });
    hush();
    scrollTo(0, 0);
  }
  shown = view;
  const right = RIGHTS[view];
  const show = !right || may(right) ? VIEWS[view] : () => place.append(closed(view, right));
  leave = show(place, { detail, query }) ?? (() => {});
}

const closed = (view, right) =>
  h("section", { class: "card empty" }, h("h1", {}, t(`view.${view}`)), forOthers(right));

function showMe() {
  const { name, ways } = whoIsHere();
  for (const link of at("nav").children)
    link.hidden = Boolean(link.dataset.right) && !may(link.dataset.right);
  at("me").textContent = name ?? "";
  at("me").hidden = !name;
  at("logout").hidden = !ways.length;
}

function showModels() {
  const choice = at("model");
  choice.replaceChildren(
    ...station.models.map(({ name }) =>
      h("option", { value: name, selected: name === recall("model", null) }, name),
    ),
  );
  at("model-choice").hidden = station.models.length < 2;
}

function showLive(busy = 0) {
  const place = at("live");
  place.dataset.state = busy ? "busy" : connected ? "on" : "off";
  place.lastElementChild.textContent = t(busy ? "live.busy" : connected ? "live.on" : "live.off");
}

let counting = null;
function countWaiting() {
  clearTimeout(counting);
  counting = setTimeout(async () => {
    const path = withQuery("/api/inspections", {
      model: recall("model", null),
      verdict: "REVIEW",
      label: "none",
      limit: 1,
    });
    const answer = await get(path).catch(() => null);
    if (!answer) return;
    const badge = at("waiting");
    badge.hidden = answer.counts.REVIEW === 0;
    badge.textContent = answer.counts.REVIEW > 999 ? "999+" : String(answer.counts.REVIEW);
    badge.setAttribute("aria-label", t("review.waiting", { count: answer.counts.REVIEW }));
  }, 300);
}

/** Write the words that stand in the page itself. */
function translate() {
  for (const place of document.querySelectorAll("[data-t]")) place.textContent = t(place.dataset.t);
  for (const place of document.querySelectorAll("[data-t-label]"))
    place.setAttribute("aria-label", t(place.dataset.tLabel));
}

async function start() {
  // Asks for the token where there is one, which the stream of events cannot.
  await get("/api/version");
  // What changes between asking and listening would be missed, so listening comes first.
  await connect();
  await Promise.all([loadStation(), loadFeeds(), loadLatch(), loadMe()]);
  at("station").textContent = station.version.station;
  showMe();
  showModels();
  route();
  countWaiting();
}

// What stands below the bar knows how high it is, with an alarm and without.
const bar = document.querySelector(".bar");
new ResizeObserver(() =>
  document.documentElement.style.setProperty("--bar", `${bar.offsetHeight}px`),
).observe(bar);
translate();
applyTheme();
keepAlarm(at("alarm"));
onOtherPage((name) => tell("setting", name));
at("options").addEventListener("click", showOptions);
at("skip").addEventListener("click", () => at("main").focus());
at("model").addEventListener("change", () => chooseModel(at("model").value));
at("logout").addEventListener("click", () =>
  attempt(() => post("/api/logout").then(() => location.reload())),
);
gate.addEventListener("busy", (event) => showLive(event.detail));
gate.addEventListener("login", ({ detail }) => askToComeIn(detail).then(() => location.reload()));
listen("state", (state) => {
  connected = state;
  showLive();
});
// A login that is over ends the stream, too: whoever asks is shown where to log in.
listen("state", (state) => {
  if (!state) get("/api/version").catch(() => {});
});
listen("again", (gapless) =>
  attempt(async () => {
    const known = new Map(station.models.map((model) => [model.name, JSON.stringify(model)]));
    await Promise.all([loadStation(), loadFeeds(), loadLatch()]);
    showModels();
    const same = known.size === station.models.length && station.models.every(({ name }) => known.has(name));
    // Where no inspection was missed the view stays, and what is being drawn in it.
    if (!gapless || !same) route();
    else
      for (const model of station.models)
        if (known.get(model.name) !== JSON.stringify(model)) tell("models", model);
    countWaiting();
  }),
);
listen("models", showModels);
listen("chosen", () => {
  route();
  countWaiting();
});
listen("inspection", countWaiting);
addEventListener("hashchange", route);
attempt(start);
