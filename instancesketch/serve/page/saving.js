// Save drawings: as files of the browser, and into the folder of the server.

import * as files from "./files.js";

const byId = (id) => document.getElementById(id);

export class Saver {
  constructor(app) {
    this.app = app;
    byId("save-json").addEventListener("click", () => this.save("json"));
    byId("save-svg").addEventListener("click", () => this.save("svg"));
    byId("add").addEventListener("click", () => this.add());
  }

  /** Resolve when nothing is left to ask: a file holds the labels of all strokes. */
  async settled() {
    this.app.replay.finish();
    while (this.app.asker.isBusy) await new Promise((done) => setTimeout(done, 20));
  }

  async save(form) {
    await this.settled();
    const { drawing, views, answer } = this.app;
    const name = `${drawing.id}.${form}`;
    if (form === "svg") files.save(name, files.toSvg(drawing, views, answer), "image/svg+xml");
    else {
      const data = files.toJson(drawing, views, answer);
      files.save(name, `${JSON.stringify(data)}\n`, "application/json");
    }
    this.app.say(`Saved ${name}.`);
  }

  async add() {
    await this.settled();
    const { app } = this;
    try {
      const data = files.toJson(app.drawing, app.views, app.answer);
      const { location } = await app.backend.addToCorpus(data);
      app.say(`Added to the corpus: ${location}`);
    } catch (error) {
      app.say(error.message, true);
    }
  }
}
