// Text below the contrast of WCAG AA: 4.5 to 1, for large text 3 to 1.
() => {
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], ground) => [r, g, b].map((part, i) => part * a + ground[i] * (1 - a));
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const colour = numbers(getComputedStyle(element).backgroundColor);
    return colour[3] === 0 ? ground(element.parentElement) : over(colour, ground(element.parentElement));
  };
  const light = (colour) => {
    const [r, g, b] = colour
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (
      !walker.currentNode.data.trim() ||
      !element.checkVisibility() ||
      element.closest(":disabled, .unseen, noscript, .missing, option, svg")
    )
      continue;
    const style = getComputedStyle(element);
    const under = ground(element);
    const [a, b] = [light(over(numbers(style.color), under)), light(under)].sort((x, y) => y - x);
    const large =
      parseFloat(style.fontSize) >= 24 ||
      (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < (large ? 3 : 4.5)) found.push(`${walker.currentNode.data.trim()}: ${contrast.toFixed(2)}`);
  }
  return found;
};
