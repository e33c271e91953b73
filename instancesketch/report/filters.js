// Filter drawings by category, part, mistakes, confidence, or one cell of the confusion matrix.

const ALL = "*";
const withTruth = drawings.some((d) => d.truth || d.trueObjects || d.trueCategory !== undefined);
const judged = (d) => d.truth || d.trueObjects || d.trueCategory !== undefined;
const FILTERS = ["category", "part", "verdict", "sure"];
const asked = (id) => byId(id).value;

// A case is a cell of the matrix: indices of the `true` part and of the predicted one, `said`,
// which is undefined for strokes without a part.
let theCase = null;

/** Whether a stroke of a drawing is of the case that was chosen. */
function inCase(d, i) {
  if (!theCase || !d.truth || d.truth[i] !== theCase.true) return false;
  // In a scene only the strokes of objects are counted.
  if (d.trueObjects && d.trueObjects.of[i] < 0) return false;
  return (d.said ? d.said[i] : undefined) === theCase.said;
}

const cases = (d) => (d.truth || []).filter((_, i) => inCase(d, i)).length;

/** What a drawing is found under: its category and the true one, or those of its objects. */
const categoriesOf = (d) =>
  d.objects || d.trueObjects
    ? d.kinds || []
    : unique([d.category, d.trueCategory]).filter((name) => name !== undefined);

const hasPart = (d, part) => [d.said, d.truth].some((of) => of && of.includes(part));

/** Whether there is a mistake about a part, or about anything where none is asked for. */
function wrongAbout(d, part) {
  if (part === undefined) return mistaken(d);
  const touched = (i) => d.truth && [d.truth[i], d.said && d.said[i]].includes(part);
  return wrongStrokes(d).some(touched) || misgrouped(d).includes(data.parts[part]);
}

/** A function that tells which drawings are wanted, by what the controls say. */
function wanted() {
  const [category, name, verdict, sure] = FILTERS.map(asked);
  const part = name === ALL ? undefined : data.parts.indexOf(name);
  const band = data.bands[Number(sure)];
  const bandOfAll = (d) => d.confidence !== undefined && bandOf(Math.round(100 * d.confidence));
  return (d) =>
    (category === ALL || categoriesOf(d).includes(category)) &&
    (part === undefined || hasPart(d, part)) &&
    (verdict === ALL || (judged(d) && wrongAbout(d, part) === (verdict === "wrong"))) &&
    (sure === ALL || bandOfAll(d) === band) &&
    (!theCase || cases(d) > 0);
}

// --- options ----------------------------------------------------------------------------------

function option(value, text) {
  const made = element("option", "", text);
  made.value = value;
  return made;
}

function offer(id, options) {
  byId(id).replaceChildren(option(ALL, "all"), ...options);
  byId(id).parentElement.hidden = options.length === 0;
}

function offerCategories() {
  const counts = new Map();
  for (const name of drawings.flatMap(categoriesOf)) counts.set(name, (counts.get(name) || 0) + 1);
  const named = ([name, n]) => option(name, `${nameOf(name)} (${n.toLocaleString("en")})`);
  offer("category", [...counts].sort().map(named));
}

/** The parts of the category that is chosen; one that was chosen stays so if it is among them. */
function offerParts() {
  const [category, before] = [asked("category"), asked("part")];
  const of = ([name]) => category === ALL || name === category;
  const parts = unique(Object.entries(data.legend).filter(of).flatMap(([, its]) => its));
  offer("part", parts.sort().map((part) => option(part, part)));
  if (parts.includes(before)) byId("part").value = before;
}

function offerFilters() {
  offerCategories();
  offerParts();
  const verdicts = { wrong: "only with mistakes", right: "only all right" };
  offer("verdict", withTruth ? Object.entries(verdicts).map((pair) => option(...pair)) : []);
  const scored = drawings.some((d) => d.confidence !== undefined);
  offer("sure", scored ? data.bands.map((band, i) => option(i, nameOfBand(band))).reverse() : []);
}

// --- selection ----------------------------------------------------------------------------------

function showAll() {
  theCase = null;
  for (const id of FILTERS) byId(id).value = ALL;
  offerParts();
}

function describe(chosen) {
  const { length } = chosen;
  byId("count").textContent = plural(length, noun);
  byId("none").hidden = length > 0 || drawings.length === 0;
  byId("clear").hidden = !theCase && FILTERS.every((id) => asked(id) === ALL);
  byId("case").hidden = !theCase;
  if (!theCase) return;
  const strokes = chosen.reduce((n, d) => n + cases(d), 0);
  const said = theCase.said === undefined ? "none" : data.parts[theCase.said];
  const words = `${data.parts[theCase.true]} called ${said}: ${plural(strokes, "stroke")}`;
  byId("case").replaceChildren(words, element("span", "", " ✕"));
  byId("case").setAttribute("aria-label", `${words}; show other cases, too`);
}

/** Shows the drawings that a button in the tables stands for. */
function pick({ target }) {
  const button = target.closest("button.case, button.pick");
  if (!button) return;
  showAll();
  const { category, part, said } = button.dataset;
  if (button.matches(".case")) {
    const place = (name) => (name === undefined ? undefined : data.parts.indexOf(name));
    theCase = { true: place(button.dataset.true), said: place(said) };
    if (by === "object") switchTo("part");
  } else {
    byId(category === undefined ? "part" : "category").value = category ?? part;
    offerParts();
  }
  choose();
  byId("controls").scrollIntoView();
  byId(theCase ? "case" : "count").focus({ preventScroll: true });
}

/** Moves among the counts of the matrix by the arrows: of these, one can be tabbed to. */
function moveAmongCases(event) {
  const { target, key } = event;
  if (!target.matches("button.case") || !key.startsWith("Arrow")) return;
  const cell = target.parentElement;
  const row = cell.parentElement;
  const along = [...row.querySelectorAll("button")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  let next = step && along[along.indexOf(target) + step];
  if (!step) {
    const rows = [...row.parentElement.rows];
    const to = rows[rows.indexOf(row) + (key === "ArrowDown" ? 1 : -1)];
    const away = (b) => Math.abs(b.parentElement.cellIndex - cell.cellIndex);
    next = to && [...to.querySelectorAll("button")].sort((a, b) => away(a) - away(b))[0];
  }
  event.preventDefault();
  if (next) rove(row.parentElement.querySelectorAll("button"), next);
}

/** Makes the buttons of the tables work, but for those of which no drawing is shown. */
function offerCases() {
  const names = [...byId("category").options].map(({ value }) => value);
  for (const made of document.querySelectorAll("button.pick")) {
    const { category, part } = made.dataset;
    made.disabled = !(category === undefined ? data.parts.includes(part) : names.includes(category));
  }
  const first = document.querySelector("button.case");
  if (first) first.tabIndex = 0;
  for (const [kind, listener] of [["click", pick], ["keydown", moveAmongCases]]) {
    document.querySelector(".folds").addEventListener(kind, listener);
  }
}
