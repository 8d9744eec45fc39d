// The service, spoken to in one way: JSON in and out, every failure one sentence, overload waited for.

import { t } from "./i18n.js";

const MOST_PATIENCE = 120_000;

/** A request that did not work; `message` is one sentence for a person. */
export class ServiceError extends Error {
  constructor(message, status = 0, body = null) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** Tells "login" when a token is needed, and "busy" with a count of the requests that wait. */
export const gate = new EventTarget();
let waiting = 0;

/**
 * Ask the service.
 * @param {string} method
 * @param {string} path Begins with /api/.
 * @param {{json?: object, body?: BodyInit, type?: string, signal?: AbortSignal, once?: boolean}} given
 *   `once`: a temporary refusal is reported, not retried.
 * @returns {Promise<any>} The answer's JSON; null where it has none.
 */
export async function ask(method, path, { json, body, type, signal, once } = {}) {
  const headers = json ? { "Content-Type": "application/json" } : type ? { "Content-Type": type } : {};
  const request = {
    method,
    headers,
    signal,
    body: json ? JSON.stringify(json) : body,
    credentials: "same-origin",
  };
  const begin = performance.now();
  for (;;) {
    const response = await send(path, request);
    const overload =
      response.status === 429 || (response.status === 503 && response.headers.has("Retry-After"));
    if (!overload || once || performance.now() - begin > MOST_PATIENCE) return read(response);
    await patience(Number(response.headers.get("Retry-After")) || 1, signal);
  }
}

export const get = (path, given) => ask("GET", path, given);
export const post = (path, json) => ask("POST", path, { json });
export const put = (path, json) => ask("PUT", path, { json });
export const remove = (path) => ask("DELETE", path);

/** Give `path` with those of `given` that are not empty as its query. */
export function withQuery(path, given) {
  const query = new URLSearchParams(
    Object.entries(given).filter(([, value]) => value !== "" && value !== null && value !== undefined),
  );
  return query.size ? `${path}?${query}` : path;
}

/** Give the path of a model's resource. */
export const ofModel = (name, resource = "") => `/api/models/${encodeURIComponent(name)}${resource}`;

async function send(path, request) {
  try {
    return await fetch(path, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError(t("error.silent"));
  }
}

async function read(response) {
  const text = await response.text();
  const body = parsed(text);
  if (response.ok) return body;
  if (response.status === 401) gate.dispatchEvent(new CustomEvent("login", { detail: body?.ways }));
  throw new ServiceError(sentence(body, response.status), response.status, body);
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function sentence(body, status) {
  if (typeof body?.detail === "string") return body.detail;
  if (Array.isArray(body?.detail) && typeof body.detail[0]?.msg === "string")
    return t("error.refused", { text: body.detail[0].msg });
  if (status === 503) return t("error.busy");
  return t("error.status", { status: String(status) });
}

async function patience(seconds, signal) {
  tell(waiting + 1);
  try {
    await new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, Math.min(seconds, 10) * 1000);
      signal?.addEventListener(
        "abort",
        () => {
          clearTimeout(timer);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  } finally {
    tell(waiting - 1);
  }
}

function tell(count) {
  waiting = count;
  gate.dispatchEvent(new CustomEvent("busy", { detail: count }));
}
