// Texts that are broken into lines of a few letters.
() => {
  const found = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    const text = data.trim();
    if (text.length < 8 || !parentElement.checkVisibility() || parentElement.closest(".unseen, option, svg"))
      continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
    if (lines > 2 && text.length / lines < 8) found.push(text);
  }
  return found;
};
