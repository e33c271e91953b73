// A card: a drawing's picture beside its truth's, and a description.

const nameOf = (category) => category || "no category";
const misnamed = (d) => d.trueCategory !== undefined && d.trueCategory !== d.category;
const sidesOf = (d) => (by === "instance" && d.wrongSides) || [];
const misgrouped = (d) => (by === "instance" && d.misgrouped) || [];
const disagreed = (d) => (byObject(d) && d.agreement) || { wrong: [], misnamed: [], missed: [], extra: 0 };
const wrongStrokes = (d) =>
  byObject(d) ? disagreed(d).wrong : [...(d.wrong || []), ...sidesOf(d)];

function mistaken(d) {
  const { misnamed: others, missed, extra } = disagreed(d);
  const several = [wrongStrokes(d), misgrouped(d), others, missed];
  return misnamed(d) || extra > 0 || several.some((all) => all.length > 0);
}

// --- pictures --------------------------------------------------------------------------------

function retitle(line, words) {
  let title = line.querySelector("title");
  if (!title) {
    title = document.createElementNS(line.namespaceURI, "title");
    line.append(title);
  }
  title.textContent = words;
}

/** What a stroke is called in the layer that is shown; undefined where it is nothing. */
function shownName(d, stroke, objects) {
  if (byObject(d)) return stroke.place === undefined ? undefined : nameOfObject(objects, stroke.place);
  return by === "instance" ? nameOfStroke(stroke) : stroke.part;
}

