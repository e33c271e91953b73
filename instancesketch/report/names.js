// Names on a picture: of a scene's objects, of any other drawing's parts.

const onPhone = matchMedia("(max-width: 520px)").matches;
const NAME_SHARE = onPhone ? 0.04 : 0.024; // share of a scene's picture
const NAME_SHARE_OF_PART = 0.075;
const CHARACTER_WIDTH = 0.68; // in font sizes, wide enough for most letters

/** Return left, top, right and bottom of some lines. */
function boxOf(lines) {
  // Parse the attribute: reading `points` would make an object per point on thousands of cards.
  const numbers = lines.flatMap((line) => line.getAttribute("points").split(/[ ,]/).map(Number));
  const [x, y] = [0, 1].map((axis) => numbers.filter((_, i) => i % 2 === axis));
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}

const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** Write the name of each group of strokes above it, or below or on it to avoid another name.
 *
 * `groups` has the name of each stroke, undefined where it has none.
 */
function writeNames({ svg, lines, groups, objects }) {
  const { x, y, width, height } = svg.viewBox.baseVal;
  const scene = NAME_SHARE * Math.max(width, (height * 10) / 7); // the frame's aspect ratio is 10 to 7
  const size = objects ? scene : NAME_SHARE_OF_PART * Math.max(width, height);
  const taken = [];
  for (const name of unique(groups).filter((g) => g !== undefined)) {
    const [left, top, right, bottom] = boxOf(lines.filter((_, i) => groups[i] === name));
    const half = (CHARACTER_WIDTH / 2) * size * name.length;
    const middle = Math.min(Math.max((left + right) / 2, x + half), x + width - half);
    const boxes = [top - 0.3 * size, bottom + size, (top + bottom) / 2]
      .map((line) => Math.min(Math.max(line, y + size), y + height - 0.3 * size))
      .map((line) => [middle - half, line - 0.8 * size, middle + half, line + 0.2 * size]);
    // Where every position overlaps, a name above its strokes is the one that is expected.
    const box = boxes.find((b) => !taken.some((other) => overlap(b, other))) || boxes[0];
    taken.push(box);
    const text = document.createElementNS(svg.namespaceURI, "text");
    const attributes = { class: "name", x: middle, y: box[3] - 0.2 * size, "font-size": size };
    for (const [key, value] of Object.entries(attributes)) text.setAttribute(key, value);
    text.textContent = name;
    svg.append(text);
  }
}
