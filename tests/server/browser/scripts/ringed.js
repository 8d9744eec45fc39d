// Whether the focus is seen: a ring around the control, or around what stands for it.
() => {
  const at = document.activeElement;
  return [at, at.nextElementSibling, at.firstElementChild, at.closest(".slider")].some((one) => {
    const style = one && getComputedStyle(one);
    return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  });
};
