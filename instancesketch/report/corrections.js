// Corrections of labels, made in the dialog and kept until they are saved as a file.
//
// `ingest RESULT --corrections corrections.json` makes labelled rows of the drawings in it.

// id -> {category, strokes: index -> {label, number}, objects: index -> category or null,
//        moved: index of a stroke -> index of its object, -1 for none}
const corrections = new Map();
let isSaved = true;

const correctionOf = (d) => corrections.get(d.id);
const isEmpty = ({ category, strokes, objects, moved }) =>
  category === undefined && !strokes.size && !objects.size && !moved.size;

/** Return the category of a drawing, or of an object of a scene, with corrections. */
function labelledCategory(d, object) {
  const fixed = correctionOf(d);
  if (object === undefined) return (fixed && fixed.category) ?? d.category;
  if (fixed && fixed.objects.has(object)) return fixed.objects.get(object) || "";
  return d.objects.categories[object] || "";
}

/** Return what a stroke of a category can be: `labels`, each with its part, and `countable`. */
const choicesOf = (category) => data.choices[category] || { labels: {}, countable: [] };
const isCountable = (category, label) => {
  const { labels, countable } = choicesOf(category);
  return countable.includes(labels[label]);
};

/** Return the category whose parts a stroke can be. */
const categoryOfStroke = (d, stroke) =>
  d.objects ? (stroke.object === undefined ? "" : labelledCategory(d, stroke.object)) : labelledCategory(d);

/** Return the labels of each stroke, with corrections. */
function labelledStrokes(d) {
  const fixed = correctionOf(d);
  const strokes = predictedStrokes(d);
  if (!fixed) return strokes;
  const objects = labelledObjects(d);
  strokes.forEach((stroke, i) => {
    if (fixed.moved.has(i)) moveTo(fixed.moved.get(i), stroke, objects);
    if (stroke.object !== undefined) stroke.category = objects.categories[stroke.object];
    const category = categoryOfStroke(d, stroke);
    if (!d.objects && category in data.choices && !Object.keys(choicesOf(category).labels).length) {
      // `other` and `scene` have no parts.
      Object.assign(stroke, { part: undefined, label: undefined, number: NO_NUMBER });
    }
    settlePieces(stroke, category);
    if (d.objects) settleMoved(fixed, i, stroke, category);
    const change = fixed.strokes.get(i);
    if (!change) return;
    const part = choicesOf(category).labels[change.label] ?? change.label;
    Object.assign(stroke, change, { part, score: null, second: null, pieces: [], isCorrected: true });
  });
  return tellBySides(strokes);
}

// --- changes -----------------------------------------------------------------------------------

function change(d, apply) {
  const fixed = correctionOf(d) || {
    category: undefined, strokes: new Map(), objects: new Map(), moved: new Map(),
  };
  corrections.set(d.id, fixed);
  apply(fixed);
  onCorrection(d);
}

function onCorrection(d) {
  isSaved = corrections.size === 0;
  describeCorrections();
  const card = [...list.children].find((c) => drawingOf(c) === d);
  if (card) fillCard(card, d);
  refillLarge();
}

function correctStroke(d, i, label, number) {
  change(d, (fixed) => fixed.strokes.set(i, { label, number }));
}

/** Take the labels that a new category doesn't have back to `unlabeled`. */
function dropForeignLabels(d, fixed, concerns) {
  labelledStrokes(d).forEach((stroke, i) => {
    const { labels } = choicesOf(categoryOfStroke(d, stroke));
    if (!concerns(stroke) || !Object.keys(labels).length || stroke.label in labels) return;
    fixed.strokes.set(i, { label: "unlabeled", number: NO_NUMBER });
  });
}

function correctCategory(d, object, category) {
  change(d, (fixed) => {
    if (object === undefined) fixed.category = category === d.category ? undefined : category;
    else fixed.objects.set(object, category || null);
    const concerns = (stroke) => object === undefined || stroke.object === object;
    // Corrections for the category before would not fit this one.
    for (const [i, stroke] of labelledStrokes(d).entries()) {
      if (concerns(stroke) && !(stroke.label in choicesOf(category).labels)) fixed.strokes.delete(i);
    }
    dropForeignLabels(d, fixed, concerns);
  });
}

function takeBack(d) {
  corrections.delete(d.id);
  onCorrection(d);
}

// --- fields ------------------------------------------------------------------------------------

