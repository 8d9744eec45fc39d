// The catalogues: complete, alike, and the only place of words.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, test } from "node:test";

import {
  LANGUAGES,
  number,
  setCatalogue,
  t,
  wantedLanguage,
} from "../../../src/flawflow/server/static/i18n.js";
import { catalogue } from "./english.js";

const STATIC = new URL("../../../src/flawflow/server/static/", import.meta.url);
const names = readdirSync(STATIC, { recursive: true });
const scripts = names.filter((name) => name.endsWith(".js"));
const source = (name) => readFileSync(new URL(name, STATIC), "utf-8");
const english = catalogue("en");

const texts = (value) => (typeof value === "string" ? [value] : Object.values(value));
const holders = (text) => [...new Set(text.match(/\{\w+\}/g))].sort();

afterEach(() => setCatalogue("en", english));

test("there is one catalogue for each language", () => {
  const files = names.filter((name) => name.startsWith("languages") && name.endsWith(".json"));
  assert.deepEqual(files.map((name) => name.slice(10, -5)).sort(), Object.keys(LANGUAGES).sort());
});

for (const name of Object.keys(LANGUAGES)) {
  const words = catalogue(name);

  test(`${name} has the keys of English, in its order`, () => {
    assert.deepEqual(Object.keys(words), Object.keys(english));
  });

  test(`${name} has the plurals that its grammar asks for, and no other`, () => {
    const { pluralCategories } = new Intl.PluralRules(name).resolvedOptions();
    for (const [key, value] of Object.entries(words)) {
      assert.equal(typeof value === "string", typeof english[key] === "string", key);
      if (typeof value !== "string")
        assert.deepEqual(Object.keys(value).sort(), [...pluralCategories].sort(), key);
    }
  });

  test(`${name} says what English says: the same placeholders, no text left empty or with spaces around it`, () => {
    for (const [key, value] of Object.entries(words)) {
      const wanted = holders(texts(english[key]).join());
      assert.deepEqual(holders(texts(value).join()), wanted, key);
      for (const text of texts(value)) assert.ok(text.trim() && (text === text.trim() || key === "and"), key);
    }
  });
}

test("no language leaves English where it has words of its own", () => {
  // Names, abbreviations, and words that German has taken over.
  const alike = Object.entries(english).filter(
    ([, text]) => typeof text === "string" && /[a-z]{4}/.test(text),
  );
  const german = catalogue("de");
  const chinese = catalogue("zh");
  const same = alike.filter(([key, text]) => german[key] === text).map(([key]) => key);
  assert.ok(same.length < 0.08 * alike.length, same.join());
  for (const [key, text] of alike)
    if (chinese[key] === text) assert.match(text.replace(/\{\w+\}/g, ""), /^\W*$/, key);
});

