// The drawing, kept where a reload of the page finds it.

import { newDrawing, newStroke } from "./drawing.js";

const MOST = 2_000_000; // characters; browsers keep some millions

export class Storage {
  constructor(taxonomy) {
    // Corrections are of a taxonomy's parts.
    this.key = `instancesketch drawing ${taxonomy}`;
  }

  /** Return the drawing that was kept; null without one. */
  read() {
    try {
      const { strokes, ...values } = JSON.parse(localStorage.getItem(this.key));
      const kept = strokes.map(({ x, y, fix }) => newStroke(x, y, fix));
      return newDrawing({ ...values, strokes: kept });
    } catch {
      return null; // nothing there, or nothing that this page has written
    }
  }

  write(drawing) {
    try {
      const text = JSON.stringify(drawing);
      if (text.length <= MOST) localStorage.setItem(this.key, text);
    } catch {
      // A browser may keep nothing: then a reload begins with an empty sheet.
    }
  }
}
