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
  const mistaken = (d) => misnamed(d) || (d.wrong !== undefined && d.wrong.length > 0);

  function swatch(part) {
    const made = element("span", "swatch");
    const colour = element("i");
    colour.style.background = data.colours[part] || data.colours.unlabeled;
    made.append(colour, part);
    return made;
  }

  // --- one drawing -------------------------------------------------------------------------

  function parsed(svg) {
    const holder = document.createElement("template");
    holder.innerHTML = svg;
    const made = holder.content.firstElementChild;
    made.setAttribute("role", "img");
    return made;
  }

  const strokesOf = (svg) => [...svg.querySelectorAll("polyline")];

  function retitle(stroke, words) {
    let title = stroke.querySelector("title");
    if (!title) {
      title = document.createElementNS(stroke.namespaceURI, "title");
      stroke.append(title);
    }
    title.textContent = words;
  }

  /** The drawing as it was labelled, with a dashed band under the strokes that are wrong. */
  function predicted(d) {
    const svg = parsed(d.svg);
    const strokes = strokesOf(svg);
    const width = Number(svg.getAttribute("stroke-width"));
    for (const i of d.wrong || []) {
      const halo = strokes[i].cloneNode(false);
      const dot = strokes[i].hasAttribute("data-dot");
      halo.setAttribute("class", dot ? "halo dot" : "halo");
      halo.setAttribute("stroke-width", 4.5 * width);
      if (!dot) halo.setAttribute("stroke-dasharray", `${2 * width} ${1.2 * width}`);
      halo.removeAttribute("stroke");
      svg.insertBefore(halo, strokes[0]);
      const said = strokes[i].querySelector("title");
      retitle(strokes[i], `${said ? said.textContent : "unlabeled"}, should be ${data.parts[d.truth[i]]}`);
    }
    const named = [...new Set(strokes.map((s) => s.dataset.part))].filter((p) => p !== undefined);
    svg.setAttribute("aria-label", `${nameOf(d.category)}: ${named.join(", ") || "no parts"}`);
    return [svg, named];
  }

  /** The same strokes in the colours of their true parts. */
  function asTruth(d) {
    const svg = parsed(d.svg);
    strokesOf(svg).forEach((stroke, i) => {
      const part = data.parts[d.truth[i]];
      stroke.setAttribute("stroke", data.colours[part] || data.colours.unlabeled);
      retitle(stroke, part);
    });
    const named = [...new Set(d.truth.map((i) => data.parts[i]))];
    svg.setAttribute("aria-label", `truth: ${named.join(", ")}`);
    return [svg, named];
  }

  function picture(svg, caption) {
    const figure = element("figure");
    figure.append(svg);
    if (caption) figure.append(element("figcaption", "", caption));
    return figure;
  }

  function about(d, named) {
    const box = element("div", "about");
    const said = element("p", "said");
    const scored = d.wrong && d.score !== undefined;
    said.append(element("span", "", nameOf(d.category) + (scored ? ` ${percent(d.score)}` : "")));
    if (d.wrong) {
      const right = d.wrong.length === 0;
      const words = right ? "all right" : `${d.wrong.length} of ${d.truth.length} wrong`;
      said.append(element("span", right ? "" : "wrong", words));
    }
    if (!d.wrong && d.confidence !== undefined) {
      said.append(element("span", "", `${percent(d.confidence)}\u00a0certain`));
    }
    box.append(said);
    if (misnamed(d)) box.append(element("p", "wrong", `should be ${nameOf(d.trueCategory)}`));
    const id = element("code", "", d.id);
    id.title = d.id;
    const parts = element("p", "parts");
    parts.append(...named.map(swatch));
    box.append(id, parts);
    return box;
  }

  function card(d) {
    const made = element("li", "card");
    const pair = element("div", "pair");
    const [svg, named] = predicted(d);
    pair.append(picture(svg, d.truth ? "labelled" : ""));
    let legend = named;
    if (d.truth) {
      const [truth, meant] = asTruth(d);
      pair.append(picture(truth, "truth"));
      legend = [...new Set([...named, ...meant])];
    }
    made.append(pair, about(d, legend));
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

  function drawLegend(category) {
    const lines = Object.entries(data.legend).filter(([name]) => category === "*" || name === category);
    byId("lines").replaceChildren(
      ...lines.map(([name, parts]) => {
        const line = element("div");
        line.append(element("b", "", nameOf(name)), ...parts.map(swatch));
        return line;
      }),
    );
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
    choose();
  }

  start();
})();
