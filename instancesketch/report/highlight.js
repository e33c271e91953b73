// Highlight strokes of a card: those of a chip in its text, of the object under the pointer, or of
// the selected cell of the matrix.

const NEAR = 14; // a pointer within this many pixels is on the stroke
const picturesOfCard = new WeakMap(); // card to its pictures, as `drawPicture` returns them
const strokesOfChip = new WeakMap(); // chip to the set of its strokes

/** Leave only some strokes in full colour, in all pictures of a card, with their names. */
function highlight(card, isOn, withNames = true) {
  for (const { svg, lines, groups } of picturesOfCard.get(card)) {
    svg.classList.toggle("lit", isOn.includes(true));
    lines.forEach((line, i) => line.classList.toggle("on", isOn[i]));
    const named = groups.filter((_, i) => withNames && isOn[i]);
    for (const name of svg.querySelectorAll(".name")) {
      name.classList.toggle("on", named.includes(name.textContent));
    }
  }
}

/** Highlight what a card shows while nothing of it is pointed at: strokes of the selected cell. */
function resetHighlight(card) {
  const [{ d, lines }] = picturesOfCard.get(card);
  // A name stands for all strokes that have it, so it hides while a cell's strokes are highlighted.
  highlight(card, lines.map((_, i) => isInCell(d, i)), false);
}

function highlightObject(card, { strokes }, object) {
  if (object === undefined) resetHighlight(card);
  else highlight(card, strokes.map((s) => s.object === object));
}

function highlightChip(card, chip) {
  const ofChip = strokesOfChip.get(chip);
  // Result and truth have the same strokes in the same order: highlight a stroke in both.
  const pictures = picturesOfCard.get(card);
  const isOn = pictures[0].lines.map((_, i) => pictures.some(({ strokes }) => ofChip.has(strokes[i])));
  highlight(card, isOn);
}

// --- pointer ------------------------------------------------------------------------------------

/** Return the distance of a point from a line segment. */
function distanceTo(point, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  // A segment without length would divide by zero.
  const along = ((point.x - from.x) * dx + (point.y - from.y) * dy) / (dx * dx + dy * dy || 1);
  const share = Math.min(Math.max(along, 0), 1);
  return Math.hypot(point.x - from.x - share * dx, point.y - from.y - share * dy);
}

/** Return the object of the stroke nearest to the pointer; undefined if none is near. */
function objectUnder({ svg, lines, strokes }, event) {
  const toScreen = svg.getScreenCTM();
  const pointer = new DOMPoint(event.clientX, event.clientY).matrixTransform(toScreen.inverse());
  let [nearest, object] = [NEAR / toScreen.a, undefined];
  lines.forEach((line, i) => {
    const points = [...line.points];
    for (let j = 1; j < points.length; j++) {
      const distance = distanceTo(pointer, points[j - 1], points[j]);
      if (distance < nearest) [nearest, object] = [distance, strokes[i].object];
    }
  });
  return object;
}

let highlightedCard = null;

function onPointer(event) {
  const card = event.target.closest(".card");
  if (highlightedCard && highlightedCard !== card) resetHighlight(highlightedCard);
  highlightedCard = card;
  if (!card) return;
  const chip = event.target.closest(".chip");
  const picture = picturesOfCard.get(card).find(({ svg }) => svg.contains(event.target));
  if (chip) highlightChip(card, chip);
  else if (picture) highlightObject(card, picture, objectUnder(picture, event));
  else resetHighlight(card);
}

function onLeave(event) {
  if (event.pointerType === "touch") return; // keep the highlight after a finger is lifted
  if (highlightedCard) resetHighlight(highlightedCard);
  highlightedCard = null;
}

// --- chips ---------------------------------------------------------------------------------------

/** Create a button for some strokes of a card.
 *
 * It can't be tabbed to: of a card's chips only one can, and arrows move among them.
 */
function createChip(ink, text, strokes) {
  const chip = swatch(ink, text, "button");
  chip.type = "button";
  chip.tabIndex = -1;
  chip.classList.add("chip");
  strokesOfChip.set(chip, new Set(strokes));
  return chip;
}

function createObjectChip(objects, strokes, index, remark = "") {
  const score = (objects.scores || [])[index];
  const scored = score === undefined ? "" : ` · ${percent(score)}`;
  const text = nameOfObject(objects, index) + scored + remark;
  const ofObject = strokes.filter((s) => s.object === index);
  return createChip(inkOf({ colour: objects.colours[index] }, true), text, ofObject);
}

/** Focus one of several buttons, and make it the one that can be tabbed to. */
function moveFocus(buttons, next) {
  for (const other of buttons) other.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function moveAmongChips(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches(".chip")) return;
  const chips = [...event.target.closest(".card").querySelectorAll(".chip")];
  const next = chips[(chips.indexOf(event.target) + step + chips.length) % chips.length];
  moveFocus(chips, next);
  event.preventDefault(); // an arrow would scroll the page, too
}

function listenToCards(list) {
  // On the list, not on each of its thousands of cards.
  list.addEventListener("pointermove", onPointer);
  list.addEventListener("pointerdown", onPointer);
  list.addEventListener("pointerleave", onLeave);
  list.addEventListener("focusin", onPointer);
  list.addEventListener("focusout", onLeave);
  list.addEventListener("keydown", moveAmongChips);
}
