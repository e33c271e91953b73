"use strict";

// Strokes and the meaning of their colours. page.py joins the scripts in its order into one function,
// so that their names are visible to each other alone.

const data = JSON.parse(document.getElementById("data").textContent);
const drawings = data.drawings;

const byId = (id) => document.getElementById(id);
const percent = (share) => `${Math.round(100 * share)}\u00a0%`;
const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
const unique = (values) => [...new Set(values)];

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function parsed(svg) {
  const holder = document.createElement("template");
  holder.innerHTML = svg;
  return holder.content.firstElementChild;
}

const ANY = ""; // instance number of strokes that have none
const isCounted = (stroke) => stroke.number !== ANY;

// The layers that a page can be coloured by.
const withObjects = drawings.some((d) => d.objects || d.trueObjects);
const counted = Object.values(data.inks).some((of) => Object.keys(of).some((n) => n > 0));
const layers = [
  ...(withObjects ? ["object"] : []),
  ...(!withObjects || Object.keys(data.legend).length ? ["part"] : []),
  ...(counted ? ["instance"] : []),
  ...(drawings.some((d) => d.scores) ? ["confidence"] : []),
];
let by = layers[0];
const byObject = (d) => by === "object" && Boolean(d.objects || d.trueObjects);

// --- strokes -------------------------------------------------------------------------------

/** What tells an object's strokes from others: its place, its category and its colour. */
function objectOf(objects, place) {
  if (!objects || !(place >= 0)) return {};
  return { place, kind: objects.kinds[place] || "", colour: objects.colours[place] };
}

/** What each stroke of a drawing is, as it was labelled. */
const labelled = (d, lines) =>
  lines.map(({ dataset }, i) => ({
    score: d.scores ? d.scores[i] : null,
    part: dataset.part,
    label: dataset.label || dataset.part,
    number: dataset.instance || ANY,
    ...objectOf(d.objects, dataset.object && Number(dataset.object)),
  }));

/** What each stroke of a drawing is in truth. */
const meant = (d, lines) =>
  lines.map((_, i) => {
    const part = d.truth ? data.parts[d.truth[i]] : undefined;
    const number = d.truth && d.trueInstances ? d.trueInstances[i] : null;
    const label = d.trueLabels ? d.trueLabels[i] : part;
    const known = { part, label, number: number === null ? ANY : String(number) };
    return { ...known, ...objectOf(d.trueObjects, d.trueObjects && d.trueObjects.of[i]) };
  });

/** `tree`, `tree 4` where there are several, `object 3` where it is none of the categories. */
function nameOfObject(objects, place) {
  const kind = objects.kinds[place];
  if (!kind) return `object ${place}`;
  return objects.kinds.filter((other) => other === kind).length > 1 ? `${kind} ${place}` : kind;
}

const nameOfStroke = (s) => (s.number > 0 ? `${s.label} ${s.number}` : s.label);

// --- colours -------------------------------------------------------------------------------

/** Of a score in percent: the first that it reaches of the bands, which go down. */
const bandOf = (score) => data.bands.find(({ least }) => score >= least);

const UNSCORED = [data.colours.unlabeled, [], 0.55];

function nameOfBand(band) {
  if (band === undefined) return "not known";
  const above = data.bands[data.bands.indexOf(band) - 1];
  if (!above) return `${band.least}\u00a0% and more`;
  return band.least ? `${band.least} to ${above.least}\u00a0%` : `under ${above.least}\u00a0%`;
}

/** Colour, dash and opacity of a stroke of a drawing, by what the page is coloured by. */
function inkOf(stroke, objects) {
  const { part, number, colour, score } = stroke;
  if (by === "confidence" && score === null) return UNSCORED;
  if (by === "confidence" && score !== undefined) return bandOf(score).ink;
  if (objects) return [colour || data.colours.unlabeled, [], 1];
  const plain = [data.colours[part] || data.colours.unlabeled, [], 1];
  return (by === "instance" && data.inks[part] && data.inks[part][number]) || plain;
}

function paint(line, width, [colour, dash, opacity]) {
  line.setAttribute("stroke", colour);
  line.setAttribute("stroke-opacity", opacity);
  line.setAttribute("stroke-dasharray", dash.map((v) => v * width).join(" ") || "none");
}

function swatch(ink, text, tag = "span") {
  const made = element(tag, "swatch");
  const svg = parsed('<svg viewBox="0 0 22 4"><path d="M2 2H20" stroke-linecap="round"/></svg>');
  svg.setAttribute("aria-hidden", "true");
  paint(svg.firstElementChild, 2.4, ink);
  made.append(svg, text);
  return made;
}

const spaced = (swatches) => swatches.flatMap((made) => [made, " "]);

/** What the colours of some strokes mean: a line for each part, or for each instance.
 *
 * `make` makes each, of ink, words and the strokes that it is for.
 */
function legendOf(strokes, make) {
  if (by !== "instance") {
    const parts = unique(strokes.map((s) => s.part));
    const of = (part) => strokes.filter((s) => s.part === part);
    return spaced(parts.map((part) => make(inkOf({ part }), part, of(part))));
  }
  const lines = unique(strokes.filter(isCounted).map((s) => s.label)).flatMap((label) => {
    const same = strokes.filter((s) => s.label === label);
    const numbers = unique(same.map((s) => s.number)).sort((a, b) => a - b);
    if (label !== same[0].part && numbers.length === 1) return [make(inkOf(same[0]), label, same)];
    const swatches = numbers.map((number) => {
      const meant = same.filter((s) => s.number === number);
      return make(inkOf(meant[0]), number === "0" ? "no number" : number, meant);
    });
    swatches[0].prepend(`${label} `);
    return swatches;
  });
  const others = strokes.filter((s) => !isCounted(s));
  if (others.length) {
    lines.push(make(inkOf(others[0]), unique(others.map((s) => s.part)).join(", "), others));
    lines.at(-1).classList.add("others");
  }
  return spaced(lines);
}

/** The same of a scene, category by category, and last what is of none. */
function legendByKind(strokes, make) {
  const of = (kind) => legendOf(strokes.filter((s) => (s.kind || "") === kind), make);
  const kinds = unique(strokes.map((s) => s.kind)).filter(Boolean).sort();
  return [...kinds.flatMap((kind) => [element("b", "", kind), " ", ...of(kind)]), ...of("")];
}

/** What the colours of confidence mean, from the least sure; of `strokes`, or all there are. */
function legendOfBands(strokes, make) {
  const of = (band) => strokes && strokes.filter((s) => s.score !== null && bandOf(s.score) === band);
  const bands = [...data.bands].reverse().filter((band) => !strokes || of(band).length);
  const unscored = (strokes || []).filter((s) => s.score === null);
  return spaced([
    ...bands.map((band) => make(band.ink, nameOfBand(band), of(band))),
    ...(unscored.length ? [make(UNSCORED, nameOfBand(undefined), unscored)] : []),
  ]);
}