function draw(d, readStrokes, objects, heading) {
  const svg = parsed(d.svg);
  const lines = [...svg.querySelectorAll("polyline")];
  const width = Number(svg.getAttribute("stroke-width"));
  const strokes = readStrokes(d, lines);
  lines.forEach((line, i) => paint(line, width, inkOf(strokes[i], byObject(d))));
  const shown = strokes.map((s) => shownName(d, s, objects));
  const names = unique(shown).filter((n) => n !== undefined);
  const nothing = byObject(d) ? "no objects" : "no parts";
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${heading}: ${names.join(", ") || nothing}`);
  // A scene's picture shows its objects' names, whatever it is coloured by.
  const ofObject = (s) => (s.place === undefined ? undefined : nameOfObject(objects, s.place));
  const groups = objects ? strokes.map(ofObject) : shown;
  const drawn = { d, svg, lines, width, strokes, groups, objects };
  writeNames(drawn);
  return drawn;
}

/** The drawing as it was labelled, with a dashed band under the strokes that are wrong. */
function asLabelled(d) {
  const drawn = draw(d, labelled, d.objects, nameOf(d.category));
  const { svg, lines, width, strokes } = drawn;
  if (byObject(d)) {
    lines.forEach((line, i) => retitle(line, shownName(d, strokes[i], d.objects) || "no object"));
  }
  const true_ = meant(d, lines);
  const first = lines[0];
  for (const i of wrongStrokes(d)) {
    const halo = lines[i].cloneNode(false);
    const dot = lines[i].hasAttribute("data-dot");
    halo.setAttribute("class", dot ? "halo dot" : "halo");
    halo.setAttribute("stroke-width", 4.5 * width);
    for (const name of ["stroke", "stroke-opacity", "stroke-dasharray"]) halo.removeAttribute(name);
    if (!dot) halo.setAttribute("stroke-dasharray", `${2 * width} ${1.2 * width}`);
    svg.insertBefore(halo, first);
    const said = lines[i].querySelector("title");
    const should =
      by === "instance" ? true_[i].label : shownName(d, true_[i], d.trueObjects);
    retitle(lines[i], `${said ? said.textContent : "unlabeled"}, should be ${should}`);
  }
  return drawn;
}

/** The same strokes as they are in truth. */
function asTruth(d) {
  const drawn = draw(d, meant, d.trueObjects, "truth");
  drawn.strokes.forEach((stroke, i) => {
    const name = byObject(d) ? shownName(d, stroke, d.trueObjects) || "no object" : nameOfStroke(stroke);
    retitle(drawn.lines[i], name || "");
  });
  return drawn;
}

function picture(svg, caption) {
  const figure = element("figure");
  figure.append(svg);
  if (caption) figure.append(element("figcaption", "", caption));
  return figure;
}

// --- words -----------------------------------------------------------------------------------

function mistakes(d) {
  const words = [];
  if (byObject(d)) {
    const { missed, extra, misnamed: others } = disagreed(d);
    if (missed.length) words.push(`${missed.length} missed`);
    if (extra) words.push(`${extra} too many`);
    if (others.length) words.push(`${others.length} misnamed`);
    if (wrongStrokes(d).length) words.push(`${plural(wrongStrokes(d).length, "stroke")} wrong`);
    return words.join(", ");
  }
  if (d.wrong.length) words.push(`${d.wrong.length} of ${d.truth.length} wrong`);
  if (sidesOf(d).length) words.push(`${plural(sidesOf(d).length, "side")} wrong`);
  if (misgrouped(d).length) words.push(`grouping of ${misgrouped(d).join(", ")} wrong`);
  return words.join(", ");
}

function headOf(d, shown) {
  const judged = d.wrong || d.agreement;
  const scored = judged && d.score !== undefined ? ` ${percent(d.score)}` : "";
  if (!shown.objects || d.category) return nameOf(d.category) + scored;
  const places = unique(shown.strokes.map((s) => s.place)).filter((p) => p !== undefined);
  const quality = d.agreement ? `, PQ\u00a0${percent(d.agreement.pq)}` : "";
  return plural(places.length, "object") + quality;
}

/** The objects of a scene, then those of the truth that were not found. */
function objectsOf(d, shown, truth) {
  const others = new Map(disagreed(d).misnamed);
  const meantAs = (place) =>
    others.has(place) ? `, should be ${d.trueObjects.kinds[others.get(place)] || "another thing"}` : "";
  const places = unique(shown.strokes.map((s) => s.place)).filter((p) => p !== undefined);
  const chips = places
    .sort((a, b) => a - b)
    .map((place) => chipOfObject(d.objects, shown.strokes, place, meantAs(place)));
  const missed = disagreed(d).missed.map((place) => chipOfObject(d.trueObjects, truth.strokes, place));
  return [...spaced(chips), ...(missed.length ? [element("b", "", "missed"), " "] : []), ...spaced(missed)];
}

function legendOfCard(d, shown, truth) {
  if (byObject(d)) return objectsOf(d, shown, truth);
  const known = truth ? truth.strokes.filter((s) => s.part !== undefined) : [];
  if (by === "confidence") {
    const parts = known.length ? [element("b", "", "truth"), " ", ...legendByKind(known, chip)] : [];
    return [...legendOfBands(shown.strokes, chip), ...parts];
  }
  const strokes = [...shown.strokes.filter((s) => s.part !== undefined), ...known];
  return legendByKind(strokes, chip);
}

function about(d, shown, truth) {
  const box = element("div", "about");
  const said = element("p", "said");
  said.append(element("span", "", headOf(d, shown)));
  if (byObject(d) ? d.agreement : d.wrong) {
    const words = mistakes(d);
    said.append(element("span", words ? "wrong" : "", words || "all right"));
  } else if (d.confidence !== undefined) {
    said.append(element("span", "", `${percent(d.confidence)}\u00a0certain`));
  }
  box.append(said);
  if (misnamed(d)) box.append(element("p", "wrong", `should be ${nameOf(d.trueCategory)}`));
  const id = element("code", "", d.id);
  id.title = d.id;
  const legend = element("p", "parts");
  legend.append(...legendOfCard(d, shown, truth));
  const first = legend.querySelector(".chip");
  if (first) first.tabIndex = 0;
  box.append(id, legend);
  return box;
}

function captionOfTruth(d) {
  if (!d.truth && !byObject(d)) return "truth, without parts";
  return by === "confidence" ? "truth, by part" : "truth";
}

function fill(made, d) {
  const pair = element("div", "pair");
  const shown = asLabelled(d);
  const truth = d.truth || d.trueObjects ? asTruth(d) : null;
  pair.append(picture(shown.svg, truth ? "labelled" : ""));
  if (truth) pair.append(picture(truth.svg, captionOfTruth(d)));
  pictures.set(made, truth ? [shown, truth] : [shown]);
  made.replaceChildren(pair, about(d, shown, truth));
  stepBack(made);
}

function card(d) {
  const made = element("li", d.objects || d.trueObjects ? "card scene" : "card");
  fill(made, d);
  return made;
}
