// Strokes and the meaning of their colours. page.py joins the scripts in its order into one function,
// so that their names are visible to each other alone.

const data = JSON.parse(document.getElementById("data").textContent);
const drawings = data.drawings;

const byId = (id) => document.getElementById(id);
const percent = (share) => `${Math.round(100 * share)}\u00a0%`;
const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
const unique = (values) => [...new Set(values)];

function createElement(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

function createSvgElement(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

const NO_NUMBER = ""; // instance number of strokes that have none
const hasNumber = (stroke) => stroke.number !== NO_NUMBER;

// The layers that a page can be coloured by.
const withObjects = drawings.some((d) => d.objects || d.trueObjects);
const withInstances = Object.values(data.inks).some((inks) => Object.keys(inks).some((n) => n > 0));
const layers = [
  ...(withObjects ? ["object"] : []),
  ...(!withObjects || Object.keys(data.legend).length ? ["part"] : []),
  ...(withInstances ? ["instance"] : []),
  ...(data.scored ? ["confidence"] : []),
];
let layer = layers[0];
// A page of scenes can hold plain drawings: these keep their parts in the layer of objects.
const byObject = (d) => layer === "object" && Boolean(d.objects || d.trueObjects);

// --- strokes -------------------------------------------------------------------------------

/** Return the index, category and colour of a stroke's object; nothing where it has none. */
function objectFields(objects, index) {
  if (!objects || !(index >= 0)) return {};
  return { object: index, category: objects.categories[index] || "", colour: objects.colours[index] };
}

const numberOf = (instances, i) =>
  instances && instances[i] !== null ? String(instances[i]) : NO_NUMBER;

/** Return the labels of each stroke of a drawing as the result has them. */
const predictedStrokes = (d) =>
  tellBySides(d.lines.map((_, i) => {
    const part = d.predicted && data.parts[d.predicted[i]];
    return {
      part,
      label: d.labels ? d.labels[i] : part,
      number: numberOf(d.instances, i),
      score: d.scores ? d.scores[i] : null,
      second: (d.seconds && d.seconds[i]) || null,
      pieces: piecesOf(d, i),
      ...objectFields(d.objects, d.objects && d.objects.of[i]),
    };
  }));

/** Return the true labels of each stroke of a drawing. */
const trueStrokes = (d) =>
  tellBySides(d.lines.map((_, i) => {
    const part = d.truth && data.parts[d.truth[i]];
    return {
      part,
      label: d.trueLabels ? d.trueLabels[i] : part,
      number: d.truth ? numberOf(d.trueInstances, i) : NO_NUMBER,
      ...objectFields(d.trueObjects, d.trueObjects && d.trueObjects.of[i]),
    };
  }));

/** Mark the strokes whose side alone tells their instance: there is one left front leg. */
function tellBySides(strokes) {
  const numbers = new Map();
  const keyOf = (s) => `${s.object} ${s.label}`;
  for (const s of strokes) numbers.set(keyOf(s), (numbers.get(keyOf(s)) || new Set()).add(s.number));
  for (const s of strokes) s.isTold = s.label !== s.part && numbers.get(keyOf(s)).size === 1;
  return strokes;
}

/** Return `tree`, `tree 4` where there are several, `object 3` for an object without category.
 *
 * Objects are counted from 1, as instances are.
 */
function nameOfObject(objects, index) {
  const category = objects.categories[index];
  if (!category) return `object ${index + 1}`;
  const title = nameOf(category);
  const alike = objects.categories.filter((other) => other === category);
  return alike.length > 1 ? `${title} ${index + 1}` : title;
}

const UNKNOWN = "nothing it knows"; // an object of no category of the taxonomy
const nameOfKind = (category) => (category ? nameOf(category) : UNKNOWN);
const nameOf = (category) => data.titles[category] || category || "no category";
// Labels as people write them: `front left leg` for `front-left-leg`.
const wordsOf = (label) => label && label.replace(/[-_]/g, " ");
const nameOfStroke = (s) =>
  s.number > 0 && !s.isTold ? `${wordsOf(s.label)} ${s.number}` : wordsOf(s.label);

// --- colours -------------------------------------------------------------------------------

/** Return the first band, from the highest down, whose limit a score in percent reaches. */
const bandOf = (score) => data.bands.find(({ least }) => score >= least);

const UNSCORED = [data.colours.unlabeled, [], 0.55];

function nameOfBand(band) {
  if (band === undefined) return "not known";
  const above = data.bands[data.bands.indexOf(band) - 1];
  if (!above) return `${band.least}\u00a0% and more`;
  return band.least ? `${band.least} to ${above.least}\u00a0%` : `under ${above.least}\u00a0%`;
}

/** Return a stroke's colour, dash and opacity in the page's layer. */
function inkOf(stroke, objects) {
  const { part, number, colour, score } = stroke;
  if (layer === "confidence" && score === null) return UNSCORED;
  // The truth has no scores (undefined), so in this layer it shows its parts.
  if (layer === "confidence" && score !== undefined) return bandOf(score).ink;
  if (objects) return [colour || data.colours.unlabeled, [], 1];
  const plain = [data.colours[part] || data.colours.unlabeled, [], 1];
  return (layer === "instance" && data.inks[part] && data.inks[part][number]) || plain;
}

function paint(line, width, [colour, dash, opacity]) {
  line.setAttribute("stroke", colour);
  line.setAttribute("stroke-opacity", opacity);
  line.setAttribute("stroke-dasharray", dash.map((v) => v * width).join(" ") || "none");
}

function swatch(ink, text, tag = "span") {
  const node = createElement(tag, "swatch");
  const svg = createSvgElement("svg", { viewBox: "0 0 22 4", "aria-hidden": "true" });
  svg.append(createSvgElement("path", { d: "M2 2H20", "stroke-linecap": "round" }));
  paint(svg.firstElementChild, 2.4, ink);
  node.append(svg, text);
  return node;
}

// Swatches are inline and don't break within; the blanks let a line break between them.
const spaced = (swatches) => swatches.flatMap((node) => [node, " "]);

/** Return the legend of some strokes: an entry for each part, or for each instance.
 *
 * `createEntry` builds each from an ink, a text and the strokes that have both.
 */
function legendOf(strokes, createEntry) {
  if (layer !== "instance") {
    const parts = unique(strokes.flatMap(partsOf));
    const ofPart = (part) => strokes.filter((s) => partsOf(s).includes(part));
    return spaced(parts.map((part) => createEntry(inkOf({ part }), wordsOf(part), ofPart(part))));
  }
  const entries = unique(strokes.filter(hasNumber).map((s) => s.label)).flatMap((label) => {
    const alike = strokes.filter((s) => s.label === label);
    const numbers = unique(alike.map((s) => s.number)).sort((a, b) => a - b);
    if (label !== alike[0].part && numbers.length === 1) {
      return [createEntry(inkOf(alike[0]), wordsOf(label), alike)];
    }
    const swatches = numbers.map((number) => {
      const ofInstance = alike.filter((s) => s.number === number);
      const text = number === "0" ? "no number" : number;
      return createEntry(inkOf(ofInstance[0]), text, ofInstance);
    });
    swatches[0].prepend(`${wordsOf(label)} `);
    return swatches;
  });
  const others = strokes.filter((s) => !hasNumber(s));
  if (others.length) {
    const parts = unique(others.map((s) => wordsOf(s.part))).join(", ");
    entries.push(createEntry(inkOf(others[0]), parts, others));
    entries.at(-1).classList.add("others");
  }
  return spaced(entries);
}

/** Return the legend of a scene's strokes by category of their object, the others last. */
function legendByCategory(strokes, createEntry) {
  const ofCategory = (category) =>
    legendOf(strokes.filter((s) => (s.category || "") === category), createEntry);
  const categories = unique(strokes.map((s) => s.category)).filter(Boolean).sort();
  const named = (category) => [createElement("b", "", nameOf(category)), " ", ...ofCategory(category)];
  return [...categories.flatMap(named), ...ofCategory("")];
}

/** Return the legend of confidence, the lowest first: of the bands of `strokes`, or of all. */
function legendOfBands(strokes, createEntry) {
  const inBand = (band) =>
    strokes && strokes.filter((s) => s.score !== null && bandOf(s.score) === band);
  const bands = [...data.bands].reverse().filter((band) => !strokes || inBand(band).length);
  const unscored = (strokes || []).filter((s) => s.score === null);
  return spaced([
    ...bands.map((band) => createEntry(band.ink, nameOfBand(band), inBand(band))),
    ...(unscored.length ? [createEntry(UNSCORED, nameOfBand(undefined), unscored)] : []),
  ]);
}
