// A card: a drawing's picture beside its truth's, and a description.

const isMisnamed = (d) => d.trueCategory !== undefined && d.trueCategory !== d.category;
// Sides and grouping belong to instances, and each layer marks its own mistakes alone.
const wrongSides = (d) => (layer === "instance" && d.wrongSides) || [];
const misgrouped = (d) => (layer === "instance" && d.misgrouped) || [];
const NO_MISTAKES = { wrong: [], misnamed: [], missed: [], extra: 0 };
const objectMistakes = (d) => (byObject(d) && d.agreement) || NO_MISTAKES;
const wrongStrokes = (d) =>
  byObject(d) ? objectMistakes(d).wrong : [...(d.wrong || []), ...wrongSides(d)];

function hasMistake(d) {
  const { misnamed, missed, extra } = objectMistakes(d);
  const lists = [wrongStrokes(d), misgrouped(d), misnamed, missed];
  return isMisnamed(d) || extra > 0 || lists.some((list) => list.length > 0);
}

// --- pictures --------------------------------------------------------------------------------

function setTitle(line, text) {
  let title = line.querySelector("title");
  if (!title) {
    title = createSvgElement("title", {});
    line.append(title);
  }
  title.textContent = text;
}

/** Return the tooltip of a stroke: `front left leg (dog) 93 %, or head 5 %`. */
function describeStroke(stroke, objects) {
  const words = [stroke.part === undefined ? "unlabeled" : nameOfStroke(stroke)];
  if (stroke.object !== undefined) words.push(`(${nameOfObject(objects, stroke.object)})`);
  if (stroke.isCorrected) words.push("(corrected)");
  if (stroke.score !== null) words.push(`${stroke.score} %`);
  const second = stroke.second ? `, or ${nameOfSecond(stroke.second)}` : "";
  return words.join(" ") + second + (isMixed(stroke) ? `, ${describePieces(stroke)}` : "");
}

const nameOfSecond = ([part, score]) => `${wordsOf(data.parts[part])} ${score} %`;

/** Return a stroke's name in the page's layer; undefined where it has no label there. */
function nameInLayer(d, stroke, objects) {
  if (byObject(d)) {
    return stroke.object === undefined ? undefined : nameOfObject(objects, stroke.object);
  }
  return layer === "instance" ? nameOfStroke(stroke) : wordsOf(stroke.part);
}

/** Return shorter forms of a stroke's name, which its colour completes: `front left` and `left` for
 * `front left leg`, `3` for `petal 3`.
 */
function shortNamesOf(stroke) {
  if (stroke.number > 0 && !stroke.isTold) return [stroke.number];
  if (stroke.label === stroke.part) return [];
  const words = wordsOf(stroke.label).split(" ").slice(0, -1);
  return unique([words.join(" "), words.at(-1)]);
}

/** Return a drawing's picture, and its lines without colours. */
function createPicture({ box, lines }, width) {
  const svg = createSvgElement("svg", {
    viewBox: box,
    fill: "none",
    "stroke-width": width,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  });
  const polylines = lines.map((points) => createSvgElement("polyline", { points }));
  svg.append(...polylines);
  return [svg, polylines];
}

/** Draw a drawing with the labels that `readStrokes` returns for it.
 *
 * `thickness` is the width of strokes in that of a card's.
 */
