// The one way to make elements. Text from outside only ever becomes a text node.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 * @param {string} tag
 * @param {object} given `on` holds listeners, `data` the data attributes, `class` the classes; true and
 *   false set or leave out an attribute; everything else is an attribute.
 * @param {...(Node|string|number|null)} children Strings become text nodes, null is left out.
 */
export function h(tag, given = {}, ...children) {
  return fill(document.createElement(tag), given, children);
}

/** Make an SVG element, as `h` does. */
export function svg(tag, given = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), given, children);
}

function fill(element, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (name === "on")
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Make a button with its listener. */
export function button(text, listener, given = {}) {
  return h("button", { type: "button", ...given, on: { click: listener } }, text);
}

/** Make a line of text that no browser corrects or completes: a name, a path, an address. */
export const exactInput = (attributes = {}) =>
  h("input", {
    type: "text",
    required: true,
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
    ...attributes,
  });

/** Make a field under its label. */
export function field(text, control, given = {}) {
  return h("label", { ...given, class: `field ${given.class ?? ""}` }, h("span", {}, text), control);
}

/** Make a `select` of [value, text] pairs. */
export function select(pairs, chosen, listener) {
  const element = h("select", { on: { change: () => listener(element.value) } });
  for (const [value, text] of pairs) element.append(h("option", { value, selected: value === chosen }, text));
  return element;
}

/** Make a row of radio buttons that look like one switch. */
export function segments(legend, pairs, chosen, listener) {
  const name = `segments-${(segments.count = (segments.count ?? 0) + 1)}`;
  return h(
    "fieldset",
    { class: "segments" },
    h("legend", { class: "unseen" }, legend),
    pairs.map(([value, text]) =>
      h(
        "label",
        {},
        h("input", {
          type: "radio",
          name,
          value,
          checked: value === chosen,
          on: { change: () => listener(value) },
        }),
        h("span", {}, text),
      ),
    ),
  );
}

/** Make a table; `rows` is its body, and a name that is "" is read to screen readers only as `unseen`. */
export function table(names, rows, given = {}, unseen = "") {
  const head = (name) => h("th", { scope: "col" }, name || h("span", { class: "unseen" }, unseen));
  return h("table", given, h("thead", {}, h("tr", {}, names.map(head))), rows);
}

/** Make a row of figures. */
export const figures = (values, given = {}) =>
  h(
    "tr",
    given,
    values.map((value) => h("td", { class: "figure" }, value)),
  );

/** Make a list of names and values. */
export function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}
