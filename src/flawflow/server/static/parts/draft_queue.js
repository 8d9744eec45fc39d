// Pictures and videos on their way from this device into a draft. The queue belongs to the page, not to a view, so
// it goes on while one looks at something else.

import { ask, get } from "../api.js";
import { tell } from "../live.js";

const MOST_FILES = 16;
const MOST_BYTES = 32 << 20;
const LOOK = 1000;
const VIDEO = /\.(avi|m4v|mkv|mov|mp4|mpe?g|ts|webm|wmv)$/i;

const queues = new Map();

/** Give the queue of a draft. */
export function queueOf(name) {
  const fresh = { waiting: [], done: 0, all: 0, added: 0, known: 0, failures: [], running: false };
  return queues.get(name) ?? queues.set(name, fresh).get(name);
}

/** Whether a file is a video. */
export const isVideo = (file) => file.type.startsWith("video/") || VIDEO.test(file.name);

/**
 * Send files; tells "draftQueue" at every step.
 * @param {string} name The draft's.
 * @param {string} path Where its pictures go.
 * @param {File[]} files
 * @param {() => number} interval Gives the seconds between two pictures of a video.
 */
export function sendTo(name, path, files, interval) {
  if (!files.length) return;
  const queue = queueOf(name);
  if (!queue.running) Object.assign(queue, { done: 0, all: 0, added: 0, known: 0, failures: [] });
  queue.waiting.push(...files);
  queue.all += files.length;
  tell("draftQueue", name);
  if (!queue.running) work(name, path, interval);
}

/** Send no more. */
export function stopSending(name) {
  const queue = queueOf(name);
  queue.all -= queue.waiting.length;
  queue.waiting = [];
  tell("draftQueue", name);
}

async function work(name, path, interval) {
  const queue = queueOf(name);
  queue.running = true;
  while (queue.waiting.length) {
    const files = next(queue.waiting);
    try {
      if (isVideo(files[0])) await idle(path);
      await send(queue, path, files, interval());
    } catch (error) {
      for (const file of files) queue.failures.push([file.name, error.message]);
    }
    queue.done += files.length;
    tell("draftQueue", name);
  }
  queue.running = false;
  tell("draftQueue", name);
}

/** Take the next files that go together: some pictures, or one video. */
export function next(waiting) {
  const files = [waiting.shift()];
  let bytes = files[0].size;
  while (waiting.length && files.length < MOST_FILES && !isVideo(files[0]) && !isVideo(waiting[0])) {
    bytes += waiting[0].size;
    if (bytes > MOST_BYTES) break;
    files.push(waiting.shift());
  }
  return files;
}

async function send(queue, path, files, interval) {
  const body = new FormData();
  for (const file of files) body.append("files", file, file.name);
  body.append("interval", String(interval));
  const { added, known, failures, draft } = await ask("POST", `${path}/pictures`, { body });
  queue.added += added;
  queue.known += known;
  for (const { name, error } of failures) queue.failures.push([name, error]);
  tell("draft", draft);
}

/** Wait until no other video is read: a draft reads one at a time. */
async function idle(path) {
  while ((await get(path)).intake?.running) await new Promise((done) => setTimeout(done, LOOK));
}
