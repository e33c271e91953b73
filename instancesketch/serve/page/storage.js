// The drawing, and the categories to choose among, kept where a reload of the page finds them.

import { newDrawing, newStroke } from "./drawing.js";

const MOST = 2_000_000; // characters; browsers keep some millions

export class Storage {
  constructor(taxonomy) {
    // Corrections are of a taxonomy's parts.
    this.key = `instancesketch drawing ${taxonomy}`;
    this.keyOfCategories = `instancesketch categories ${taxonomy}`;
  }

  /** Return the drawing that was kept; null without one. */
  read() {
    try {
      const { strokes, ...values } = JSON.parse(localStorage.getItem(this.key));
      const kept = strokes.map(({ x, y, fix, object }) => newStroke(x, y, fix, object));
      return newDrawing({ ...values, strokes: kept });
    } catch {
      return null; // nothing there, or nothing that this page has written
    }
  }

  write(drawing) {
    this.#keep(this.key, drawing);
  }

  /** Return the names of the categories that were kept; null for all. */
  readCategories() {
    try {
      return JSON.parse(localStorage.getItem(this.keyOfCategories));
    } catch {
      return null;
    }
  }

  writeCategories(names) {
    this.#keep(this.keyOfCategories, names);
  }

  #keep(key, value) {
    try {
      const text = JSON.stringify(value);
      if (text.length <= MOST) localStorage.setItem(key, text);
    } catch {
      // A browser may keep nothing: then a reload begins anew.
    }
  }
}
