// What each stroke is called and how it is coloured: the model's answer with a person's corrections.

export const UNLABELED = "unlabeled";

export const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

/** Return the label of a part with a side: `front-leg` on the left is `front-left-leg`. */
export function withSide(part, side) {
  if (!side) return part;
  const words = part.split("-");
  words.splice(-1, 0, side);
  return words.join("-");
}

const NOTHING = "nothing it knows"; // what an object of no category is

const sideOf = (part, label) =>
  ["left", "right"].find((side) => label === withSide(part, side)) ?? null;

const titleOf = (label) => label.replace(/[-_]/g, " ");

/** Look up categories and parts of a model. */
export class Vocabulary {
  constructor(model) {
    this.categories = model.categories;
    this.colourOfNothing = model.colour_of_nothing;
    this.byName = new Map(model.categories.map((category) => [category.name, category]));
  }

  partsOf(category) {
    return this.byName.get(category)?.parts ?? [];
  }

  part(category, name) {
    return this.partsOf(category).find((part) => part.name === name) ?? null;
  }

  titleOf(category) {
    return this.byName.get(category)?.title ?? category ?? NOTHING;
  }
}

/** Return the corrected labels of a stroke; null where its category has no such part. */
function readFix(fix, category, vocabulary) {
  const part = fix && vocabulary.part(category, fix.part);
  if (!part) return null;
  const label = withSide(fix.part, part.sided ? fix.side : null);
  const instance = part.countable ? (fix.instance ?? 0) : null;
  return { part: fix.part, label, title: titleOf(label), instance, score: null, fixed: true };
}

/** Return what is known of each stroke of a drawing, by its id.
 *
 * answer: `{category, strokes: Map of stroke id to the model's labels, objects}`; strokes that came
 *   later are not in it.
 */
export function viewsOf(drawing, answer, vocabulary) {
  const views = new Map();
  for (const { id, fix, object: chosen } of drawing.strokes) {
    const found = answer?.strokes.get(id);
    const object = found?.object >= 0 ? found.object : null;
    const category = answer?.objects
      ? object === null ? null : answer.objects[object].category
      : (answer?.category ?? drawing.category);
    const known = readFix(fix, category, vocabulary) ?? (found?.part ? found : null);
    const part = known && vocabulary.part(category, known.part);
    const colour = object !== null && !fix ? answer.objects[object].colour : part?.colour;
    views.set(id, {
      id,
      category,
      object,
      placed: Boolean(answer?.objects) && chosen !== null, // by a person
      part: known?.part ?? null,
      label: known?.label ?? null,
      title: known?.title ?? null,
      side: known ? sideOf(known.part, known.label) : null,
      instance: known?.instance ?? null,
      score: known?.score ?? null,
      fixed: known?.fixed ?? false,
      guess: found?.part ? found : null,
      // The model may have seen a stroke and still know nothing of it.
      colour: colour ?? (found ? vocabulary.colourOfNothing : null),
    });
  }
  return views;
}

/** Return groups of strokes that share a name: an instance, a part, or an object of a scene.
 *
 * Each has a `key`, `texts` (the name, and shorter forms of it) and the `ids` of its strokes.
 */
export function groupsOf(views, answer) {
  return answer?.objects ? groupObjects(views, answer) : groupParts(views);
}

function groupBy(values, keyOf) {
  const groups = new Map();
  for (const value of values) {
    const key = keyOf(value);
    if (key === null) continue;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(value);
  }
  return groups;
}

function groupParts(views) {
  const named = [...views.values()].filter((view) => view.part && view.part !== UNLABELED);
  const instances = groupBy(named, (view) => `${view.label} ${view.instance ?? ""}`);
  return [...instances].map(([key, members]) => {
    const [{ label, part, title, instance }] = members;
    const alike = new Set(named.filter((view) => view.label === label).map((v) => v.instance));
    // One wheel is `wheel`; a side tells a leg from the other one.
    const isNumbered = instance > 0 && (alike.size > 1 || instance > 1) && label === part;
    const texts = isNumbered ? [`${title} ${instance}`, `${instance}`] : [title];
    // `back right leg` is known by its side, and by its colour.
    if (label !== part) texts.push(title.split(" ").slice(0, -1).join(" "));
    return { key, texts, ids: members.map((view) => view.id), fixed: members.some((v) => v.fixed) };
  });
}

function groupObjects(views, { objects }) {
  const groups = groupBy(views.values(), (view) => view.object);
  const numbers = new Map();
  return [...groups].sort(([a], [b]) => a - b).map(([index, members]) => {
    const { title } = objects[index];
    const alike = objects.filter((object) => object.title === title).length;
    // Counted from 1, as people count.
    const number = (numbers.get(title) ?? 0) + 1;
    numbers.set(title, number);
    const text = alike > 1 ? `${title} ${number}` : title;
    return { key: `object ${index}`, index, texts: [text], ids: members.map((v) => v.id), fixed: members.some((v) => v.placed) };
  });
}

/** Return the highest instance of each part. */
export function instancesOf(views) {
  const most = new Map();
  for (const { part, instance } of views.values()) {
    if (part && instance > 0) most.set(part, Math.max(most.get(part) ?? 0, instance));
  }
  return most;
}

/** Return one line about a stroke: its name with its score, and the model's second guess. */
export function describe(view, vocabulary) {
  if (!view?.part) return "no part";
  const number = view.instance > 0 && view.label === view.part ? ` ${view.instance}` : "";
  const score = view.score === null ? "" : ` ${percent(view.score)}`;
  const words = [`${view.title}${number}${view.fixed ? ", chosen by you" : score}`];
  const { guess } = view;
  if (view.fixed && guess && guess.part !== view.part) {
    words.push(`the model says ${guess.title} ${percent(guess.score)}`);
  } else if (guess?.part_2 && guess.part_2_score >= 0.005) {
    const title = vocabulary.part(view.category, guess.part_2)?.title ?? titleOf(guess.part_2);
    words.push(`or ${title} ${percent(guess.part_2_score)}`);
  }
  return words.join(", ");
}