/** Give the keys that the page asks for, and the beginnings of those that it puts together. */
function asked() {
  const whole = new Set();
  const begun = new Set();
  for (const name of scripts) {
    for (const [text] of source(name).matchAll(/"[a-zA-Z]+(\.[a-zA-Z]+)*"/g)) whole.add(text.slice(1, -1));
    for (const [, text] of source(name).matchAll(/`([a-zA-Z.]+\.)\$\{/g)) begun.add(text);
  }
  for (const [, text] of source("index.html").matchAll(/data-t(?:-label)?="([^"]+)"/g)) whole.add(text);
  return { whole, begun };
}

test("every key is used", () => {
  const { whole, begun } = asked();
  const idle = Object.keys(english).filter(
    (key) => !whole.has(key) && ![...begun].some((beginning) => key.startsWith(beginning)),
  );
  assert.deepEqual(idle, []);
});

test("every key that is asked for is there", () => {
  const missing = scripts.flatMap((name) =>
    [
      ...source(name).matchAll(/\bt\(\s*"([^"]+)"/g),
      ...source(name).matchAll(/\bt\([^"()]*\? "([^"]+)" : "([^"]+)"/g),
    ]
      .flatMap(([, ...keys]) => keys)
      .filter((key) => key && !Object.hasOwn(english, key)),
  );
  const page = [...source("index.html").matchAll(/data-t(?:-label)?="([^"]+)"/g)].map(([, key]) => key);
  assert.deepEqual([...missing, ...page.filter((key) => !Object.hasOwn(english, key))], []);
});

// What looks like a sentence and is none: names of others, and what only machines read.
const NO_WORDS = [
  /^(Enter|Arrow|Page)(Left|Right|Up|Down)$|^(Home|End|Content-Type|Retry-After|AbortError|GET|POST|PUT|DELETE|Files)$/,
  /^(OK|REVIEW|NG|FAILED|English|Deutsch|use strict|Modbus TCP|OPC UA|SHA-256|CSV|Parquet)$/,
  /^rgb\(|^detector\.|^flawflow |^image\/\*|^[MHVLZ\d. ]+$|^inspections\./,
];

/** Give the texts of a script that stand for themselves: strings, and what stands between the parts of a template. */
function literals(script) {
  const bare = script.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
  const strings = [...bare.matchAll(/(class: |import [^;]*?from )?("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)/g)];
  return strings
    .filter(([, before]) => !before)
    .flatMap(([, , text]) =>
      text[0] === '"' ? [text.slice(1, -1)] : text.slice(1, -1).split(/\$\{[^}]*\}/),
    );
}

test("no words stand in a script", () => {
  const found = scripts.flatMap((name) =>
    literals(source(name))
      .map((text) => text.trim())
      .filter((text) => /^[A-Z][a-z]{2,}|[A-Za-z]{2,} [a-zA-Z]{2,}/.test(text))
      .filter((text) => !NO_WORDS.some((pattern) => pattern.test(text)))
      .map((text) => `${name}: ${text}`),
  );
  assert.deepEqual(found, []);
});

test("words in a script would be found", () => {
  const script =
    'h("p", { class: "soft row" }, "Nothing here"); say(`There are $' + "{count} of them`); // None";
  assert.deepEqual(literals(script), ["p", "Nothing here", "There are ", " of them"]);
});

test("no words stand in the page but those for browsers without scripts", () => {
  const page = source("index.html").replace(/<(noscript|title)>.*?<\/\1>|<!doctype html>/gs, "");
  const words = page
    .replace(/<[^>]*>/g, "")
    .trim()
    .split(/\s+/);
  assert.deepEqual(words, ["flawflow"]);
  assert.doesNotMatch(page, / (aria-label|title|placeholder|alt)="[^"]+"/);
});

test("a count chooses the word, and a number is written as the language does", () => {
  assert.equal(t("upload.done", { count: 1 }), "1 picture inspected");
  assert.equal(t("upload.done", { count: 12345 }), "12,345 pictures inspected");
  setCatalogue("de", catalogue("de"));
  assert.equal(t("upload.done", { count: 12345 }), "12.345 Bilder geprüft");
  setCatalogue("zh", catalogue("zh"));
  assert.equal(t("upload.done", { count: 1 }), "已检测 1 张图像");
  assert.equal(number(1234), "1,234");
});

test("what is filled in is not looked at again", () => {
  assert.equal(t("score.is", { score: "{count}" }), "Score {count}");
  assert.equal(t("no such key"), "no such key");
});

test("the language is the one that was chosen, else the browser's first that there is", () => {
  assert.equal(wantedLanguage("zh", ["de-DE"]), "zh");
  assert.equal(wantedLanguage(null, ["fr-FR", "de-AT", "en"]), "de");
  assert.equal(wantedLanguage("toString", ["zh-Hans-CN"]), "zh");
  assert.equal(wantedLanguage(null, ["fr"]), "en");
  assert.equal(wantedLanguage(null, []), "en");
});
