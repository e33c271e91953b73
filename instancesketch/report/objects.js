// Objects of scenes: their names beside them, and one at a time brought forward.

const NEAR = 14; // pixels from a stroke at which it is still meant
const NAME_SHARE = matchMedia("(max-width: 520px)").matches ? 0.04 : 0.024;
const pictures = new WeakMap(); // of each card, as `draw` made them

// --- names -----------------------------------------------------------------------------------

/** Left, top, right and bottom of what some lines draw. */
function boxOf(lines) {
  const points = lines.flatMap((line) => [...line.points]);
  const [x, y] = [points.map((p) => p.x), points.map((p) => p.y)];
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}

const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** Writes each object's name above it, or below or on it where another name stands. */
function writeNames({ svg, lines, strokes, objects }) {
  const { x, y, width, height } = svg.viewBox.baseVal;
  const size = NAME_SHARE * Math.max(width, (height * 10) / 7); // of the frame that pictures have
  const taken = [];
  for (const place of unique(strokes.map((s) => s.place)).filter((p) => p !== undefined)) {
    const name = nameOfObject(objects, place);
    const [left, top, right, bottom] = boxOf(lines.filter((_, i) => strokes[i].place === place));
    const half = 0.3 * size * name.length;
    const middle = Math.min(Math.max((left + right) / 2, x + half), x + width - half);
    const boxes = [top - 0.3 * size, bottom + size, (top + bottom) / 2]
      .map((line) => Math.min(Math.max(line, y + size), y + height - 0.3 * size))
      .map((line) => [middle - half, line - 0.8 * size, middle + half, line + 0.2 * size]);
    const box = boxes.find((b) => !taken.some((other) => meet(b, other))) || boxes[0];
    taken.push(box);
    const text = document.createElementNS(svg.namespaceURI, "text");
    const at = { class: "name", x: middle, y: box[3] - 0.2 * size, "font-size": size };
    for (const [key, value] of Object.entries(at)) text.setAttribute(key, value);
    text.dataset.of = place;
    text.textContent = name;
    svg.append(text);
  }
}

// --- one object brought forward ----------------------------------------------------------------

/** Leaves only the strokes of one object of a picture in full colour, in both pictures of a card. */
function bringForward(card, at, place) {
  const all = pictures.get(card);
  const chosen = all[at].strokes.map((s) => place !== undefined && s.place === place);
  for (const { svg, lines, strokes } of all) {
    svg.classList.toggle("lit", chosen.includes(true));
    lines.forEach((line, i) => line.classList.toggle("on", chosen[i]));
    const named = strokes.filter((_, i) => chosen[i]).map((s) => String(s.place));
    for (const name of svg.querySelectorAll(".name")) {
      name.classList.toggle("on", named.includes(name.dataset.of));
    }
  }
}

/** The distance of a point from a piece of a line. */
function distance(point, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const along = ((point.x - from.x) * dx + (point.y - from.y) * dy) / (dx * dx + dy * dy || 1);
  const part = Math.min(Math.max(along, 0), 1);
  return Math.hypot(point.x - from.x - part * dx, point.y - from.y - part * dy);
}

/** The object of the stroke that is nearest to the pointer, if one is near. */
function objectUnder({ svg, lines, strokes }, event) {
  const toScreen = svg.getScreenCTM();
  const pointer = new DOMPoint(event.clientX, event.clientY).matrixTransform(toScreen.inverse());
  let [nearest, found] = [NEAR / toScreen.a, undefined];
  lines.forEach((line, i) => {
    const points = [...line.points];
    for (let j = 1; j < points.length; j++) {
      const away = distance(pointer, points[j - 1], points[j]);
      if (away < nearest) [nearest, found] = [away, strokes[i].place];
    }
  });
  return found;
}

// --- what is under the pointer, or has the focus -------------------------------------------------

let forward = null; // the card that has an object brought forward

function point(event) {
  const card = event.target.closest(".scene");
  if (forward && forward !== card) bringForward(forward, 0);
  forward = card;
  if (!card) return;
  const chip = event.target.closest(".chip");
  const all = pictures.get(card);
  const at = all.findIndex(({ svg }) => svg.contains(event.target));
  if (chip) bringForward(card, Number(chip.dataset.at), Number(chip.dataset.of));
  else if (at < 0) bringForward(card, 0);
  else bringForward(card, at, objectUnder(all[at], event));
}

function leave(event) {
  if (event.pointerType === "touch") return; // a finger is lifted, and the object stays
  if (forward) bringForward(forward, 0);
  forward = null;
}

/** A button for an object in the text of a card. Of those of a card, one can be tabbed to. */
function chip(objects, at, place, words = "") {
  const score = (objects.scores || [])[place];
  const scored = score === undefined ? "" : ` · ${percent(score)}`;
  const said = nameOfObject(objects, place) + scored + words;
  const made = swatch(inkOf({ colour: objects.colours[place] }, true), said, "button");
  made.type = "button";
  made.classList.add("chip");
  Object.assign(made.dataset, { at, of: place });
  return made;
}

function moveAmongChips(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches(".chip")) return;
  const all = [...event.target.closest(".card").querySelectorAll(".chip")];
  const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
  event.preventDefault();
}

function listen(list) {
  list.addEventListener("pointermove", point);
  list.addEventListener("pointerdown", point);
  list.addEventListener("pointerleave", leave);
  list.addEventListener("focusin", point);
  list.addEventListener("focusout", leave);
  list.addEventListener("keydown", moveAmongChips);
}
