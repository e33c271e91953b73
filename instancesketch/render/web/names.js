// Places for names beside what they name, so that none is written over another.

const INK = 1; // cost of a point of a stroke under a name
const INWARD = 4; // cost of a place on the side of the drawing's middle
const MOVED = 3; // cost of a place on another side than before: names should not jump
const INSIDE = 6; // cost of a name on what it names
const GAP = 0.35; // between a name and what it names, in heights of a line

const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
const isWithin = (a, b) => a[0] >= b[0] && a[1] >= b[1] && a[2] <= b[2] && a[3] <= b[3];
const middleOf = (box) => [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];

// The sides of a box, as steps of its middle: above, below, right, left, corners, and on it.
const SIDES = [[0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1], [0, 0]];

/** Return a box of a size beside another one. */
function boxBeside([left, top, right, bottom], [sideX, sideY], width, height) {
  const gap = GAP * height;
  const x = (left + right) / 2 + sideX * ((right - left + width) / 2 + gap);
  // A corner touches the box: further out, a name seems to belong to something else.
  const inset = sideX && sideY ? height : 0;
  const y = (top + bottom) / 2 + sideY * ((bottom - top + height) / 2 + gap - inset);
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

const countInside = (points, box) =>
  points.filter(([x, y]) => x > box[0] && x < box[2] && y > box[1] && y < box[3]).length;

/** Return the best free place for a text of a width; null if every place is taken. */
function findPlace(item, text, width, { height, bounds, points, middle, taken }) {
  let best = null;
  const [x, y] = middleOf(item.box);
  SIDES.forEach((side, index) => {
    const box = boxBeside(item.box, side, width, height);
    if (!isWithin(box, bounds) || taken.some((other) => overlap(box, other))) return;
    const outward = (x - middle[0]) * side[0] + (y - middle[1]) * side[1];
    const cost =
      INK * countInside(points, box) +
      (outward < 0 ? INWARD : 0) +
      (item.side !== undefined && item.side !== index ? MOVED : 0) +
      (side[0] || side[1] ? 0 : INSIDE) +
      index / 100;
    if (!best || cost < best.cost) best = { text, box, cost, side: index };
  });
  return best;
}

/** Place names, none over another.
 *
 * items: each with `texts`, the name and shorter forms of it, tried in this order; `box`, left, top,
 *   right and bottom of what it names; and `side`, the index of its last place, if it has one.
 * options: `height` of a line; `widthOf(text)`; `bounds`, the box that names have to stay in;
 *   `points`, [x, y] of strokes that names should leave free.
 *
 * Returns for each item `{text, x, y, side}`, the middle of its name, or null without a place.
 */
export function placeNames(items, { height, widthOf, bounds, points = [] }) {
  const all = items.map((item) => item.box);
  const middle = middleOf([
    Math.min(...all.map((b) => b[0])), Math.min(...all.map((b) => b[1])),
    Math.max(...all.map((b) => b[2])), Math.max(...all.map((b) => b[3])),
  ]);
  const taken = [];
  return items.map((item) => {
    for (const text of item.texts) {
      const place = findPlace(item, text, widthOf(text), { height, bounds, points, middle, taken });
      if (place) {
        taken.push(place.box);
        const [x, y] = middleOf(place.box);
        return { text, x, y, side: place.side };
      }
    }
    return null;
  });
}
