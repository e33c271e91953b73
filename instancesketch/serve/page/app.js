// The page: joins the sheet, the model and what people do.

import { Among } from "./among.js";
import { Asker } from "./asking.js";
import { createBackend } from "./backend.js";
import { Chooser } from "./chooser.js";
import * as drawings from "./drawing.js";
import { Example } from "./example.js";
import { Vocabulary, describe, groupsOf, instancesOf, viewsOf } from "./labels.js";
import * as objects from "./objects.js";
import { Opener } from "./opening.js";
import { Panel } from "./panel.js";
import { Saver } from "./saving.js";
import { Sheet } from "./sheet.js";
import { listenToKeys } from "./keys.js";
import { Storage } from "./storage.js";
import { Tip } from "./tip.js";

const byId = (id) => document.getElementById(id);

const columnsOf = (drawing) => drawing.strokes.map(({ x, y }) => [x, y]);

class App {
  constructor(backend) {
    this.backend = backend;
    this.vocabulary = new Vocabulary(backend.model);
    this.storage = new Storage(backend.model.taxonomy);
    this.history = new drawings.History(this.storage.read() ?? drawings.newDrawing());
    this.answer = null;
    this.selected = null;
    this.sheet = new Sheet(byId("sheet"), {
      start: () => this.begin(),
      down: () => (byId("hint").hidden = true), // nobody draws over a text
      cancel: () => this.show(),
      stroke: (x, y) => this.draw(x, y),
      tap: (stroke, event, dot) => this.correct(stroke.id, event, dot),
      hover: (stroke, event) => this.point(stroke, event),
    });
    this.panel = new Panel(backend, this.vocabulary, (name) =>
      this.choose(name === this.drawing.category ? null : name),
    );
    this.chooser = new Chooser(byId("chooser"), this.vocabulary, {
      fix: (id, fix) => this.go(drawings.withFix(this.drawing, id, fix)),
      object: (id, choice) => this.go(objects.withObject(this.drawing, this.views, id, choice)),
      category: (object, name) =>
        this.go(objects.withObjectCategory(this.drawing, this.views, object, name)),
      remove: (id) => this.remove(id),
      dot: () => this.putDot(),
      close: () => this.select(null),
    });
    this.asker = new Asker(
      (drawing) => this.ask(drawing),
      (drawing, answer) => this.take(drawing, answer),
      (error) => this.say(error.message, true),
    );
    this.example = new Example(this);
    const { categories } = backend.model;
    this.among = new Among(categories, this.storage.readCategories(), (names) => this.restrict(names));
    this.panel.bars.restrict(this.among.names);
    this.opener = new Opener(this);
    this.saver = new Saver(this);
    this.tip = new Tip(byId("tip"));
    this.listen();
    this.restart();
  }

  get replay() {
    return this.example.replay;
  }

  get drawing() {
    return this.history.present;
  }

  // --- from drawing to drawing ----------------------------------------------------------------

  /** Go on to another drawing, ask about it, and show what is known meanwhile. */
  go(drawing) {
    this.history.commit(drawing);
    this.changed();
  }

  changed() {
    this.storage.write(this.drawing);
    delete byId("sheet").dataset.labelled;
    if (this.drawing.strokes.length) this.asker.about(this.drawing);
    else this.answer = null;
    this.show();
  }

  /** Begin anew with the present drawing, of which nothing is known. */
  restart() {
    this.chooser.close();
    this.answer = null;
    this.changed();
  }

  begin() {
    this.replay.finish();
    this.chooser.close();
    this.point(null);
  }

  draw(x, y) {
    performance.mark("pen-up");
    this.say("");
    this.go(drawings.withStroke(this.drawing, drawings.newStroke(x, y)));
  }

  move(step) {
    this.replay.finish();
    this.chooser.close();
    if (!this.history[step]()) return;
    byId("scene").checked = this.drawing.scene;
    this.changed();
  }

  clear() {
    this.replay.stop();
    this.sheet.clearLive();
    this.say("");
    this.opener.forget();
    this.history.commit(drawings.newDrawing({ scene: this.drawing.scene }));
    this.restart();
  }

  mirror() {
    this.replay.finish();
    this.answer = null; // sides are others
    this.go(drawings.mirrored(this.drawing));
  }

  remove(id) {
    this.chooser.close();
    this.go(drawings.withoutStroke(this.drawing, id));
  }

  choose(category) {
    this.go({ ...this.drawing, category });
  }

  /** Choose among some categories alone; all for null. */
  restrict(names) {
    this.storage.writeCategories(names);
    this.panel.bars.restrict(names);
    const { category } = this.drawing;
    if (category && names && !names.includes(category)) this.go({ ...this.drawing, category: null });
    else this.changed();
  }

  setScene(scene) {
    this.replay.finish();
    this.history.commit({ ...this.drawing, scene });
    this.restart();
  }

  // --- the model ---------------------------------------------------------------------------------

