// Bring strokes of a card forward: those of a chip in its text, of the object under the pointer, or
// of the selected cell of the matrix.

const NEAR = 14; // a pointer within this many pixels is on the stroke
const pictures = new WeakMap(); // by card, as `draw` made them
const strokesOf = new WeakMap(); // by chip

/** Leaves only some strokes in full colour, in all pictures of a card, with their names. */
function light(card, lit, withNames = true) {
  for (const { svg, lines, groups } of pictures.get(card)) {
    svg.classList.toggle("lit", lit.includes(true));
    lines.forEach((line, i) => line.classList.toggle("on", lit[i]));
    const named = groups.filter((_, i) => withNames && lit[i]);
    for (const name of svg.querySelectorAll(".name")) {
      name.classList.toggle("on", named.includes(name.textContent));
    }
  }
}

/** Back to what a card shows when nothing of it is pointed at. */
function stepBack(card) {
  const [{ d, lines }] = pictures.get(card);
  // A name labels all strokes that have it, so it hides while a cell's strokes are forward.
  light(card, lines.map((_, i) => inCase(d, i)), false);
}

function lightObject(card, { strokes }, place) {
  if (place === undefined) stepBack(card);
  else light(card, strokes.map((s) => s.place === place));
}

function lightChip(card, chip) {
  const meant = strokesOf.get(chip);
  const all = pictures.get(card);
  light(card, all[0].lines.map((_, i) => all.some(({ strokes }) => meant.has(strokes[i]))));
}

// --- pointer ------------------------------------------------------------------------------------

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

let forward = null; // the card whose strokes are forward

function point(event) {
  const card = event.target.closest(".card");
  if (forward && forward !== card) stepBack(forward);
  forward = card;
  if (!card) return;
  const chip = event.target.closest(".chip");
  const picture = pictures.get(card).find(({ svg }) => svg.contains(event.target));
  if (chip) lightChip(card, chip);
  else if (picture) lightObject(card, picture, objectUnder(picture, event));
  else stepBack(card);
}

function leave(event) {
  if (event.pointerType === "touch") return; // the strokes stay after a finger is lifted
  if (forward) stepBack(forward);
  forward = null;
}

// --- chips ---------------------------------------------------------------------------------------

/** A button in the text of a card for some of its strokes. Of those of a card, one is tabbed to. */
function chip(ink, text, strokes) {
  const made = swatch(ink, text, "button");
  made.type = "button";
  made.tabIndex = -1;
  made.classList.add("chip");
  strokesOf.set(made, new Set(strokes));
  return made;
}

function chipOfObject(objects, strokes, place, words = "") {
  const score = (objects.scores || [])[place];
  const scored = score === undefined ? "" : ` · ${percent(score)}`;
  const said = nameOfObject(objects, place) + scored + words;
  const meant = strokes.filter((s) => s.place === place);
  return chip(inkOf({ colour: objects.colours[place] }, true), said, meant);
}

/** Gives one of several buttons the focus, and makes it the one that is tabbed to. */
function rove(all, next) {
  for (const other of all) other.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function moveAmongChips(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches(".chip")) return;
  const all = [...event.target.closest(".card").querySelectorAll(".chip")];
  const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
  rove(all, next);
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
