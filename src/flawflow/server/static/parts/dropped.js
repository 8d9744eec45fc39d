// What is dropped on the page, with all that is in folders, and what is pasted.

/**
 * Take drops and pastes anywhere on the page.
 * @param {HTMLElement} target Shows that a drop is welcome.
 * @param {string} words What it shows.
 * @param {(files: File[]) => void} take
 * @returns {() => void} Ends it.
 */
export function takeDrops(target, words, take) {
  let depth = 0;
  target.dataset.drop = words;
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    target.classList.toggle("dropping", depth > 0);
  };
  const files = (work) => (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    work(event);
  };
  const listeners = {
    dragenter: files(() => mark(1)),
    dragover: files(() => {}),
    dragleave: files(() => mark(-1)),
    drop: files(async (event) => {
      mark(-depth);
      take(await filesOf(event.dataTransfer));
    }),
    paste: (event) => take([...(event.clipboardData?.files ?? [])]),
  };
  // The whole window takes drops: a picture that misses must not replace the page.
  for (const [type, listener] of Object.entries(listeners)) addEventListener(type, listener);
  return () => {
    for (const [type, listener] of Object.entries(listeners)) removeEventListener(type, listener);
  };
}

/** Give the files of a drop; what is in folders, too, at any depth. */
async function filesOf(transfer) {
  // Asked for at once: when the event is over, nothing is left of it.
  const entries = [...(transfer.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.map(filesIn))).flat();
}

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((done, fail) => entry.file(done, fail))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A reader gives some at a time, and nothing at its end.
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) break;
    found.push(...(await Promise.all(some.filter(({ name }) => !name.startsWith(".")).map(filesIn))));
  }
  return found.flat();
}
