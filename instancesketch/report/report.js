"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const drawings = data.drawings;
  const withTruth = drawings.some((d) => d.truth || d.trueCategory !== undefined);
  const BATCH = 48;

  const byId = (id) => document.getElementById(id);
  const list = byId("drawings");
  const more = byId("more");

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  const percent = (share) => `${Math.round(100 * share)}\u00a0%`;
  const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
  const nameOf = (category) => category || "no category";
  const misnamed = (d) => d.trueCategory !== undefined && d.trueCategory !== d.category;
  const sidesOf = (d) => (by === "instance" && d.wrongSides) || [];
  const misgrouped = (d) => (by === "instance" && d.misgrouped) || [];
  const wrongStrokes = (d) => [...(d.wrong || []), ...sidesOf(d)];
  const mistaken = (d) => misnamed(d) || wrongStrokes(d).length > 0 || misgrouped(d).length > 0;

  // --- colours -----------------------------------------------------------------------------

  const ANY = ""; // the number of what is not counted
  const counted = Object.values(data.inks).some((of) => Object.keys(of).some((n) => n > 0));
  let by = "part";

  /** Colour, dash and opacity of a stroke, by what the page is coloured by. */
  function inkOf({ part, number }) {
    const plain = [data.colours[part] || data.colours.unlabeled, [], 1];
    return (by === "instance" && data.inks[part] && data.inks[part][number]) || plain;
  }

  function paint(line, width, [colour, dash, opacity]) {
    line.setAttribute("stroke", colour);
    line.setAttribute("stroke-opacity", opacity);
    line.setAttribute("stroke-dasharray", dash.map((v) => v * width).join(" ") || "none");
  }

  function swatch(stroke, text) {
    const made = element("span", "swatch");
    const svg = parsed('<svg viewBox="0 0 22 4"><path d="M2 2H20" stroke-linecap="round"/></svg>');
    svg.setAttribute("aria-hidden", "true");
    paint(svg.firstElementChild, 2.4, inkOf(stroke));
    made.append(svg, text);
    return made;
  }

  const unique = (values) => [...new Set(values)];
  const isCounted = (stroke) => stroke.number !== ANY;

  /** What the colours of some strokes mean: a line for each part, or for each instance. */
  function legendOf(strokes) {
    const spaced = (swatches) => swatches.flatMap((made) => [made, " "]);
    if (by === "part") {
      return spaced(unique(strokes.map((s) => s.part)).map((part) => swatch({ part }, part)));
    }
    const lines = unique(strokes.filter(isCounted).map((s) => s.label)).flatMap((label) => {
      const same = strokes.filter((s) => s.label === label);
      const numbers = unique(same.map((s) => s.number)).sort((a, b) => a - b);
      if (label !== same[0].part && numbers.length === 1) return [swatch(same[0], label)];
      const swatches = numbers.map((number) =>
        swatch({ part: same[0].part, number }, number === "0" ? "no number" : number),
      );
      swatches[0].prepend(`${label} `);
      return swatches;
    });
    const others = unique(strokes.filter((s) => !isCounted(s)).map((s) => s.part));
    if (others.length) {
      lines.push(swatch({ part: others[0], number: ANY }, others.join(", ")));
      lines.at(-1).classList.add("others");
    }
    return spaced(lines);
  }

  // --- one drawing -------------------------------------------------------------------------

  function parsed(svg) {
    const holder = document.createElement("template");
    holder.innerHTML = svg;
    return holder.content.firstElementChild;
  }

  function retitle(stroke, words) {
    let title = stroke.querySelector("title");
    if (!title) {
      title = document.createElementNS(stroke.namespaceURI, "title");
      stroke.append(title);
    }
    title.textContent = words;
  }

  /** What each stroke of a drawing is, as it was labelled. */
  const labelled = (lines) =>
    lines.map(({ dataset }) => ({
      part: dataset.part,
      label: dataset.label || dataset.part,
      number: dataset.instance || ANY,
    }));

  /** What each stroke of a drawing is in truth. */
  const meant = (d) =>
    d.truth.map((place, i) => {
      const part = data.parts[place];
      const number = d.trueInstances ? d.trueInstances[i] : null;
      const label = d.trueLabels ? d.trueLabels[i] : part;
      return { part, label, number: number === null ? ANY : String(number) };
    });

  const nameOfStroke = (s) => (s.number > 0 ? `${s.label} ${s.number}` : s.label);
  const shownName = (s) => (by === "part" ? s.part : nameOfStroke(s));

  function draw(d, strokesOf, heading) {
    const svg = parsed(d.svg);
    const lines = [...svg.querySelectorAll("polyline")];
    const width = Number(svg.getAttribute("stroke-width"));
    const strokes = strokesOf(lines);
    lines.forEach((line, i) => paint(line, width, inkOf(strokes[i])));
    const names = unique(strokes.map(shownName)).filter((name) => name !== undefined);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${heading}: ${names.join(", ") || "no parts"}`);
    return { svg, lines, width, strokes: strokes.filter((s) => s.part !== undefined) };
  }

  /** The drawing as it was labelled, with a dashed band under the strokes that are wrong. */
  function asLabelled(d) {
    const drawn = draw(d, labelled, nameOf(d.category));
    for (const i of wrongStrokes(d)) {
      const line = drawn.lines[i];
      const halo = line.cloneNode(false);
      const dot = line.hasAttribute("data-dot");
      halo.setAttribute("class", dot ? "halo dot" : "halo");
      halo.setAttribute("stroke-width", 4.5 * drawn.width);
      for (const name of ["stroke", "stroke-opacity", "stroke-dasharray"]) halo.removeAttribute(name);
      if (!dot) halo.setAttribute("stroke-dasharray", `${2 * drawn.width} ${1.2 * drawn.width}`);
      drawn.svg.insertBefore(halo, drawn.lines[0]);
      const said = line.querySelector("title");
      const should = by === "part" ? meant(d)[i].part : meant(d)[i].label;
      retitle(line, `${said ? said.textContent : "unlabeled"}, should be ${should}`);
    }
    return drawn;
  }

  /** The same strokes as they are in truth. */
  function asTruth(d) {
    const drawn = draw(d, () => meant(d), "truth");
    meant(d).forEach((stroke, i) => retitle(drawn.lines[i], nameOfStroke(stroke)));
    return drawn;
  }

  function picture(svg, caption) {
    const figure = element("figure");
    figure.append(svg);
    if (caption) figure.append(element("figcaption", "", caption));
    return figure;
  }

  function mistakes(d) {
    const words = [];
    if (d.wrong.length) words.push(`${d.wrong.length} of ${d.truth.length} wrong`);
    if (sidesOf(d).length) words.push(`${plural(sidesOf(d).length, "side")} wrong`);
    if (misgrouped(d).length) words.push(`grouping of ${misgrouped(d).join(", ")} wrong`);
    return words.join(", ");
  }

  function about(d, strokes) {
    const box = element("div", "about");
    const said = element("p", "said");
    const scored = d.wrong && d.score !== undefined;
    said.append(element("span", "", nameOf(d.category) + (scored ? ` ${percent(d.score)}` : "")));
    if (d.wrong) {
      const words = mistakes(d);
      said.append(element("span", words ? "wrong" : "", words || "all right"));
    }
    if (!d.wrong && d.confidence !== undefined) {
      said.append(element("span", "", `${percent(d.confidence)}\u00a0certain`));
    }
    box.append(said);
    if (misnamed(d)) box.append(element("p", "wrong", `should be ${nameOf(d.trueCategory)}`));
    const id = element("code", "", d.id);
    id.title = d.id;
    const parts = element("p", "parts");
    parts.append(...legendOf(strokes));
    box.append(id, parts);
    return box;
  }

  function fill(card, d) {
    const pair = element("div", "pair");
    const shown = asLabelled(d);
    pair.append(picture(shown.svg, d.truth ? "labelled" : ""));
    const strokes = shown.strokes;
    if (d.truth) {
      const truth = asTruth(d);
      pair.append(picture(truth.svg, "truth"));
      strokes.push(...truth.strokes);
    }
    card.replaceChildren(pair, about(d, strokes));
  }

  function card(d) {
    const made = element("li", "card");
    fill(made, d);
    return made;
  }

  // --- which drawings, in which order ------------------------------------------------------

  const certainty = (d) => (d.confidence === undefined ? 1 : d.confidence);

  // The drawings come sorted: worst first, which without truth is the least certain first.
  const orders = {
    worst: ["worst first", null],
    certain: ["least certain first", (a, b) => certainty(a) - certainty(b)],
    id: ["by id", (a, b) => (a.id < b.id ? -1 : 1)],
  };
  if (!withTruth) delete orders.worst;
  if (!drawings.some((d) => d.confidence !== undefined)) delete orders.certain;

  let chosen = [];
  let drawn = 0;

  function drawMore() {
    const piece = chosen.slice(drawn, drawn + BATCH);
    list.append(...piece.map(card));
    drawn += piece.length;
    const left = chosen.length - drawn;
    more.hidden = left === 0;
    more.textContent = `Show more (${left.toLocaleString("en")} left)`;
    // Observed anew, because a button that stays in sight is not reported again.
    nearEnd.unobserve(more);
    nearEnd.observe(more);
  }

  // Scrolling near the end draws the next ones before they are needed.
  const nearEnd = new IntersectionObserver(
    (seen) => {
      if (seen.some((s) => s.isIntersecting) && !more.hidden) drawMore();
    },
    { rootMargin: "1000px" },
  );

  function choose() {
    const category = byId("category").value;
    const only = byId("mistakes").checked;
    const compare = orders[byId("order").value][1];
    chosen = drawings.filter(
      (d) =>
        (category === "*" || d.category === category || d.trueCategory === category) &&
        (!only || mistaken(d)),
    );
    if (compare) chosen.sort(compare);
    byId("count").textContent = plural(chosen.length, "drawing");
    list.replaceChildren();
    drawn = 0;
    drawMore();
    drawLegend(category);
  }

  /** The strokes that there are of some parts, one of each kind; not more than tell the colours. */
  const kinds = (parts) =>
    parts.flatMap((part) => {
      const numbers = Object.keys(data.inks[part] || {}).filter((n) => n !== ANY).slice(0, 8);
      return (numbers.length ? numbers : [ANY]).map((number) => ({ part, label: part, number }));
    });

  function drawLegend(category) {
    const lines = Object.entries(data.legend).filter(([name]) => category === "*" || name === category);
    byId("lines").replaceChildren(
      ...lines.map(([name, parts]) => {
        const line = element("div");
        line.append(element("b", "", nameOf(name)), " ", ...legendOf(kinds(parts)));
        return line;
      }),
    );
  }

  // --- colours by part or by instance ------------------------------------------------------

  // Kept for this page; where a browser keeps nothing, the page forgets.
  const place = `instancesketch ${location.pathname}`;

  function remembered() {
    try {
      return localStorage.getItem(place);
    } catch {
      return null;
    }
  }

  function remember() {
    try {
      localStorage.setItem(place, by);
    } catch {
      // nothing is kept
    }
  }

  function colourBy(chosenBy) {
    by = chosenBy;
    byId("mark").textContent = `a stroke whose part ${by === "part" ? "" : "or side "}is wrong`;
  }

  function recolour(event) {
    colourBy(event.target.value);
    remember();
    if (byId("mistakes").checked) {
      choose();
      return;
    }
    [...list.children].forEach((made, i) => fill(made, chosen[i]));
    drawLegend(byId("category").value);
  }

  function option(value, text) {
    const made = element("option", "", text);
    made.value = value;
    return made;
  }

  function start() {
    const counts = new Map();
    for (const d of drawings) {
      for (const name of new Set([d.category, d.trueCategory])) {
        if (name !== undefined) counts.set(name, (counts.get(name) || 0) + 1);
      }
    }
    byId("category").append(
      option("*", "all"),
      ...[...counts].sort().map(([name, n]) => option(name, `${nameOf(name)} (${n.toLocaleString("en")})`)),
    );
    byId("order").append(...Object.entries(orders).map(([key, [name]]) => option(key, name)));
    byId("mistakes-label").hidden = byId("key").hidden = !withTruth;
    // A phone has little room, and each card tells its own colours.
    byId("legend").hidden = Object.keys(data.legend).length === 0;
    byId("legend").open = matchMedia("(min-width: 521px)").matches;
    list.classList.toggle("pairs", withTruth);
    for (const id of ["category", "order", "mistakes"]) byId(id).addEventListener("change", choose);
    more.addEventListener("click", drawMore);
    byId("by").hidden = !counted;
    colourBy(counted && remembered() === "instance" ? "instance" : "part");
    for (const radio of byId("by").querySelectorAll("input")) {
      radio.checked = radio.value === by;
      radio.addEventListener("change", recolour);
    }
    choose();
  }

  start();
})();
