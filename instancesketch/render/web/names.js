// Places for names beside what they name, so that none is written over another.

const INK = 2; // cost of a point of a stroke under a name
const STRAY = 5; // cost of a name that is nearer to a stroke of another name
const SHORTER = 3; // cost of a shorter form of a name
const FURTHER = 2; // cost of a place in the second row
const INWARD = 4; // cost of a place on the side of the drawing's middle
const MOVED = 3; // cost of a place on another side than before: names should not jump
const INSIDE = 6; // cost of a name on what it names
const GAP = 0.35; // between a name and what it names, in heights of a line

const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
const isWithin = (a, b) => a[0] >= b[0] && a[1] >= b[1] && a[2] <= b[2] && a[3] <= b[3];
const middleOf = (box) => [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];

// The sides of a box, as steps of its middle: above, below, right, left, corners, on it; and the
// second rows above and below.
const SIDES = [
  [0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1], [0, 0],
  [0, -1, 1], [0, 1, 1],
];

/** Return a box of a size beside another one. */
function boxBeside([left, top, right, bottom], [sideX, sideY, row = 0], width, height) {
  const gap = GAP * height;
  const x = (left + right) / 2 + sideX * ((right - left + width) / 2 + gap);
  // A corner touches the box: further out, a name seems to belong to something else.
  const inset = sideX && sideY ? height : 0;
  const away = (bottom - top + height) / 2 + gap - inset + row * height;
  const y = (top + bottom) / 2 + sideY * away;
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

const countInside = (points, box) =>
  points.filter(([x, y]) => x > box[0] && x < box[2] && y > box[1] && y < box[3]).length;

/** Return whether the stroke nearest to a box is of another name, where points say whose they are. */
function isStray(box, key, points) {
  const [x, y] = middleOf(box);
  let [nearest, owner] = [Infinity, undefined];
  for (const [atX, atY, whose] of points) {
    // From the box, not from its middle: names are wide.
    const dx = Math.max(0, Math.abs(atX - x) - (box[2] - box[0]) / 2);
    const dy = Math.max(0, Math.abs(atY - y) - (box[3] - box[1]) / 2);
    const distance = dx * dx + dy * dy;
    if (distance < nearest) [nearest, owner] = [distance, whose];
  }
  return owner !== undefined && owner !== key;
}

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
      (side[2] ? FURTHER : 0) +
      (isStray(box, item.key, points) ? STRAY : 0) +
      index / 100;
    if (!best || cost < best.cost) best = { text, box, cost, side: index };
  });
  return best;
}

/** Return points along strokes, [x, y, key of the stroke], at most a distance apart; where there
 * would be more than `most`, so many less dense.
 *
 * strokes: each with lists `x` and `y`, and the `key` of its name.
 */
export function samplesOf(strokes, spacing, most) {
  const points = strokes.flatMap((stroke) => walk(stroke, spacing));
  const every = Math.ceil(points.length / most);
  return points.filter((_, i) => i % every === 0);
}

function walk({ x, y, key }, spacing) {
  const points = [[x[0], y[0], key]];
  let walked = 0;
  for (let i = 1; i < x.length; i++) {
    const length = Math.hypot(x[i] - x[i - 1], y[i] - y[i - 1]);
    for (let at = spacing - walked; at <= length; at += spacing) {
      const share = at / length;
      points.push([x[i - 1] + share * (x[i] - x[i - 1]), y[i - 1] + share * (y[i] - y[i - 1]), key]);
    }
    walked = (walked + length) % spacing;
  }
  return points;
}

/** Place names, none over another.
 *
 * items: each with `texts`, the name and shorter forms of it; `box`, left, top, right and
 *   bottom of what it names; `side`, the index of its last place, if it has one; and
 *   `key`, if points say whose they are.
 * options: `height` of a line; `widthOf(text)`; `bounds`, the box that names have to stay in;
 *   `points`, [x, y] of strokes that names should leave free, or [x, y, key of the name].
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
    const around = { height, bounds, points, middle, taken };
    const places = item.texts.map((text) => findPlace(item, text, widthOf(text), around));
    const costs = places.map((place, i) => (place ? place.cost + SHORTER * i : Infinity));
    const place = places[costs.indexOf(Math.min(...costs))];
    if (!place) return null;
    taken.push(place.box);
    const [x, y] = middleOf(place.box);
    return { text: place.text, x, y, side: place.side };
  });
}
