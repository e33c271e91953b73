// Filter drawings by category, part, mistakes, confidence, or one cell of a confusion matrix.

const ALL = "*";
const hasTruth = (d) => d.truth || d.trueObjects || d.trueCategory !== undefined;
const withTruth = drawings.some(hasTruth);
const FILTERS = ["category", "word", "part", "pieces", "verdict", "confidence"];
const valueOf = (id) => byId(id).value;

// The selected cell of a matrix: `of`, part or category, and indices of its `true` part and of its
// `predicted` one, or names of categories; `predicted` is undefined for what got none. Null while
// none is selected.
let cell = null;

/** Return whether a stroke of a drawing is counted in the selected cell. */
function isInCell(d, i) {
  if (!cell || cell.of !== "part" || !d.truth || d.truth[i] !== cell.true) return false;
  // In a scene the metrics count only the strokes of objects.
  if (d.trueObjects && d.trueObjects.of[i] < 0) return false;
  return (d.predicted ? d.predicted[i] : undefined) === cell.predicted;
}

/** Return how many strokes of a drawing are in the selected cell, or 1 for a drawing that is. */
function countInCell(d) {
  if (cell.of === "part") return (d.truth || []).filter((_, i) => isInCell(d, i)).length;
  const isThere = d.trueCategory === cell.true && (d.category || undefined) === cell.predicted;
  return Number(isThere);
}

/** Return the categories to find a drawing by: predicted and true, or those of its objects. */
const categoriesOf = (d) =>
  d.objects || d.trueObjects
    ? d.categories || []
    : unique([d.category, d.trueCategory]).filter((name) => name !== undefined);

const hasPart = (d, part) =>
  [d.predicted, d.truth].some((parts) => parts && parts.includes(part)) || hasPiece(d, part);

/** Return whether a drawing has a mistake about a part; about anything if `part` is undefined. */
function hasMistakeAbout(d, part) {
  if (part === undefined) return hasMistake(d);
  const concerns = (i) => d.truth && [d.truth[i], d.predicted && d.predicted[i]].includes(part);
  return wrongStrokes(d).some(concerns) || misgrouped(d).includes(data.parts[part]);
}

/** Return a function that decides whether a drawing has the words that are searched for. */
function createSearch() {
  const words = valueOf("find").toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return () => true;
  const textOf = (d) =>
    [d.id, wordOf(d), d.source || "", nameOf(d.category), d.category].join("\n").toLowerCase();
  return (d) => {
    const text = textOf(d);
    return words.every((word) => text.includes(word));
  };
}

/** Return a function that decides whether a drawing passes the filters. */
function createFilter() {
  const isFound = createSearch();
  const [category, word, name, pieces, verdict, confidence] = FILTERS.map(valueOf);
  const part = name === ALL ? undefined : data.parts.indexOf(name);
  const band = data.bands[Number(confidence)];
  const isInBand = (d) =>
    d.confidence !== undefined && bandOf(Math.round(100 * d.confidence)) === band;
  return (d) =>
    (category === ALL || categoriesOf(d).includes(category)) &&
    (word === ALL || wordOf(d) === word) &&
    (part === undefined || hasPart(d, part)) &&
    (pieces === ALL || hasPiece(d)) &&
    (verdict === ALL || (hasTruth(d) && hasMistakeAbout(d, part) === (verdict === "wrong"))) &&
    (confidence === ALL || isInBand(d)) &&
    (!cell || countInCell(d) > 0) &&
    isFound(d);
}

// --- options ----------------------------------------------------------------------------------

function createOption(value, text) {
  const option = createElement("option", "", text);
  option.value = value;
  return option;
}

function setOptions(id, options) {
  byId(id).replaceChildren(createOption(ALL, "all"), ...options);
  byId(id).parentElement.hidden = options.length === 0;
}

function fillCategories() {
  const counts = new Map();
  for (const name of drawings.flatMap(categoriesOf)) counts.set(name, (counts.get(name) || 0) + 1);
  const option = ([name, n]) => createOption(name, `${nameOf(name)} (${n.toLocaleString("en")})`);
  setOptions("category", [...counts].sort().map(option));
}

/** Offer the files' own words, with the number of their drawings. */
function fillWords() {
  const counts = new Map();
  for (const d of drawings) if (wordOf(d)) counts.set(wordOf(d), (counts.get(wordOf(d)) || 0) + 1);
  const option = (word) => createOption(word, `${word} (${counts.get(word).toLocaleString("en")})`);
  setOptions("word", data.words.map(option));
}