  ask(drawing) {
    const strokes = columnsOf(drawing);
    const { names } = this.among;
    if (drawing.scene) {
      return this.backend.labelScene(strokes, { categories: names, objects: objects.askedObjects(drawing) });
    }
    const { category } = drawing;
    // A file may be of a category that isn't offered.
    const categories = names && category && !names.includes(category) ? [...names, category] : names;
    return this.backend.label(strokes, { category, categories });
  }

  take(asked, { strokes, ...answer }) {
    // Cleared, or gone back from, while the model was at it.
    if (asked !== this.drawing) return;
    // By stroke, so that it can be shown for the strokes that are still there.
    const ofStroke = new Map(asked.strokes.map(({ id }, i) => [id, strokes[i]]));
    this.answer = { ...answer, strokes: ofStroke };
    if (byId("message").classList.contains("wrong")) this.say("");
    this.show();
    byId("sheet").dataset.labelled = asked.strokes.length;
    // For measurements: from the pen's end to the colours in the document.
    if (performance.getEntriesByName("pen-up").length) performance.measure("label", "pen-up");
    performance.clearMarks("pen-up");
  }

  // --- what is shown --------------------------------------------------------------------------------

  show() {
    const { drawing, answer } = this;
    this.views = viewsOf(drawing, answer, this.vocabulary);
    this.groups = groupsOf(this.views, answer);
    this.sheet.show(drawing.strokes, this.views, this.groups);
    this.panel.show(drawing, answer, this.groups);
    const isEmpty = drawing.strokes.length === 0;
    byId("hint").hidden = !isEmpty || this.replay.isRunning;
    byId("scene").checked = drawing.scene;
    byId("undo").disabled = !this.history.past.length;
    byId("redo").disabled = !this.history.future.length;
    for (const id of ["mirror", "clear", "save-json", "save-svg", "add"]) byId(id).disabled = isEmpty;
    if (this.chooser.isOpen) this.refillChooser();
  }

  /** Write one line about what has happened. */
  say(text, isWrong = false) {
    byId("message").textContent = text;
    byId("message").classList.toggle("wrong", isWrong);
  }

  // --- pointing and correcting ------------------------------------------------------------------------

  groupOf(id) {
    return this.groups.find((group) => group.ids.includes(id))?.ids ?? [id];
  }

  point(stroke, event) {
    const view = stroke && this.views.get(stroke.id);
    byId("sheet").classList.toggle("over", Boolean(view));
    if (this.chooser.isOpen) return;
    this.sheet.mark(view ? this.groupOf(view.id) : []);
    if (view) this.tip.show(describe(view, this.vocabulary), event);
    else this.tip.hide();
  }

  correct(id, place, dot = null) {
    this.dot = dot;
    this.tip.hide();
    this.select(id);
    this.chooser.open(this.views.get(id), this.known(), place, Boolean(dot));
  }

  refillChooser() {
    const view = this.views.get(this.chooser.id);
    if (view) this.chooser.fill(view, this.known());
    else this.chooser.close();
  }

  /** Return what the box about a stroke has to know: see `Chooser.fill`. */
  known() {
    const { drawing, views, groups, answer } = this;
    const isScene = drawing.scene && answer;
    return {
      instances: instancesOf(views),
      objects: isScene ? objects.choicesOf(drawing, views, groups, answer) : null,
    };
  }

  putDot() {
    const { x, y } = this.dot;
    this.chooser.close();
    this.draw(x, y);
  }

  select(id) {
    this.selected = id;
    this.sheet.mark(id === null ? [] : [id], id);
  }

  /** Select the next stroke, or the one before, by keyboard. */
  step(by) {
    const ids = this.drawing.strokes.map((stroke) => stroke.id);
    if (!ids.length) return;
    const at = ids.indexOf(this.selected);
    const next = at < 0 ? (by > 0 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length;
    this.select(ids[next]);
    const text = describe(this.views.get(ids[next]), this.vocabulary);
    byId("spoken").textContent = `Stroke ${next + 1} of ${ids.length}: ${text}`;
    this.tip.show(text, this.sheet.placeOf(this.drawing.strokes[next]));
  }

  correctSelected() {
    const stroke = this.drawing.strokes.find(({ id }) => id === this.selected);
    if (stroke) this.correct(stroke.id, this.sheet.placeOf(stroke));
  }

  setMode(corrects) {
    this.sheet.corrects = corrects;
    byId("sheet").classList.toggle("correcting", corrects);
    byId("draws").setAttribute("aria-pressed", !corrects);
    byId("corrects").setAttribute("aria-pressed", corrects);
  }

  listen() {
    const click = (id, act) => byId(id).addEventListener("click", act);
    click("undo", () => this.move("undo"));
    click("redo", () => this.move("redo"));
    click("clear", () => this.clear());
    click("mirror", () => this.mirror());
    click("example", () => this.example.show());
    click("draws", () => this.setMode(false));
    click("corrects", () => this.setMode(true));
    byId("scene").addEventListener("change", (event) => this.setScene(event.target.checked));
    listenToKeys(this);
  }
}

const onProgress = (text) => (byId("about").textContent = text);
try {
  new App(await createBackend({ onProgress }));
  document.documentElement.dataset.ready = "";
} catch (error) {
  byId("about").textContent = error.message;
  throw error;
}
