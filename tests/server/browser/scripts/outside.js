// What stands in the bar and is out of sight or over its neighbour.
() => {
  const boxes = [...document.querySelectorAll(".brand, .bar nav a, .bar-end > *")]
    .filter((element) => element.checkVisibility())
    .map((element) => [element.textContent.trim(), element.getBoundingClientRect()]);
  const outside = boxes.filter(([, box]) => box.left < 0 || box.right > innerWidth + 0.5);
  const over = boxes.filter(([, one], index) =>
    boxes
      .slice(index + 1)
      .some(
        ([, other]) =>
          one.left < other.right - 0.5 &&
          other.left < one.right - 0.5 &&
          one.top < other.bottom - 0.5 &&
          other.top < one.bottom - 0.5,
      ),
  );
  return [...outside, ...over].map(([text]) => text);
};
