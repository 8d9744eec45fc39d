// The words of the page: one catalogue a language, in /static/languages.

import { recall, remember } from "./settings.js";

/** The languages that there are, each by its own name. */
export const LANGUAGES = { en: "English", de: "Deutsch", zh: "中文" };

let words = {};
let plurals = new Intl.PluralRules("en");
let spoken = "en";

/** Take a catalogue: from then on the page speaks its language. */
export function setCatalogue(name, catalogue) {
  spoken = name;
  words = catalogue;
  plurals = new Intl.PluralRules(name);
}

/** Give the language that was chosen, else the first that the browser asks for and the page has, else English. */
export function wantedLanguage(chosen, asked) {
  if (Object.hasOwn(LANGUAGES, chosen ?? "")) return chosen;
  const known = asked.map((tag) => tag.toLowerCase().split("-")[0]);
  return known.find((name) => Object.hasOwn(LANGUAGES, name)) ?? "en";
}

/** Load the catalogue of the language that is wanted; before any view is made. */
export async function loadLanguage() {
  const name = wantedLanguage(recall("language", null), navigator.languages ?? []);
  const answer = await fetch(`/static/languages/${name}.json`);
  setCatalogue(name, await answer.json());
  document.documentElement.lang = name;
}

/** Choose a language, or the browser's where it is null, and begin again in it. */
export function chooseLanguage(name) {
  remember("language", name);
  location.reload();
}

/** Give the words of a key that the station named, or its own where this page has none. */
export const translated = (key, theirs) => (Object.hasOwn(words, key) ? t(key) : theirs);

/** Write a number as the language does. */
export const number = (value) => value.toLocaleString(spoken);

/**
 * Give the words of a key.
 * @param {string} key
 * @param {Record<string, string|number>} given What stands for each {name}; `count` chooses singular and plural.
 */
export function t(key, given = {}) {
  const found = words[key] ?? key;
  const text = typeof found === "string" ? found : (found[plurals.select(given.count)] ?? found.other);
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = given[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : value;
  });
}
