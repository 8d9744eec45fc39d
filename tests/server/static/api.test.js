// The service, spoken to in one way.

import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import "./english.js";

import {
  ask,
  gate,
  get,
  ofModel,
  post,
  ServiceError,
  withQuery,
} from "../../../src/flawflow/server/static/api.js";

afterEach(() => mock.restoreAll());

/** Let the service give these answers, one after the other; gives the requests that it gets. */
function answering(...answers) {
  const requests = [];
  mock.method(globalThis, "fetch", async (path, request) => {
    requests.push([path, request]);
    const { status = 200, body = "", headers = {} } = answers.shift();
    return new Response(body, { status, headers });
  });
  return requests;
}

const refused = (promise) =>
  promise.then(
    () => assert.fail("it should be refused"),
    (error) => error,
  );

test("what is empty is left out of a query, and zero is not empty", () => {
  assert.equal(withQuery("/api/a", { model: "", label: null, since: undefined }), "/api/a");
  assert.equal(withQuery("/api/a", { offset: 0, q: "a&b c" }), "/api/a?offset=0&q=a%26b+c");
});

test("a model's name is one part of the path", () => {
  assert.equal(ofModel("a/b ä", "/card"), "/api/models/a%2Fb%20%C3%A4/card");
});

test("JSON goes out and comes in", async () => {
  const requests = answering({ body: '{"id": 7}' }, {});
  assert.deepEqual(await post("/api/x", { a: 1 }), { id: 7 });
  assert.equal(await get("/api/empty"), null);
  const [path, { method, body, headers }] = requests[0];
  assert.deepEqual([path, method, body], ["/api/x", "POST", '{"a":1}']);
  assert.equal(headers["Content-Type"], "application/json");
});

test("every failure is one sentence", async () => {
  answering(
    { status: 404, body: '{"detail": "there is no model x"}' },
    { status: 422, body: '{"detail": [{"msg": "Field required"}]}' },
    { status: 500, body: "<html>" },
    { status: 503 },
  );
  const sentences = [];
  for (let i = 0; i < 4; i += 1) {
    const error = await refused(get("/api/x"));
    assert.ok(error instanceof ServiceError);
    sentences.push(error.message);
  }
  assert.deepEqual(sentences, [
    "there is no model x",
    "The station refused the request: Field required.",
    "The station failed (HTTP status 500).",
    "The station is busy; try again in a moment.",
  ]);
});

test("a station that is away is said to be, and an ended request is no failure of it", async () => {
  mock.method(globalThis, "fetch", async () => {
    throw new TypeError("fetch failed");
  });
  assert.match((await refused(get("/api/x"))).message, /does not answer/);
  mock.restoreAll();
  mock.method(globalThis, "fetch", async () => {
    throw new DOMException("ended", "AbortError");
  });
  assert.equal((await refused(get("/api/x"))).name, "AbortError");
});

test("a missing login is told to the page", async () => {
  answering({ status: 401, body: '{"detail": "log in"}' });
  let told = 0;
  gate.addEventListener("login", () => (told += 1), { once: true });
  assert.equal((await refused(get("/api/x"))).status, 401);
  assert.equal(told, 1);
});

test("an overload is waited for and told, once it is not", async () => {
  const counts = [];
  const listener = (event) => counts.push(event.detail);
  gate.addEventListener("busy", listener);
  answering({ status: 429, headers: { "Retry-After": "0.01" } }, { body: "1" });
  assert.equal(await get("/api/x"), 1);
  assert.deepEqual(counts, [1, 0]);
  answering({ status: 429, headers: { "Retry-After": "9" } });
  assert.equal((await refused(ask("POST", "/api/x", { once: true }))).status, 429);
  gate.removeEventListener("busy", listener);
});

test("waiting for an overloaded station can be ended", async () => {
  answering({ status: 503, headers: { "Retry-After": "9" } });
  const ending = new AbortController();
  const asked = refused(get("/api/x", { signal: ending.signal }));
  setTimeout(() => ending.abort(), 10);
  assert.equal((await asked).name, "AbortError");
});
