// How many elements move by themselves.
() =>
  [...document.querySelectorAll("*")].filter((one) => {
    const style = getComputedStyle(one);
    return (
      style.animationName !== "none" ||
      style.transitionDuration.split(",").some((part) => parseFloat(part) > 0)
    );
  }).length;
