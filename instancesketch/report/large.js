// A drawing in large, in a dialog: its pictures with all names, a table of its strokes, what is
// known of its file, and the way to the next one.

const large = byId("large");
const largeBody = byId("large-body");
const LARGE_NAMES = 0.5; // size of names in the one of a card
const LARGE_STROKES = 0.6; // width of strokes in that of a card
let opened = null; // the drawing in the dialog

/** Return the heading of a drawing: `umbrella → tree 43 %, or flower 41 %`. */
function titleOf(d) {
  const category = labelledCategory(d);
  const heading = category === d.category && d.heading ? d.heading : d.objects && !category ? "" : nameOf(category);
  const word = wordOf(d);
  return word && word !== category && word !== nameOf(category) ? `${word} → ${heading || "no category"}` : heading || d.id;
}

const wordOf = (d) => (d.word === undefined ? "" : data.words[d.word]);

function createFact(name, ...values) {
  const row = createElement("div");
  const value = createElement("dd");
  value.append(...values);
  row.append(createElement("dt", "", name), value);
  return row;
}

function createFacts(d) {
  const facts = createElement("dl", "facts");
  facts.append(createFact("id", createElement("code", "", d.id)));
  // A word that only repeats the category says nothing new.
  const isNew = ![d.category, d.trueCategory].includes(wordOf(d));
  if (wordOf(d) && isNew) facts.append(createFact("its file's word", wordOf(d)));
  if (d.trueCategory !== undefined) facts.append(createFact("true category", nameOf(d.trueCategory)));
  if (d.source) facts.append(createFact("source", d.source));
  if (d.file) {
    const link = createElement("a", "", decodeURIComponent(d.file.split("/").at(-1)));
    link.href = d.file;
    facts.append(createFact("file", link));
  }
  return facts;
}

// --- table of strokes --------------------------------------------------------------------------

const COLUMNS = {
  object: ["object", (d) => d.objects, (d, s) =>
    s.object === undefined ? "–" : nameOfObject(labelledObjects(d), s.object)],
  part: ["part", (d) => d.predicted || correctionOf(d), (d, s) => swatch(inkOfPart(s.part), wordsOf(s.label) || "–")],
  instance: ["instance", (d) => d.instances || correctionOf(d), (d, s) => (s.number > 0 ? s.number : "–")],
  score: ["score", (d) => d.scores, (d, s) => (s.score === null ? "–" : `${s.score}\u00a0%`)],
  second: ["second guess", (d) => d.seconds, (d, s) => (s.second ? nameOfSecond(s.second) : "–")],
  truth: ["truth", (d) => d.truth, (d, s, true_) => nameOfStroke(true_) || "–"],
  trueObject: ["true object", (d) => d.trueObjects, (d, s, true_) =>
    true_.object === undefined ? "–" : nameOfObject(d.trueObjects, true_.object)],
};
const canCorrect = Object.keys(data.choices).length > 0;
const inkOfPart = (part) => [data.colours[part] || data.colours.unlabeled, [], 1];

function createRow(d, i, columns, stroke, trueStroke) {
  const row = createElement("tr", (d.wrong || []).includes(i) ? "wrong" : "");
  row.dataset.stroke = i;
  const head = createElement("th", "", i + 1);
  head.scope = "row";
  row.append(head);
  for (const name of columns) {
    const cell = createElement("td", name);
    cell.append(createCell(name, d, i, stroke, trueStroke));
    if (name === "part" && isMixed(stroke)) cell.append(createPieceList(stroke));
    row.append(cell);
  }
  return row;
}

/** Return the content of a cell; objects, parts and instances can be corrected where known. */
function createCell(name, d, i, stroke, trueStroke) {
  const fields = { object: createObjectField, part: createPartField, instance: createInstanceField };
  const create = canCorrect && fields[name];
  return create ? create(d, i, stroke) : COLUMNS[name][2](d, stroke, trueStroke);
}

function createStrokeTable(d) {
  const columns = Object.keys(COLUMNS).filter((name) => COLUMNS[name][1](d));
  const table = createElement("table", "strokes");
  const head = table.createTHead().insertRow();
  for (const text of ["stroke", ...columns.map((name) => COLUMNS[name][0])]) {
    const cell = createElement("th", "", text);
    cell.scope = "col";
    head.append(cell);
  }
  const [strokes, correct] = [labelledStrokes(d), trueStrokes(d)];
  const body = createElement("tbody");
  body.append(...strokes.map((stroke, i) => createRow(d, i, columns, stroke, correct[i])));
  table.append(body);
  return table;
}