/** Offer the parts of the selected category; keep the selected part if it is one of them. */
function fillParts() {
  const [category, before] = [valueOf("category"), valueOf("part")];
  const isSelected = ([name]) => category === ALL || name === category;
  const legends = Object.entries(data.legend).filter(isSelected);
  const parts = unique(legends.flatMap(([, ofCategory]) => ofCategory));
  setOptions("part", parts.sort().map((part) => createOption(part, wordsOf(part))));
  if (parts.includes(before)) byId("part").value = before;
}

function fillFilters() {
  fillCategories();
  fillWords();
  fillParts();
  fillPieces();
  const verdicts = { wrong: "only with mistakes", right: "only all right" };
  const options = Object.entries(verdicts).map((pair) => createOption(...pair));
  setOptions("verdict", withTruth ? options : []);
  const bands = data.bands.map((band, i) => createOption(i, nameOfBand(band))).reverse();
  const scored = drawings.some((d) => d.confidence !== undefined);
  setOptions("confidence", scored ? bands : []);
}

// --- selection ----------------------------------------------------------------------------------

function resetFilters() {
  cell = null;
  for (const id of FILTERS) byId(id).value = ALL;
  byId("find").value = "";
  fillParts();
}

function describeSelection(selected) {
  const { length } = selected;
  byId("count").textContent = plural(length, noun);
  byId("none").hidden = length > 0 || drawings.length === 0;
  byId("clear").hidden =
    !cell && !valueOf("find").trim() && FILTERS.every((id) => valueOf(id) === ALL);
  byId("cell").hidden = !cell;
  if (!cell) return;
  const count = selected.reduce((n, d) => n + countInCell(d), 0);
  const nameOfCell = (key) => (cell.of === "part" ? wordsOf(data.parts[key]) : nameOf(key));
  const predicted = cell.predicted === undefined ? "none" : nameOfCell(cell.predicted);
  const counted = plural(count, cell.of === "part" ? "stroke" : "drawing");
  const text = `${nameOfCell(cell.true)} called ${predicted}: ${counted}`;
  byId("cell").replaceChildren(text, createElement("span", "", " ✕"));
  byId("cell").setAttribute("aria-label", `${text}; show other cases, too`);
}

/** Select the drawings that a button in the tables stands for. */
function selectFromTable({ target }) {
  const button = target.closest("button.cell, button.pick");
  if (!button) return;
  resetFilters();
  const { category, part, predicted } = button.dataset;
  if (button.matches(".cell")) {
    const { of } = button.closest("[data-of]").dataset;
    const keyOf = (name) => (name === undefined || of === "category" ? name : data.parts.indexOf(name));
    cell = { of, true: keyOf(button.dataset.true), predicted: keyOf(predicted) };
    // The layer of objects shows no parts.
    if (layer === "object" && of === "part") switchTo("part");
  } else {
    byId(category === undefined ? "part" : "category").value = category ?? part;
    fillParts();
  }
  updateSelection();
  byId("controls").scrollIntoView();
  byId(cell ? "cell" : "count").focus({ preventScroll: true });
}

/** Move among the cells of the matrix by the arrow keys; only one of them can be tabbed to. */
function moveAmongCells(event) {
  const { target, key } = event;
  if (!target.matches("button.cell") || !key.startsWith("Arrow")) return;
  const td = target.parentElement;
  const row = td.parentElement;
  const buttons = [...row.querySelectorAll("button")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  let next = step && buttons[buttons.indexOf(target) + step];
  if (!step) {
    const rows = [...row.parentElement.rows];
    const nextRow = rows[rows.indexOf(row) + (key === "ArrowDown" ? 1 : -1)];
    // Cells of no strokes have no button, so take the one nearest to this column.
    const offset = (button) => Math.abs(button.parentElement.cellIndex - td.cellIndex);
    next =
      nextRow && [...nextRow.querySelectorAll("button")].sort((a, b) => offset(a) - offset(b))[0];
  }
  event.preventDefault();
  if (next) moveFocus(row.parentElement.querySelectorAll("button"), next);
}

/** Connect the buttons of the tables; disable those of which the page has no drawing. */
function connectTables() {
  const categories = [...byId("category").options].map(({ value }) => value);
  for (const button of document.querySelectorAll("button.pick")) {
    const { category, part } = button.dataset;
    const isThere = category === undefined ? data.parts.includes(part) : categories.includes(category);
    button.disabled = !isThere;
  }
  for (const matrix of document.querySelectorAll(".confusion")) {
    const first = matrix.querySelector("button.cell");
    if (first) first.tabIndex = 0;
  }
  for (const [type, listener] of [["click", selectFromTable], ["keydown", moveAmongCells]]) {
    document.querySelector(".folds").addEventListener(type, listener);
  }
}
