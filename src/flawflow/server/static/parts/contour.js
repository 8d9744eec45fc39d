// Outlines of where a map is above a threshold: marching squares on the map as the model gives it.

/**
 * Give the outline as the data of an SVG path, in pixels of the map.
 * @param {{width: number, height: number, levels: Uint8Array}} map
 * @param {number} threshold In levels; a place is inside where the map is above it.
 */
export function outline(map, threshold) {
  const { width, height, levels } = map;
  // One ring of background around the map closes the outlines at its edge.
  const level = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? -1 : levels[y * width + x]);
  const parts = [];
  for (let y = -1; y < height; y += 1) {
    for (let x = -1; x < width; x += 1) {
      const corners = [level(x, y), level(x + 1, y), level(x + 1, y + 1), level(x, y + 1)];
      const inside = corners.reduce((bits, value, i) => bits | (value > threshold ? 1 << i : 0), 0);
      if (inside === 0 || inside === 15) continue;
      for (const [a, b] of CROSSINGS[inside]) {
        parts.push(`M${point(a, x, y, corners, threshold)}L${point(b, x, y, corners, threshold)}`);
      }
    }
  }
  return parts.join("");
}

// For every set of corners inside (bit 0 top left, then clockwise) the edges that an outline joins:
// 0 top, 1 right, 2 bottom, 3 left.
const CROSSINGS = [
  [],
  [[3, 0]],
  [[0, 1]],
  [[3, 1]],
  [[1, 2]],
  [
    [3, 0],
    [1, 2],
  ],
  [[0, 2]],
  [[3, 2]],
  [[2, 3]],
  [[2, 0]],
  [
    [0, 1],
    [2, 3],
  ],
  [[2, 1]],
  [[1, 3]],
  [[1, 0]],
  [[0, 3]],
  [],
];

function point(edge, x, y, corners, threshold) {
  const [from, to] = [corners[edge], corners[(edge + 1) % 4]];
  const share = (threshold - from) / (to - from);
  // Values stand in the middle of their pixels.
  const along = [
    [x + share, y],
    [x + 1, y + share],
    [x + 1 - share, y + 1],
    [x, y + 1 - share],
  ][edge];
  return `${(along[0] + 0.5).toFixed(2)} ${(along[1] + 0.5).toFixed(2)}`;
}
