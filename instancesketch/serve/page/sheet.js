// The sheet: strokes by pen, finger and mouse, their colours, and names beside them.

import { SIDE } from "./drawing.js";
import { boxOf, strokeNear } from "./shared/geometry.js";
import { placeNames, samplesOf } from "./shared/names.js";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 1.5; // pixels: nearer points add nothing
const TAP = 4; // a pointer that moves less has tapped
// Pixels within which a pointer is on a stroke; a tap has to be nearer, since it may be a dot.
const NEAR = { mouse: 8, pen: 10, touch: 18 };
const ON = { mouse: 5, pen: 5, touch: 8 };
const FONT = 14; // pixels of names
const SPACING = 12; // pixels between points of strokes that names should leave free
const MOST_POINTS = 1500; // of these

const round = (value) => Math.round(10 * value) / 10;

/** Return the text of a stroke's points; a dot is a line of no length, which round caps show. */
function pointsOf({ x, y }) {
  const pairs = x.map((value, i) => `${value},${y[i]}`);
  return (pairs.length === 1 ? [...pairs, ...pairs] : pairs).join(" ");
}

function create(name, attributes = {}) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

export class Sheet {
  /**
   * svg: the element, with layers `.ink`, `.live` and `.names`.
   * on: `stroke(x, y)`, `tap(stroke, event)`, `hover(stroke, event)`, `start()`, `down()` of a pen
   *   that draws, and `cancel()`.
   */
  constructor(svg, on) {
    Object.assign(this, { svg, on, strokes: [], lines: new Map(), names: new Map() });
    [this.ink, this.live, this.text] = ["ink", "live", "names"].map((name) =>
      svg.querySelector(`.${name}`),
    );
    this.corrects = false; // every pointer selects a stroke, and draws none
    this.pen = null;
    this.ruler = document.createElement("canvas").getContext("2d");
    svg.addEventListener("pointerdown", (event) => this.#begin(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    svg.addEventListener("pointerup", (event) => this.#end(event));
    svg.addEventListener("pointercancel", () => {
      this.#stop();
      this.on.cancel();
    });
    svg.addEventListener("pointerleave", () => !this.pen && this.on.hover(null));
    new ResizeObserver(() => this.#fit()).observe(svg);
  }

  /** Pixels per unit of the sheet. */
  get scale() {
    return this.svg.getScreenCTM()?.a || 1;
  }

  #toSheet(event, matrix) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return [round(x), round(y)];
  }

  #strokeAt(event, near = NEAR) {
    const [x, y] = this.#toSheet(event, this.svg.getScreenCTM().inverse());
    return strokeNear(this.strokes, x, y, (near[event.pointerType] ?? near.mouse) / this.scale);
  }

  // --- pointers ------------------------------------------------------------------------------