// --- dialog ----------------------------------------------------------------------------------

function createPair(d) {
  const pictures = picturesOf(d, d.objects || d.trueObjects ? 1 : LARGE_STROKES);
  const pair = createElement("div", "pair");
  pictures.forEach((picture, i) => {
    // A scene's frame is hardly larger here than on its card.
    writeNames(picture, picture.objects ? 1 : LARGE_NAMES);
    const caption = i ? captionOfTruth(d) : pictures.length > 1 ? "labelled" : "";
    pair.append(createFigure(picture.svg, caption));
  });
  picturesOfCard.set(largeBody, pictures);
  return pair;
}

function fillLarge() {
  const d = opened;
  const place = selected.indexOf(d);
  byId("large-title").textContent = titleOf(d);
  byId("large-place").textContent =
    place < 0 ? "" : `${(place + 1).toLocaleString("en")} of ${selected.length.toLocaleString("en")}`;
  byId("previous").disabled = place <= 0;
  byId("next").disabled = place < 0 || place === selected.length - 1;
  largeBody.className = d.objects || d.trueObjects ? "drawing large scene names" : "drawing large names";
  const details = createElement("div", "details");
  const table = createElement("div", "scroll");
  table.append(createStrokeTable(d));
  const facts = createFacts(d);
  if (canCorrect) facts.append(...createCategoryFields(d));
  details.append(facts, ...(canCorrect ? [createVerdict(d)] : []), table);
  largeBody.replaceChildren(createPair(d), details);
  resetHighlight(largeBody);
}

/** Fill the dialog anew, and leave the focus and the scrolled place where they were. */
function refillLarge() {
  const label = document.activeElement.getAttribute("aria-label");
  const [body, details] = [largeBody.scrollTop, largeBody.querySelector(".details").scrollTop];
  fillLarge();
  const field = [...largeBody.querySelectorAll("select, input")].find(
    (other) => label && other.getAttribute("aria-label") === label,
  );
  if (field) field.focus({ preventScroll: true });
  largeBody.scrollTop = body;
  largeBody.querySelector(".details").scrollTop = details;
}

/** Focus the field of the stroke that was clicked. */
function onPictureClick(event) {
  const picture = picturesOfCard.get(largeBody).find(({ svg }) => svg.contains(event.target));
  const stroke = picture && strokeUnder(picture, event);
  const field = stroke !== undefined && largeBody.querySelector(`[data-stroke="${stroke}"] select`);
  if (!field) return;
  field.focus();
  field.scrollIntoView({ block: "nearest" });
}

async function openLarge(d) {
  opened = d;
  if (!isLoaded(d) && !(await load(d))) return;
  if (opened !== d) return; // another one was opened meanwhile
  fillLarge();
  if (!large.open) large.showModal();
  largeBody.scrollTop = 0;
  updateAddress();
}

function step(by) {
  const next = selected[selected.indexOf(opened) + by];
  if (next && selected.includes(opened)) openLarge(next);
}

function onLargeKey(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  // In a field the arrows choose a value.
  if (!by || event.target.matches("select, input")) return;
  event.preventDefault();
  step(by);
}

function onLargeClose() {
  const card = [...list.children].find((c) => drawingOf(c) === opened);
  opened = null;
  updateAddress();
  if (!card) return;
  card.scrollIntoView({ block: "nearest" });
  card.querySelector(".open").focus({ preventScroll: true });
}

function openFromCard({ target }) {
  const card = target.closest(".card");
  if (card && target.closest(".pair, .open")) openLarge(drawingOf(card));
}

function listenToLarge() {
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("close").addEventListener("click", () => large.close());
  large.addEventListener("keydown", onLargeKey);
  large.addEventListener("close", onLargeClose);
  // A click beside the dialog's content is one on the dialog itself.
  large.addEventListener("click", ({ target }) => target === large && large.close());
  largeBody.addEventListener("click", onPictureClick);
  listenToCards(largeBody);
  list.addEventListener("click", openFromCard);
}
