// Highlight strokes of a card: those of a chip in its text, of the object under the pointer, or of
// the selected cell of the matrix.

const NEAR = 14; // a pointer within this many pixels is on the stroke
const picturesOfCard = new WeakMap(); // card to its pictures, as `drawPicture` returns them
const strokesOfChip = new WeakMap(); // chip to the set of its strokes

/** Leave only some strokes in full colour, in all pictures of a card, with their names.
 *
 * Of a stroke in pieces only those called `name`, if it has any.
 */
function highlight(card, isOn, withNames = true, name = undefined) {
  for (const picture of picturesOfCard.get(card)) {
    const { svg, lines, named } = picture;
    // Places are found when they are needed: on thousands of cards that takes a while.
    if (withNames && isOn.includes(true)) writeNames(picture);
    svg.classList.toggle("lit", isOn.includes(true));
    lines.forEach((line, i) => line.classList.toggle("on", isOn[i]));
    const called = new Set(named.filter((item) => item.name === name).map(({ stroke }) => stroke));
    const isShown = (item) => isOn[item.stroke] && (item.name === name || !called.has(item.stroke));
    for (const item of named) item.line.classList.toggle("on", isShown(item));
    const shown = named.filter((item) => withNames && isShown(item)).map((item) => item.name);
    for (const text of svg.querySelectorAll(".name, .leader")) {
      text.classList.toggle("on", shown.includes(text.dataset.name));
    }
  }
  for (const row of card.querySelectorAll("[data-stroke]")) {
    row.classList.toggle("on", Boolean(isOn[row.dataset.stroke]));
  }
}

/** Highlight what a card shows while nothing of it is pointed at: strokes of the selected cell. */
function resetHighlight(card) {
  const [picture] = picturesOfCard.get(card);
  if (!picture) return; // of a card that is still empty
  const { d, lines } = picture;
  // A name stands for all strokes that have it, so it hides while a cell's strokes are highlighted.
  highlight(card, lines.map((_, i) => isInCell(d, i)), false);
}

/** Highlight the object of a stroke; where strokes are listed one by one, the stroke itself. */
function highlightStroke(card, { strokes }, stroke) {
  const isListed = card.matches(".large") && !(layer === "object");
  const object = stroke === undefined ? undefined : strokes[stroke].object;
  if (stroke !== undefined && isListed) highlight(card, strokes.map((_, i) => i === stroke));
  else if (object === undefined) resetHighlight(card);
  else highlight(card, strokes.map((s) => s.object === object));
}

function highlightChip(card, chip) {
  const ofChip = strokesOfChip.get(chip);
  // Result and truth have the same strokes in the same order: highlight a stroke in both.
  const pictures = picturesOfCard.get(card);
  const isOn = pictures[0].lines.map((_, i) => pictures.some(({ strokes }) => ofChip.has(strokes[i])));
  highlight(card, isOn, true, chip.textContent);
}

// --- pointer ------------------------------------------------------------------------------------

/** Return the index of the stroke nearest to the pointer; undefined if none is near. */
function strokeUnder({ svg, lines }, event) {
  const toScreen = svg.getScreenCTM();
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(toScreen.inverse());
  let [nearest, found] = [NEAR / toScreen.a, undefined];
  lines.forEach((line, i) => {
    const points = pointsOf(line);
    for (let j = 1; j < points.length; j++) {
      const distance = distanceToSegment(x, y, ...points[j - 1], ...points[j]);
      if (distance < nearest) [nearest, found] = [distance, i];
    }
  });
  return found;
}

let highlightedCard = null;

function onPointer(event) {
  const card = event.target.closest(".drawing");
  if (highlightedCard && highlightedCard !== card) resetHighlight(highlightedCard);
  highlightedCard = card;
  if (!card) return;
  const chip = event.target.closest(".chip");
  const picture = picturesOfCard.get(card).find(({ svg }) => svg.contains(event.target));
  const row = event.target.closest("[data-stroke]");
  if (chip) highlightChip(card, chip);
  else if (row) highlight(card, picturesOfCard.get(card)[0].lines.map((_, i) => i == row.dataset.stroke));
  else if (picture) highlightStroke(card, picture, strokeUnder(picture, event));
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
  const chips = [...event.target.closest(".drawing").querySelectorAll(".chip")];
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