function drawPicture(d, readStrokes, objects, heading, thickness) {
  const width = thickness * d.width;
  const [svg, lines] = createPicture(d, width);
  const strokes = readStrokes(d);
  lines.forEach((line, i) => paint(line, width, inkOf(strokes[i], byObject(d))));
  const namesOfStrokes = strokes.map((s) => nameInLayer(d, s, objects));
  const pieces = lines.map((line, i) => drawPieces(d, strokes[i], line, width));
  // A scene's picture shows its objects' names in every layer: parts would be too many to read.
  const ofObject = (s) => (s.object === undefined ? undefined : nameOfObject(objects, s.object));
  const groups = objects ? strokes.map(ofObject) : namesOfStrokes;
  // What names stand beside: those of parts, beside each piece of a stroke.
  const nameOfPiece = (i, k) => (objects ? groups[i] : wordsOf(strokes[i].pieces[k].part));
  const named = lines.flatMap((line, i) =>
    pieces[i].length
      ? pieces[i].map((piece, k) => ({ line: piece, name: nameOfPiece(i, k), stroke: i }))
      : [{ line, name: groups[i], stroke: i }],
  );
  const names = unique(objects ? namesOfStrokes : named.map(({ name }) => name)).filter((n) => n !== undefined);
  const nothing = byObject(d) ? "no objects" : "no parts";
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${heading}: ${names.join(", ") || nothing}`);
  const shortened = objects || layer !== "instance" ? [] : strokes;
  const shortNames = new Map(shortened.map((s) => [nameOfStroke(s), shortNamesOf(s)]));
  return { d, svg, lines, width, strokes, named, objects, shortNames };
}

/** Lay a dashed band under a stroke that is wrong. */
function addHalo({ d, svg, lines, width }, i, below) {
  const halo = lines[i].cloneNode(false);
  const isDot = d.lines[i].split(" ").length === 2 && new Set(d.lines[i].split(" ")).size === 1;
  halo.setAttribute("class", isDot ? "halo dot" : "halo");
  halo.setAttribute("stroke-width", 4.5 * width);
  for (const name of ["stroke", "stroke-opacity", "stroke-dasharray"]) halo.removeAttribute(name);
  // A dot has no length to dash.
  if (!isDot) halo.setAttribute("stroke-dasharray", `${2 * width} ${1.2 * width}`);
  svg.insertBefore(halo, below);
}

/** Draw the result, with its mistakes marked. */
function drawResult(d, thickness) {
  const objects = labelledObjects(d);
  const picture = drawPicture(d, labelledStrokes, objects, nameOf(d.category), thickness);
  const { lines, strokes } = picture;
  lines.forEach((line, i) => {
    const name = byObject(d) ? nameInLayer(d, strokes[i], objects) || "no object" : null;
    setTitle(line, name ?? describeStroke(strokes[i], objects));
  });
  const correct = trueStrokes(d);
  const first = lines[0]; // halos go below every stroke, so that they hide none
  for (const i of wrongStrokes(d)) {
    addHalo(picture, i, first);
    const name =
      layer === "instance" ? wordsOf(correct[i].label) : nameInLayer(d, correct[i], d.trueObjects);
    setTitle(lines[i], `${lines[i].textContent}, should be ${name}`);
  }
  return picture;
}

/** Draw the same strokes with their true labels. */
function drawTruth(d, thickness) {
  const picture = drawPicture(d, trueStrokes, d.trueObjects, "truth", thickness);
  picture.strokes.forEach((stroke, i) => {
    const name = byObject(d)
      ? nameInLayer(d, stroke, d.trueObjects) || "no object"
      : nameOfStroke(stroke);
    setTitle(picture.lines[i], name || "");
  });
  return picture;
}

function createFigure(svg, caption) {
  const figure = createElement("figure");
  figure.append(svg);
  if (caption) figure.append(createElement("figcaption", "", caption));
  return figure;
}

// --- text ------------------------------------------------------------------------------------

function describeMistakes(d) {
  const phrases = [];
  if (byObject(d)) {
    const { missed, extra, misnamed } = objectMistakes(d);
    if (missed.length) phrases.push(`${missed.length} missed`);
    if (extra) phrases.push(`${extra} too many`);
    if (misnamed.length) phrases.push(`${misnamed.length} misnamed`);
    if (wrongStrokes(d).length) phrases.push(`${plural(wrongStrokes(d).length, "stroke")} wrong`);
    return phrases.join(", ");
  }
  if (d.wrong.length) phrases.push(`${d.wrong.length} of ${d.truth.length} wrong`);
  if (wrongSides(d).length) phrases.push(`${plural(wrongSides(d).length, "side")} wrong`);
  if (misgrouped(d).length) phrases.push(`grouping of ${misgrouped(d).map(wordsOf).join(", ")} wrong`);
  return phrases.join(", ");
}

const meanScore = ({ scores }) => Math.round(scores.reduce((a, b) => a + b) / scores.length);

/** Return the indices of the objects that have strokes. */
const objectsOf = (strokes) => unique(strokes.map((s) => s.object)).filter((i) => i !== undefined);

function headingOf(d, result) {
  if (!result.objects || d.category) return titleOf(d);
  const quality = d.agreement ? `, PQ\u00a0${percent(d.agreement.pq)}` : "";
  return plural(objectsOf(result.strokes).length, "object") + quality;
}

/** Return chips for the objects of a scene, then for those of the truth that it misses. */
function legendOfObjects(d, result, truth) {
  const trueObjectOf = new Map(objectMistakes(d).misnamed);
  const remark = (index) =>
    trueObjectOf.has(index)
      ? `, should be ${nameOfKind(d.trueObjects.categories[trueObjectOf.get(index)])}`
      : "";
  const chips = objectsOf(result.strokes)
    .sort((a, b) => a - b)
    .map((index) => createObjectChip(result.objects, result.strokes, index, remark(index)));
  const missed = objectMistakes(d).missed.map((index) =>
    createObjectChip(d.trueObjects, truth.strokes, index),
  );
  const heading = missed.length ? [createElement("b", "", "missed"), " "] : [];
  return [...spaced(chips), ...heading, ...spaced(missed)];
}

function legendOfCard(d, result, truth) {
  if (byObject(d)) return legendOfObjects(d, result, truth);
  const withPart = truth ? truth.strokes.filter((s) => s.part !== undefined) : [];
  if (layer === "confidence") {
    const heading = [createElement("b", "", "truth"), " "];
    const parts = withPart.length ? [...heading, ...legendByCategory(withPart, createChip)] : [];
    return [...legendOfBands(result.strokes, createChip), ...parts];
  }
  const strokes = [...result.strokes.filter((s) => s.part !== undefined), ...withPart];
  return legendByCategory(strokes, createChip);
}

function createDescription(d, result, truth) {
  const box = createElement("div", "about");
  const summary = createElement("p", "summary");
  summary.append(createElement("span", "", headingOf(d, result)));
  if (byObject(d) ? d.agreement : d.wrong) {
    const mistakes = describeMistakes(d);
    summary.append(createElement("span", mistakes ? "wrong" : "", mistakes || "all right"));
  } else if (d.heading) {
    // It has the score of the category.
    if (d.scores) summary.append(createElement("span", "", `parts ${meanScore(d)}\u00a0%`));
  } else if (d.confidence !== undefined) {
    summary.append(createElement("span", "", `${percent(d.confidence)}\u00a0certain`));
  }
  box.append(summary);
  if (isMisnamed(d)) {
    box.append(createElement("p", "wrong", `should be ${nameOf(d.trueCategory)}`));
  }
  if (correctionOf(d)) box.append(createElement("p", "corrected", "corrected here"));
  const code = createElement("code", "", d.id);
  code.title = d.id; // a long one is cut off
  const open = createElement("button", "open");
  open.type = "button";
  open.setAttribute("aria-label", `open ${d.id}`);
  open.append(code);
  const legend = createElement("p", "parts");
  legend.append(...legendOfCard(d, result, truth));
  const first = legend.querySelector(".chip");
  if (first) first.tabIndex = 0;
  box.append(open, legend);
  return box;
}

function captionOfTruth(d) {
  if (!d.truth && !byObject(d)) return "truth, without parts";
  return layer === "confidence" ? "truth, by part" : "truth";
}

/** Return the picture of a drawing's labels, and that of its truth if it has one. */
const picturesOf = (d, thickness = 1) =>
  [drawResult, ...(d.truth || d.trueObjects ? [drawTruth] : [])].map((draw) => draw(d, thickness));

const drawingOfCard = new WeakMap();
const drawingOf = (card) => drawingOfCard.get(card);

function fillCard(card, d) {
  if (!isLoaded(d)) return;
  const pair = createElement("div", "pair");
  const pictures = picturesOf(d);
  const [result, truth] = pictures;
  if (byId("names").checked) pictures.forEach((picture) => writeNames(picture));
  pair.append(createFigure(result.svg, truth ? "labelled" : ""));
  if (truth) pair.append(createFigure(truth.svg, captionOfTruth(d)));
  picturesOfCard.set(card, pictures);
  card.replaceChildren(createTick(d), pair, createDescription(d, result, truth));
  resetHighlight(card);
}

function createCard(d) {
  const isScene = d.objects || d.trueObjects;
  const card = createElement("li", isScene ? "drawing card scene" : "drawing card");
  drawingOfCard.set(card, d);
  picturesOfCard.set(card, []);
  if (isLoaded(d)) {
    fillCard(card, d);
  } else {
    card.append(createElement("code", "", d.id));
    load(d).then(() => fillCard(card, d));
  }
  return card;
}