  #begin(event) {
    // A palm, a second finger and the right button draw nothing.
    if (this.pen || !event.isPrimary || event.button !== 0) return;
    this.on.start();
    const near = this.#strokeAt(event, this.corrects ? NEAR : ON);
    if (this.corrects) return void (near && this.on.tap(near, event));
    this.svg.setPointerCapture(event.pointerId);
    this.on.down();
    const matrix = this.svg.getScreenCTM().inverse();
    const [x, y] = this.#toSheet(event, matrix);
    this.pen = { id: event.pointerId, matrix, near, x: [x], y: [y], scale: this.scale };
    this.#drawLive();
  }

  #move(event) {
    const { pen } = this;
    if (!pen) {
      if (event.pointerType !== "touch") this.on.hover(this.#strokeAt(event), event);
      return;
    }
    if (event.pointerId !== pen.id) return;
    // Browsers join the moves of a frame into one event; the drawn line needs them all.
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#add(each);
    this.#drawLive();
  }

  #add(event) {
    const { pen } = this;
    const [x, y] = this.#toSheet(event, pen.matrix);
    if (Math.hypot(x - pen.x.at(-1), y - pen.y.at(-1)) * pen.scale < STEP) return;
    pen.x.push(x);
    pen.y.push(y);
  }

  #end(event) {
    const { pen } = this;
    if (!pen || event.pointerId !== pen.id) return;
    this.#add(event);
    this.#stop();
    const [left, top, right, bottom] = boxOf([pen]);
    const isTap = Math.max(right - left, bottom - top) * pen.scale < TAP;
    if (isTap && pen.near) this.on.tap(pen.near, event, { x: [pen.x[0]], y: [pen.y[0]] });
    else this.on.stroke(...(isTap ? [[pen.x[0]], [pen.y[0]]] : [pen.x, pen.y]));
  }

  #stop() {
    this.pen = null;
    this.live.replaceChildren();
  }

  #drawLive() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.pen) this.showLive(this.pen);
    });
  }

  /** Show a stroke that is still drawn. */
  showLive(stroke) {
    if (!this.live.firstChild) this.live.append(create("polyline"));
    this.live.firstChild.setAttribute("points", pointsOf(stroke));
  }

  clearLive() {
    this.live.replaceChildren();
  }

  // --- what is shown ---------------------------------------------------------------------------

  /** Show strokes in the colours of their views, and the names of groups of them. */
  show(strokes, views, groups) {
    Object.assign(this, { strokes, views, groups });
    const gone = new Set(this.lines.keys());
    for (const stroke of strokes) {
      gone.delete(stroke.id);
      let line = this.lines.get(stroke.id);
      if (!line) {
        line = create("polyline", { "data-stroke": stroke.id });
        this.lines.set(stroke.id, line);
        this.ink.append(line);
      }
      if (line.shown !== stroke.x) {
        line.setAttribute("points", pointsOf(stroke));
        line.shown = stroke.x;
      }
      const { colour, label } = views.get(stroke.id);
      line.setAttribute("stroke", colour ?? "currentColor");
      line.dataset.label = label ?? "";
    }
    for (const id of gone) {
      this.lines.get(id).remove();
      this.lines.delete(id);
    }
    this.#fit();
  }

  /** Mark some strokes: those under the pointer, or the selected one. */
  mark(ids, selected = null) {
    const marked = new Set(ids);
    this.svg.classList.toggle("marking", marked.size > 0);
    for (const [id, line] of this.lines) {
      line.classList.toggle("marked", marked.has(id));
      line.classList.toggle("selected", id === selected);
    }
  }

  /** Return the middle of a stroke on the screen. */
  placeOf(stroke) {
    const [left, top, right, bottom] = boxOf([stroke]);
    const at = new DOMPoint((left + right) / 2, (top + bottom) / 2);
    const { x, y } = at.matrixTransform(this.svg.getScreenCTM());
    return { clientX: x, clientY: y };
  }

  /** Show all of the drawing, also what lies beside the square on a smaller screen. */
  #fit() {
    const box = boxOf(this.strokes) ?? [0, 0, SIDE, SIDE];
    const pad = 12;
    const size = this.svg.getBoundingClientRect();
    if (!size.width) return;
    const [wide, high] = [size.width, size.height].map((v) => (SIDE * v) / Math.min(size.width, size.height));
    const isInside =
      box[0] >= SIDE / 2 - wide / 2 && box[2] <= SIDE / 2 + wide / 2 &&
      box[1] >= SIDE / 2 - high / 2 && box[3] <= SIDE / 2 + high / 2;
    const left = isInside ? 0 : Math.min(0, box[0] - pad);
    const top = isInside ? 0 : Math.min(0, box[1] - pad);
    const right = isInside ? SIDE : Math.max(SIDE, box[2] + pad);
    const bottom = isInside ? SIDE : Math.max(SIDE, box[3] + pad);
    // While the pen is down, the paper stays where it is.
    if (!this.pen) this.svg.setAttribute("viewBox", [left, top, right - left, bottom - top].join(" "));
    this.#writeNames();
  }

  #writeNames() {
    const { groups = [], scale } = this;
    const size = FONT / scale;
    this.ruler.font = `600 ${FONT}px system-ui, sans-serif`;
    const matrix = this.svg.getScreenCTM()?.inverse();
    const rect = this.svg.getBoundingClientRect();
    if (!matrix) return;
    const corner = (x, y) => new DOMPoint(x, y).matrixTransform(matrix);
    const [low, high] = [corner(rect.left + 4, rect.top + 4), corner(rect.right - 4, rect.bottom - 4)];
    const byId = new Map(this.strokes.map((stroke) => [stroke.id, stroke]));
    const items = groups.map((group) => ({
      ...group,
      texts: group.fixed ? group.texts.map((text) => `${text}\u00a0✓`) : group.texts,
      box: boxOf(group.ids.map((id) => byId.get(id))),
      side: this.names.get(group.key)?.side,
    }));
    const places = items.length
      ? placeNames(items, {
          height: 1.25 * size,
          widthOf: (text) => (this.ruler.measureText(text).width + 6) / scale,
          bounds: [low.x, low.y, high.x, high.y],
          points: this.#samples(),
        })
      : [];
    const gone = new Set(this.names.keys());
    this.text.setAttribute("font-size", size);
    places.forEach((place, i) => {
      if (!place) return;
      gone.delete(items[i].key);
      this.#writeName(items[i], place, size);
    });
    for (const key of gone) {
      this.names.get(key).node.remove();
      this.names.delete(key);
    }
  }

  /** Return points along all strokes, with the keys of their names. */
  #samples() {
    const keys = new Map((this.groups ?? []).flatMap(({ key, ids }) => ids.map((id) => [id, key])));
    const strokes = this.strokes.map(({ id, x, y }) => ({ x, y, key: keys.get(id) }));
    return samplesOf(strokes, SPACING / this.scale, MOST_POINTS);
  }

  #writeName({ key, ids }, { text, x, y, side }, size) {
    let name = this.names.get(key);
    if (!name) {
      name = { node: create("text") };
      this.names.set(key, name);
      this.text.append(name.node);
    }
    name.side = side;
    name.node.textContent = text;
    name.node.style.fill = this.views.get(ids[0]).colour;
    name.node.style.transform = `translate(${x}px, ${y + 0.35 * size}px)`;
  }
}
