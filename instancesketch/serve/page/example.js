// A drawing of ours to look at, replayed stroke by stroke.

import * as drawings from "./drawing.js";
import { Replay } from "./replay.js";

export class Example {
  constructor(app) {
    this.app = app;
    this.replay = new Replay({
      part: (stroke) => app.sheet.showLive(stroke),
      stroke: (stroke) => this.#add(stroke),
      end: () => app.say(`One of our drawings of: ${this.title}.`),
    });
  }

  async show() {
    const { app } = this;
    const { examples } = app.backend.model;
    const { category } = app.drawing;
    try {
      const found = await app.backend.example(examples.includes(category) ? category : null);
      this.replay.stop();
      this.title = found.title ?? app.vocabulary.titleOf(found.category);
      app.history.commit(drawings.newDrawing());
      app.restart();
      const strokes = drawings.fitted(found.strokes).map(([x, y]) => drawings.newStroke(x, y));
      this.replay.start(strokes);
      app.show();
    } catch (error) {
      app.say(error.message, true);
    }
  }

  #add(stroke) {
    const { app } = this;
    app.sheet.clearLive();
    // One step to undo, however many strokes.
    app.history.amend(drawings.withStroke(app.drawing, stroke));
    app.changed();
  }
}
