// Open drawings from files: by drag and drop, or by the button.

import * as files from "./files.js";

const MOST_BYTES = 16 << 20;
const byId = (id) => document.getElementById(id);

export class Opener {
  constructor(app) {
    Object.assign(this, { app, found: [], at: 0 });
    byId("open").addEventListener("click", () => byId("file").click());
    byId("file").addEventListener("change", (event) => {
      const [file] = event.target.files;
      event.target.value = ""; // the same file can be opened again
      if (file) this.open(file);
    });
    byId("previous").addEventListener("click", () => this.show(this.at - 1));
    byId("next").addEventListener("click", () => this.show(this.at + 1));
    const over = (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      document.body.classList.toggle("dropping", event.type === "dragover");
      if (event.type === "drop" && event.dataTransfer.files[0]) this.open(event.dataTransfer.files[0]);
    };
    for (const type of ["dragover", "drop", "dragleave"]) document.addEventListener(type, over);
  }

  async open(file) {
    const { app } = this;
    app.begin();
    try {
      if (file.size > MOST_BYTES) throw new Error(`${file.name} is larger than ${MOST_BYTES >> 20} MB`);
      app.say(`Opening ${file.name} …`);
      const { drawings, note, more } = await this.read(file);
      Object.assign(this, { found: drawings, more });
      this.show(0);
      app.say(`Opened ${file.name}${note ? `, ${note}` : ""}.`);
    } catch (error) {
      app.say(error.message, true);
    }
  }

  async read(file) {
    const { backend, vocabulary } = this.app;
    const own = await this.readOwn(file);
    const drawing = own && files.fromJson(own);
    if (drawing) return { drawings: [drawing] };
    if (!backend.open) {
      if (!own) throw new Error(`${file.name} is no drawing that was saved here`);
      return { drawings: [files.fromQuickDraw(own, vocabulary, false)] };
    }
    const { drawings, ...rest } = await backend.open(file);
    return { drawings: drawings.map((each) => files.fromQuickDraw(each, vocabulary, Boolean(backend.labelScene))), ...rest };
  }

  /** Return the object of a JSON file; null for anything else. */
  async readOwn(file) {
    if (!/\.(json|ndjson)$/i.test(file.name)) return null;
    try {
      return JSON.parse(await file.text());
    } catch {
      return null;
    }
  }

  /** Show one of the drawings of the file that was opened. */
  show(at) {
    const { app, found } = this;
    this.at = (at + found.length) % found.length;
    app.history.commit(found[this.at]);
    app.restart();
    byId("several").hidden = found.length < 2;
    byId("which").textContent = `drawing ${this.at + 1} of ${found.length}${this.more ? ", the first of more" : ""}`;
  }

  /** Forget the file: the drawing is another one now. */
  forget() {
    byId("several").hidden = true;
  }
}
