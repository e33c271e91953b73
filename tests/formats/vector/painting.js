// What a browser paints of the SVGs in the frames of a page: of each outline with a stroke, points
// along it in the units of the viewBox.

const SVG = "http://www.w3.org/2000/svg";
const SAMPLES = 240;
const UNPAINTED = "defs,symbol,clipPath,marker,mask,pattern";

// The shadow tree of a <use> is closed: put a copy of its target in its place.
function unfold(document) {
  for (let round = 0; round < 100; round++) {
    const use = [...document.querySelectorAll("use")].find(u => !u.closest(UNPAINTED));
    if (!use) return;
    const link = use.getAttribute("href") ?? use.getAttribute("xlink:href");
    const target = document.getElementById(link.slice(1));
    const outer = document.createElementNS(SVG, "g");
    for (const { name, value } of use.attributes)
      if (!["x", "y", "width", "height", "href", "xlink:href"].includes(name))
        outer.setAttribute(name, value);
    const inner = document.createElementNS(SVG, "g");
    inner.setAttribute("transform", `translate(${use.x.baseVal.value} ${use.y.baseVal.value})`);
    let copy = target.cloneNode(true);
    if (["svg", "symbol"].includes(target.localName)) {
      const nested = document.createElementNS(SVG, "svg");
      for (const { name, value } of copy.attributes) nested.setAttribute(name, value);
      nested.append(...copy.childNodes);
      for (const name of ["width", "height"])
        if (use.hasAttribute(name)) nested.setAttribute(name, use.getAttribute(name));
      copy = nested;
    }
    copy.removeAttribute("id");
    inner.append(copy);
    outer.append(inner);
    use.replaceWith(outer);
  }
  throw new Error("too many <use>");
}

function alphaOf(colour) {
  if (colour === "none") return 0;
  const found = colour.match(/^rgba\(.*,\s*([\d.]+)\)$/) ?? colour.match(/\/\s*([\d.]+)\)$/);
  return found ? parseFloat(found[1]) : 1;
}

function isPainted(element) {
  if (!element.checkVisibility() || element.closest(UNPAINTED)) return false;
  const view = element.ownerDocument.defaultView;
  const style = view.getComputedStyle(element);
  let alpha = alphaOf(style.stroke) * parseFloat(style.strokeOpacity);
  for (let one = element; one instanceof view.Element; one = one.parentNode) {
    const { opacity, display } = view.getComputedStyle(one);
    alpha *= display === "none" ? 0 : parseFloat(opacity);
  }
  return style.visibility === "visible" && alpha > 1 / 512 && parseFloat(style.strokeWidth) > 0;
}

function outline(element, toRoot) {
  const length = element.getTotalLength();
  if (!(length > 0)) return null;
  const matrix = toRoot.multiply(element.getScreenCTM());
  const points = [];
  // Not at 0, which may be the place of a move alone.
  for (let i = 1; i <= SAMPLES; i++) {
    const point = element.getPointAtLength((length * i) / SAMPLES).matrixTransform(matrix);
    points.push([point.x, point.y]);
  }
  return { tag: element.localName, points };
}

window.painted = () =>
  [...document.querySelectorAll("iframe")].map(frame => {
    const document = frame.contentDocument;
    const root = document.documentElement;
    unfold(document);
    const toRoot = root.getScreenCTM().inverse();
    const shapes = document.querySelectorAll("path,rect,circle,ellipse,line,polyline,polygon");
    return [...shapes]
      .filter(isPainted)
      .map(element => outline(element, toRoot))
      .filter(Boolean);
  });

// Shows each SVG in a frame of its own, as a document; fulfilled when all are loaded.
window.show = svgs =>
  Promise.all(
    svgs.map(
      svg =>
        new Promise(done => {
          const frame = document.createElement("iframe");
          frame.onload = done;
          frame.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
          document.body.append(frame);
        }),
    ),
  ).then(() => undefined);
