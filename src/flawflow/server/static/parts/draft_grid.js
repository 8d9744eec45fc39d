// The pictures of a draft: looked at, copies and suspects among them, and left out where they are not good.

import { put } from "../api.js";
import { button, facts, h, segments } from "../dom.js";
import { t } from "../i18n.js";
import { may } from "../people.js";
import { attempt } from "../toast.js";
import { number, score } from "../words.js";

const SHOWN = 48;
const MOST_SIZES = 3;
const KINDS = {
  all: () => true,
  suspects: ({ suspect }) => suspect !== null,
  copies: ({ copy_of }) => copy_of !== null,
  out: ({ left_out }) => left_out,
};

/** Make the card; it is hidden before the first picture. */
export function makeGrid({ path, take }) {
  const state = { pictures: [], kind: "all", most: SHOWN };
  const about = h("div", { class: "stack" });
  const filter = h("div", {});
  const list = h("ul", { class: "tiles" });
  const more = button(t("learn.more"), () => {
    state.most += 4 * SHOWN;
    draw();
  });
  const allOut = button(t("learn.suspectsOut"), () => attempt(leaveSuspects));
  const element = h(
    "section",
    { class: "card stack wide", "aria-label": t("learn.look"), hidden: true },
    h("h2", {}, t("learn.look")),
    about,
    h("div", { class: "row spread" }, filter, allOut),
    list,
    h("div", {}, more),
  );

  const wanted = () => state.pictures.filter(KINDS[state.kind]);
  const openSuspects = () => state.pictures.filter(({ suspect, left_out }) => suspect && !left_out);

  async function leave(ids, left_out) {
    take(await put(path("/pictures"), { ids, left_out }));
  }

  const leaveSuspects = () =>
    leave(
      openSuspects().map(({ id }) => id),
      true,
    );

  function draw() {
    const shown = wanted();
    const pairs = Object.entries(KINDS).map(([kind, fits]) => {
      const count = state.pictures.filter(fits).length;
      return [kind, t(`learn.kind.${kind}`, { count: number(count) })];
    });
    const held = filter.contains(document.activeElement);
    filter.replaceChildren(
      segments(t("learn.which"), pairs, state.kind, (kind) => {
        Object.assign(state, { kind, most: SHOWN });
        draw();
      }),
    );
    if (held) filter.querySelector("input:checked").focus();
    allOut.hidden = !may("train") || !openSuspects().length;
    more.parentElement.hidden = shown.length <= state.most;
    tiles(shown.slice(0, state.most));
  }

  /** Keep the tiles that stay: their pictures are not loaded again. */
  function tiles(pictures) {
    const known = new Map([...list.children].map((tile) => [tile.dataset.id, tile]));
    list.replaceChildren(
      ...pictures.map((picture) => {
        const old = known.get(picture.id);
        const mark = JSON.stringify(picture);
        if (old?.dataset.mark === mark) return old;
        const tile = makeTile(picture, path, { look, leave });
        tile.dataset.mark = mark;
        return tile;
      }),
    );
    if (!pictures.length) list.append(h("li", { class: "soft none" }, t(`learn.none.${state.kind}`)));
  }

  function look(picture) {
    const name = ({ id }) => id === picture.copy_of;
    showPicture(picture, state.pictures.find(name), path, leave);
  }

  function show(draft, pictures) {
    state.pictures = pictures;
    element.hidden = !pictures.length && !draft.count;
    about.replaceChildren(...words(draft).map((text) => h("p", {}, text)));
    draw();
  }

  return { element, show };
}

function words({ count, left_out, sizes, copies, learned }) {
  const shown = sizes
    .slice(0, MOST_SIZES)
    .map((size) =>
      t("learn.size", { count: size.count, width: String(size.width), height: String(size.height) }),
    );
  if (sizes.length > MOST_SIZES) shown.push(t("learn.sizesMore", { count: sizes.length - MOST_SIZES }));
  const said = [
    [t("learn.pictures", { count }), left_out ? t("learn.leftOut", { count: left_out }) : ""]
      .join(" ")
      .trim(),
    sizes.length > 1 ? t("learn.sizes", { sizes: shown.join(", ") }) : "",
    copies ? t("learn.copies", { count: copies }) : "",
    learned ? "" : t("learn.suspectsLater"),
  ];
  return said.filter(Boolean);
}

function makeTile(picture, path, { look, leave }) {
  const { id, name, left_out, copy_of, suspect } = picture;
  const badges = [suspect ? "suspect" : "", copy_of ? "copy" : "", left_out ? "out" : ""].filter(Boolean);
  return h(
    "li",
    { class: "tile", data: { id, out: String(left_out) } },
    h(
      "button",
      {
        type: "button",
        class: "picture",
        "aria-label": t("learn.lookAt", { name }),
        on: { click: () => look(picture) },
      },
      h("img", { src: `${path(`/pictures/${id}`)}?side=160`, alt: "", loading: "lazy", decoding: "async" }),
    ),
    h(
      "span",
      { class: "tile-words" },
      h("small", { title: name }, name),
      badges.map((badge) => h("span", { class: `tag tag-${badge}` }, t(`learn.badge.${badge}`))),
    ),
    may("train")
      ? button(t(left_out ? "learn.takeIn" : "learn.leaveOut"), () => attempt(() => leave([id], !left_out)), {
          class: "quiet",
          "aria-label": t(left_out ? "learn.takeInOf" : "learn.leaveOutOf", { name }),
        })
      : null,
  );
}

/** Show a picture as large as the screen allows, and why it is suspected. */
function showPicture(picture, original, path, leave) {
  const { id, name, width, height, suspect, left_out } = picture;
  const addresses = { plain: `${path(`/pictures/${id}`)}?side=2048`, drawn: path(`/suspects/${id}`) };
  const image = h("img", { src: suspect ? addresses.drawn : addresses.plain, alt: name });
  const kinds = ["plain", "drawn"].map((kind) => [kind, t(`learn.shown.${kind}`)]);
  const dialog = h("dialog", { class: "sheet stack look", "aria-label": name });
  const close = () => {
    dialog.close();
    dialog.remove();
  };
  dialog.append(
    image,
    suspect
      ? segments(t("learn.shown"), kinds, "drawn", (kind) => {
          image.src = addresses[kind];
        })
      : "",
    facts([
      [t("learn.file"), name],
      [t("learn.dimensions"), t("learn.dimensionsOf", { width: String(width), height: String(height) })],
      original ? [t("learn.copyOf"), original.name] : null,
      suspect
        ? [t("learn.why"), t("learn.suspect", { score: score(suspect.score), limit: score(suspect.limit) })]
        : null,
    ]),
    h(
      "div",
      { class: "row" },
      may("train")
        ? button(t(left_out ? "learn.takeIn" : "learn.leaveOut"), () => {
            close();
            attempt(() => leave([id], !left_out));
          })
        : "",
      button(t("close"), close),
    ),
  );
  dialog.addEventListener("cancel", close);
  document.body.append(dialog);
  dialog.showModal();
}
