// A card: a drawing's picture beside its truth's, and a description.

const nameOf = (category) => data.titles[category] || category || "no category";
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
    title = document.createElementNS(line.namespaceURI, "title");
    line.append(title);
  }
  title.textContent = text;
}

/** Return a stroke's name in the page's layer; undefined where it has no label there. */
function nameInLayer(d, stroke, objects) {
  if (byObject(d)) {
    return stroke.object === undefined ? undefined : nameOfObject(objects, stroke.object);
  }
  return layer === "instance" ? nameOfStroke(stroke) : stroke.part;
}

/** Draw a drawing with the labels that `readStrokes` returns for it. */
function drawPicture(d, readStrokes, objects, heading) {
  const svg = parseSvg(d.svg);
  const lines = [...svg.querySelectorAll("polyline")];
  const width = Number(svg.getAttribute("stroke-width"));
  const strokes = readStrokes(d, lines);
  lines.forEach((line, i) => paint(line, width, inkOf(strokes[i], byObject(d))));
  const namesOfStrokes = strokes.map((s) => nameInLayer(d, s, objects));
  const names = unique(namesOfStrokes).filter((n) => n !== undefined);
  const nothing = byObject(d) ? "no objects" : "no parts";
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${heading}: ${names.join(", ") || nothing}`);
  // A scene's picture shows its objects' names in every layer: parts would be too many to read.
  const ofObject = (s) => (s.object === undefined ? undefined : nameOfObject(objects, s.object));
  const groups = objects ? strokes.map(ofObject) : namesOfStrokes;
  const picture = { d, svg, lines, width, strokes, groups, objects };
  writeNames(picture);
  return picture;
}

/** Lay a dashed band under a stroke that is wrong. */
function addHalo({ svg, lines, width }, i, below) {
  const halo = lines[i].cloneNode(false);
  const isDot = lines[i].hasAttribute("data-dot");
  halo.setAttribute("class", isDot ? "halo dot" : "halo");
  halo.setAttribute("stroke-width", 4.5 * width);
  for (const name of ["stroke", "stroke-opacity", "stroke-dasharray"]) halo.removeAttribute(name);
  // A dot has no length to dash.
  if (!isDot) halo.setAttribute("stroke-dasharray", `${2 * width} ${1.2 * width}`);
  svg.insertBefore(halo, below);
}

/** Draw the result, with its mistakes marked. */
function drawResult(d) {
  const picture = drawPicture(d, predictedStrokes, d.objects, nameOf(d.category));
  const { lines, strokes } = picture;
  if (byObject(d)) {
    lines.forEach((line, i) => setTitle(line, nameInLayer(d, strokes[i], d.objects) || "no object"));
  }
  const correct = trueStrokes(d, lines);
  const first = lines[0]; // halos go below every stroke, so that they hide none
  for (const i of wrongStrokes(d)) {
    addHalo(picture, i, first);
    const title = lines[i].querySelector("title");
    const name =
      layer === "instance" ? correct[i].label : nameInLayer(d, correct[i], d.trueObjects);
    setTitle(lines[i], `${title ? title.textContent : "unlabeled"}, should be ${name}`);
  }
  return picture;
}

/** Draw the same strokes with their true labels. */
function drawTruth(d) {
  const picture = drawPicture(d, trueStrokes, d.trueObjects, "truth");
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
  if (misgrouped(d).length) phrases.push(`grouping of ${misgrouped(d).join(", ")} wrong`);
  return phrases.join(", ");
}

const meanScore = ({ scores }) => Math.round(scores.reduce((a, b) => a + b) / scores.length);

/** Return the indices of the objects that have strokes. */
const objectsOf = (strokes) => unique(strokes.map((s) => s.object)).filter((i) => i !== undefined);

function headingOf(d, result) {
  if (!result.objects || d.category) return d.heading || nameOf(d.category);
  const quality = d.agreement ? `, PQ\u00a0${percent(d.agreement.pq)}` : "";
  return plural(objectsOf(result.strokes).length, "object") + quality;
}

/** Return chips for the objects of a scene, then for those of the truth that it misses. */
function legendOfObjects(d, result, truth) {
  const trueObjectOf = new Map(objectMistakes(d).misnamed);
  const remark = (index) =>
    trueObjectOf.has(index)
      ? `, should be ${d.trueObjects.categories[trueObjectOf.get(index)] || "another thing"}`
      : "";
  const chips = objectsOf(result.strokes)
    .sort((a, b) => a - b)
    .map((index) => createObjectChip(d.objects, result.strokes, index, remark(index)));
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
  const id = createElement("code", "", d.id);
  id.title = d.id; // a long one is cut off
  const legend = createElement("p", "parts");
  legend.append(...legendOfCard(d, result, truth));
  const first = legend.querySelector(".chip");
  if (first) first.tabIndex = 0;
  box.append(id, legend);
  return box;
}

function captionOfTruth(d) {
  if (!d.truth && !byObject(d)) return "truth, without parts";
  return layer === "confidence" ? "truth, by part" : "truth";
}

function fillCard(card, d) {
  const pair = createElement("div", "pair");
  const result = drawResult(d);
  const truth = d.truth || d.trueObjects ? drawTruth(d) : null;
  pair.append(createFigure(result.svg, truth ? "labelled" : ""));
  if (truth) pair.append(createFigure(truth.svg, captionOfTruth(d)));
  picturesOfCard.set(card, truth ? [result, truth] : [result]);
  card.replaceChildren(pair, createDescription(d, result, truth));
  resetHighlight(card);
}

function createCard(d) {
  const card = createElement("li", d.objects || d.trueObjects ? "card scene" : "card");
  fillCard(card, d);
  return card;
}
