// How strong the heat is where it is strongest, 0 to 255.
() => {
  const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  copy.drawImage(document.querySelector(".pane:last-child canvas.heat"), 0, 0);
  return Math.max(...copy.getImageData(0, 0, 32, 32).data.filter((_, i) => i % 4 === 3));
};