function createSelect(name, options, value, onChange) {
  const select = createElement("select");
  select.setAttribute("aria-label", name);
  // What is there but can't be chosen again, such as a drawing without a category.
  if (!options.some(([key]) => key === value)) select.append(createOption(value ?? "", "–"));
  select.append(...options.map(([key, text]) => createOption(key, text)));
  select.value = value ?? "";
  select.addEventListener("change", () => onChange(select.value));
  return select;
}

const categoryOptions = (isObject) =>
  Object.entries(data.choices)
    .filter(([, { labels }]) => !isObject || Object.keys(labels).length)
    .map(([name]) => [name, nameOf(name)])
    .concat(isObject ? [["", UNKNOWN]] : []);

function createPartField(d, i, stroke) {
  const category = categoryOfStroke(d, stroke);
  const labels = Object.keys(choicesOf(category).labels);
  const entry = swatch(inkOfPart(stroke.part), labels.length ? "" : wordsOf(stroke.label) || "–");
  if (!labels.length) return entry;
  const choose = (label) => {
    const number = isCountable(category, label) ? (stroke.number === NO_NUMBER ? "0" : stroke.number) : NO_NUMBER;
    correctStroke(d, i, label, number);
  };
  const options = labels.map((label) => [label, wordsOf(label)]);
  entry.append(createSelect(`part of stroke ${i + 1}`, options, stroke.label, choose));
  return entry;
}

function createInstanceField(d, i, stroke) {
  if (!isCountable(categoryOfStroke(d, stroke), stroke.label)) {
    const dash = createElement("span", "", "–");
    if (stroke.label) dash.title = `${wordsOf(stroke.label)} is not counted`;
    return dash;
  }
  const field = createElement("input", "number");
  Object.assign(field, { type: "number", min: 1, step: 1, placeholder: "?" });
  field.setAttribute("aria-label", `instance of stroke ${i + 1}`);
  field.value = stroke.number > 0 ? stroke.number : "";
  field.addEventListener("change", () => {
    // Empty: several at once, or unknown.
    const number = Number.isInteger(field.valueAsNumber) && field.valueAsNumber > 0 ? field.valueAsNumber : 0;
    correctStroke(d, i, stroke.label, String(number));
  });
  return field;
}

/** Return the lines in which the category of a drawing, or of each object, can be corrected. */
function createCategoryFields(d) {
  if (!d.objects) {
    const choose = (category) => correctCategory(d, undefined, category);
    const field = createSelect("category", categoryOptions(false), labelledCategory(d), choose);
    return [createFact("category", field)];
  }
  return createObjectFields(d);
}

/** Return the buttons below the fields: find it right as it is, or take corrections back. */
function createVerdict(d) {
  const box = createElement("p", "verdict");
  const fixed = correctionOf(d);
  const button = createElement("button", "", fixed ? "take back" : "all is right");
  button.type = "button";
  button.addEventListener("click", () => {
    if (fixed) takeBack(d);
    else change(d, () => {});
    largeBody.querySelector(".verdict button").focus();
  });
  const note = fixed ? (isEmpty(fixed) ? "found right as it is" : "corrected") : "";
  box.append(button, " ", createElement("span", "", note));
  return box;
}

// --- file --------------------------------------------------------------------------------------

function toEntry([id, { category, strokes, objects, moved }]) {
  const entry = { sketch_id: id };
  if (category !== undefined) entry.category = category;
  const inOrder = (map) => [...map].sort(([a], [b]) => a - b);
  const changed = inOrder(new Map([...moved, ...strokes])).map(([i]) => {
    const stroke = { stroke: i + 1 };
    if (moved.has(i)) stroke.object = moved.get(i) < 0 ? null : moved.get(i) + 1;
    if (!strokes.has(i)) return stroke;
    const { label, number } = strokes.get(i);
    return { ...stroke, label, instance: number === NO_NUMBER ? null : Number(number) };
  });
  if (changed.length) entry.strokes = changed;
  if (objects.size) {
    entry.objects = inOrder(objects).map(([i, name]) => ({ object: i + 1, category: name }));
  }
  return entry;
}

function saveCorrections() {
  const drawings = [...corrections].map(toEntry);
  const text = JSON.stringify({ result: document.title, drawings }, null, 1);
  download("corrections.json", `${text}\n`, "application/json");
  isSaved = true;
  describeCorrections();
}

function describeCorrections() {
  byId("corrections").hidden = !corrections.size;
  const done = isSaved ? "saved" : "save";
  byId("save-corrections").textContent = `${done} ${plural(corrections.size, "correction")}`;
}

function listenToCorrections() {
  byId("save-corrections").addEventListener("click", saveCorrections);
  addEventListener("beforeunload", (event) => {
    if (!isSaved) event.preventDefault(); // the browser asks
  });
}
