// Pictures on their way from this device to the station: two at a time, whatever their number. The queue belongs
// to the page, not to a view, so it goes on while one looks at something else.

import { ask } from "../api.js";
import { tell } from "../live.js";
import { recall } from "../settings.js";

const AT_ONCE = 2;

export const queue = { waiting: [], done: 0, all: 0, running: 0, failures: [] };
let abort = new AbortController();

/** Put files into the queue; tells "queue" at every step and "uploaded" with every inspection. */
export function enqueue(files) {
  if (!files.length) return;
  if (!queue.running) Object.assign(queue, { done: 0, all: 0, failures: [] });
  queue.waiting.push(...files);
  queue.all += files.length;
  while (queue.running < AT_ONCE && queue.running < queue.waiting.length) work();
  tell("queue");
}

/** Send no more, and give up what is being sent. */
export function stopQueue() {
  queue.waiting = [];
  abort.abort();
  abort = new AbortController();
}

async function work() {
  queue.running += 1;
  const { signal } = abort;
  // The first step waits, so that all workers are counted before any file is taken.
  await null;
  while (queue.waiting.length && !signal.aborted) {
    await send(queue.waiting.shift(), signal);
    tell("queue");
  }
  queue.running -= 1;
  tell("queue");
}

async function send(file, signal) {
  const body = new FormData();
  body.append("files", file, file.name);
  if (recall("model", null)) body.append("model", recall("model", null));
  try {
    const { inspections } = await ask("POST", "/api/inspect", { body, signal });
    for (const inspection of inspections) {
      if (inspection.error) queue.failures.push([file.name, inspection.error]);
      else tell("uploaded", inspection);
    }
  } catch (error) {
    if (error.name === "AbortError") return;
    queue.failures.push([file.name, error.message]);
  }
  queue.done += 1;
}
