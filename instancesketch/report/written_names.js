// Names on a picture: of a scene's objects, of any other drawing's parts.

const onPhone = matchMedia("(max-width: 520px)").matches;
const NAME_SHARE = onPhone ? 0.04 : 0.024; // share of a scene's picture
const NAME_SHARE_OF_PART = 0.075;
const CHARACTER_WIDTH = 0.6; // in font sizes, wide enough for most letters
const LINE = 1.05; // height of a line, in font sizes
const POINTS = 800; // of a drawing, that names keep away from
const [FRAME, SCENE_FRAME] = [1, 10 / 7]; // width over height of a picture

/** Return the x and y of the points of a line. */
function pointsOf(line) {
  // Parse the attribute: reading `points` would make an object per point on thousands of cards.
  return line.getAttribute("points").split(" ").map((pair) => pair.split(",").map(Number));
}

function boxOfPoints(points) {
  const [x, y] = [0, 1].map((axis) => points.map((point) => point[axis]));
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}

const sizeOf = ([left, top, right, bottom]) => Math.hypot(right - left, bottom - top);

/** Return the box of what a name stands for: an object, or a part's largest stroke. */
function boxOfGroup(strokes, isObject) {
  const boxes = strokes.map(boxOfPoints);
  // Between two wheels a name would stand on neither.
  return isObject
    ? boxOfPoints(boxes.flatMap(([a, b, c, d]) => [[a, b], [c, d]]))
    : boxes.reduce((largest, box) => (sizeOf(box) > sizeOf(largest) ? box : largest));
}

/** Return the part of a picture's own plane that its frame shows. */
function boundsOf(svg, aspect) {
  const { x, y, width, height } = svg.viewBox.baseVal;
  const [wide, high] = [Math.max(width, height * aspect), Math.max(height, width / aspect)];
  const [left, top] = [x - (wide - width) / 2, y - (high - height) / 2];
  return [left, top, left + wide, top + high];
}

const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** Return the free place nearest to a box, anywhere in the picture; null if it is full. */
function nearestFree(box, width, height, bounds, taken) {
  const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  let best = null;
  for (let top = bounds[1]; top + height <= bounds[3]; top += height / 2) {
    for (let left = bounds[0]; left + width <= bounds[2]; left += height) {
      const place = [left, top, left + width, top + height];
      const distance = Math.hypot(left + width / 2 - x, top + height / 2 - y);
      if ((!best || distance < best.distance) && !taken.some((other) => meet(place, other))) {
        best = { distance, x: left + width / 2, y: top + height / 2 };
      }
    }
  }
  return best;
}

/** Return where each name stands, none over another: those without room beside what they name
 * stand in the nearest free place, with a line to it.
 */
function placeAll(items, size, bounds, points) {
  const [height, widthOf] = [LINE * size, (text) => CHARACTER_WIDTH * size * (text.length + 1)];
  const places = placeNames(items, { height, widthOf, bounds, points });
  const boxOfPlace = ({ x, y }, text) =>
    [x - widthOf(text) / 2, y - height / 2, x + widthOf(text) / 2, y + height / 2];
  const taken = places.flatMap((place) => (place ? [boxOfPlace(place, place.text)] : []));
  return places.map((place, i) => {
    const text = place ? place.text : items[i].texts.at(-1);
    const found = place || nearestFree(items[i].box, widthOf(text), height, bounds, taken);
    if (!found) return null;
    if (!place) taken.push(boxOfPlace(found, text));
    return { text, x: found.x, y: found.y, isFar: !place };
  });
}

/** Write the name of each group of strokes beside it, unless that is done.
 *
 * `named` has lines and the name of each, undefined where it has none, and `shortNames` shorter forms of
 * some; `scale` is the size of names in the one of a card.
 */
function writeNames(picture, scale = 1) {
  const { svg, named, objects, shortNames } = picture;
  if (picture.isNamed) return;
  picture.isNamed = true;
  const aspect = objects ? SCENE_FRAME : FRAME;
  const bounds = boundsOf(svg, aspect);
  const share = objects ? NAME_SHARE : NAME_SHARE_OF_PART;
  const size = scale * share * (bounds[2] - bounds[0]);
  const [lines, groups] = [named.map(({ line }) => line), named.map(({ name }) => name)];
  const strokes = lines.map(pointsOf);
  const names = unique(groups).filter((name) => name !== undefined);
  if (!names.length) return;
  const items = names.map((name) => {
    const ofGroup = strokes.filter((_, i) => groups[i] === name);
    const texts = [name, ...(shortNames.get(name) || [])];
    return { key: name, texts, box: boxOfGroup(ofGroup, Boolean(objects)) };
  });
  const inked = strokes.map((points, i) => {
    const [x, y] = [0, 1].map((axis) => points.map((point) => point[axis]));
    return { x, y, key: groups[i] };
  });
  const points = samplesOf(inked, size / 2, POINTS);
  placeAll(items, size, bounds, points).forEach((place, i) => {
    if (!place) return;
    const [name, leader] = createName(names[i], place, items[i].box, size).reverse();
    // Black beside five colours, a name could be anyone's; pure, some colours are hard to read.
    const colour = lines[groups.indexOf(names[i])].getAttribute("stroke");
    if (!objects && layer !== "confidence") name.style.fill = `color-mix(in srgb, ${colour} 60%, var(--ink))`;
    svg.append(...(leader ? [leader, name] : [name]));
  });
}

function createName(whole, { text, x, y, isFar }, box, size) {
  const name = createSvgElement("text", { class: "name", x, y: y + 0.33 * size, "font-size": size });
  name.textContent = text;
  name.dataset.name = whole;
  if (!isFar) return [name];
  const ends = { x1: x, y1: y, x2: (box[0] + box[2]) / 2, y2: (box[1] + box[3]) / 2 };
  const leader = createSvgElement("line", { class: "leader", ...ends, "stroke-width": size / 14 });
  leader.dataset.name = whole;
  return [leader, name];
}
