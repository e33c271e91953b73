// The drawing: strokes with corrections, the category that a person chose, and how to go back.
//
// Nothing in here is changed once it is made: each step makes a new drawing of the old one's parts,
// so that undoing is going back to an earlier one.

export const SIDE = 1000; // of the square that every screen shows

let lastStroke = 0;

/** Return a stroke that nothing else shares.
 *
 * fix: a person's correction, or null. object: of a scene, see `objects.js`.
 */
export const newStroke = (x, y, fix = null, object = null) => ({ id: ++lastStroke, x, y, fix, object });

/** Return an empty drawing with an id of its own. */
export function newDrawing(values = {}) {
  const now = new Date().toISOString().replace(/[-:]/g, "").slice(0, 15);
  const random = crypto.getRandomValues(new Uint16Array(1))[0].toString(16).padStart(4, "0");
  return { id: `drawn-${now}-${random}`, strokes: [], category: null, scene: false, objects: [], ...values };
}

export const withStroke = (drawing, stroke) => ({
  ...drawing,
  strokes: [...drawing.strokes, stroke],
});

export const withoutStroke = (drawing, id) => ({
  ...drawing,
  strokes: drawing.strokes.filter((stroke) => stroke.id !== id),
});

/** Return the drawing with each stroke changed by a function. */
export const withStrokes = (drawing, change) => ({ ...drawing, strokes: drawing.strokes.map(change) });

/** Return the drawing with another correction of a stroke; null lets the model decide again. */
export const withFix = (drawing, id, fix) =>
  withStrokes(drawing, (stroke) => (stroke.id === id ? { ...stroke, fix } : stroke));

const OTHER_SIDE = { left: "right", right: "left" };

/** Return the drawing's mirror image, left for right, with corrected sides exchanged. */
export const mirrored = (drawing) =>
  withStrokes(drawing, (stroke) => ({
    ...stroke,
    x: stroke.x.map((value) => SIDE - value),
    fix: stroke.fix && { ...stroke.fix, side: OTHER_SIDE[stroke.fix.side] ?? null },
  }));

/** Return strokes, [[x…], [y…]] each, moved and scaled to fill most of the sheet. */
export function fitted(columns, margin = 0.12) {
  const [xs, ys] = [columns.flatMap(([x]) => x), columns.flatMap(([, y]) => y)];
  const range = (values) => values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const [[left, right], [top, bottom]] = [range(xs), range(ys)];
  const scale = (SIDE * (1 - 2 * margin)) / (Math.max(right - left, bottom - top) || 1);
  const place = (values, low, high) =>
    values.map((v) => Math.round(10 * (SIDE / 2 + (v - (low + high) / 2) * scale)) / 10);
  return columns.map(([x, y]) => [place(x, left, right), place(y, top, bottom)]);
}

/** A drawing and those before and after it. */
export class History {
  constructor(drawing) {
    [this.past, this.present, this.future] = [[], drawing, []];
  }

  /** Go on to another drawing. */
  commit(drawing) {
    this.past.push(this.present);
    [this.present, this.future] = [drawing, []];
  }

  /** Change the present drawing, as a part of the last step. */
  amend(drawing) {
    this.present = drawing;
  }

  undo() {
    if (!this.past.length) return false;
    this.future.push(this.present);
    this.present = this.past.pop();
    return true;
  }

  redo() {
    if (!this.future.length) return false;
    this.past.push(this.present);
    this.present = this.future.pop();
    return true;
  }
}
