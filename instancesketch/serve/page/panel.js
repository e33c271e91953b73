// The panel beside the sheet: what the drawing may be, and the objects of a scene.

import { Bars } from "./bars.js";
import { percent } from "./labels.js";

const byId = (id) => document.getElementById(id);

export class Panel {
  /** choose: called with the name of a category that is pressed. */
  constructor(backend, vocabulary, choose) {
    Object.assign(this, { backend, vocabulary });
    const { categories } = backend.model;
    this.bars = new Bars(byId("categories"), byId("more"), categories, choose);
    byId("scene-mode").hidden = !backend.labelScene;
    byId("add").hidden = !backend.addToCorpus;
    byId("example").hidden = !backend.model.examples.length;
    const known = categories.filter((c) => c.parts.length).map((c) => c.title);
    byId("hint").textContent =
      `Draw here: ${known.slice(0, 3).join(", ")} …\nIts parts take colours and names as you go.`;
    byId("about").textContent = `names the parts of what you draw · model ${backend.title}`;
  }

  /** Show what is known of a drawing; `groups` have the names of a scene's objects. */
  show(drawing, answer, groups) {
    for (const id of ["bars", "objects"]) {
      byId(id).hidden = (id === "bars") === drawing.scene;
    }
    this.bars.show(answer?.categories ?? [], drawing.category);
    const [title, note] = drawing.scene
      ? describeScene(answer)
      : this.#describeCategory(drawing, answer);
    byId("category").textContent = title;
    byId("category-note").textContent = note;
    const objects = (drawing.scene && answer?.objects) || [];
    const names = new Map(groups.map((group) => [group.key, group.texts[0]]));
    byId("objects").replaceChildren(
      ...objects.map((object, index) => rowOf(object, names.get(`object ${index}`))),
    );
  }

  #describeCategory(drawing, answer) {
    const name = answer?.category ?? drawing.category;
    if (!name) return ["What is it?", "Draw, and the bars will move."];
    const title = this.vocabulary.titleOf(name);
    if (drawing.category) {
      return [title, "Chosen by you. Press it again to let the model decide."];
    }
    if (name === "scene" && this.backend.labelScene) {
      return [title, "Tick “Scene” to group its objects."];
    }
    const [, second] = answer.categories ?? [];
    const word = name === "other" ? "nearest:" : "or";
    const isLikely = second && second.score >= 0.01;
    const likely = isLikely ? `${word} ${second.title} ${percent(second.score)}` : "";
    const next = name === "other" ? `${likely}${likely && ". "}Press a category to name its parts.` : likely;
    return [`${title} ${percent(answer.category_score ?? 0)}`, next];
  }
}

function describeScene(answer) {
  const number = answer?.objects?.length;
  if (!number) return ["A scene", "Draw several things; they are grouped as you go."];
  return [`${number} ${number === 1 ? "object" : "objects"}`, "in this scene"];
}

function rowOf({ title, score, colour }, name = title) {
  const row = document.createElement("li");
  const swatch = document.createElement("span");
  swatch.className = "swatch";
  swatch.style.background = colour;
  row.append(swatch, score === null ? name : `${name} ${percent(score)}`);
  return row;
}
