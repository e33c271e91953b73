// Objects of a scene that a person made: which strokes each has, and of which category it is.
//
// A drawing has a list `objects`, each with a `category`: null where the model decides. A stroke's
// `object` is an index into it, NONE, or null where the model decides. `of` of an answer's object is
// its index among the model's objects and a person's together.

import { withStrokes } from "./drawing.js";

export const NONE = -1;
export const NEW = "new";

/** Return what the model has to know of a person's objects; null without any. */
export function askedObjects(drawing) {
  if (drawing.strokes.every(({ object }) => object === null)) return null;
  return {
    object: drawing.strokes.map(({ object }) => object),
    object_category: drawing.objects.map(({ category }) => category),
  };
}

/** Return the drawing with an object of the answer as a person's, and that one's index. */
function settle(drawing, views, shown) {
  const isIn = ({ id }) => views.get(id)?.object === shown;
  // The model adds strokes to a person's object, so that one may be there.
  const known = drawing.strokes.find((stroke) => isIn(stroke) && stroke.object >= 0 && stroke.object !== null);
  const index = known ? known.object : drawing.objects.length;
  const objects = known ? drawing.objects : [...drawing.objects, { category: null }];
  const settled = withStrokes(drawing, (stroke) => (isIn(stroke) ? { ...stroke, object: index } : stroke));
  return [{ ...settled, objects }, index];
}

/** Return the drawing with a stroke in another object: one of the answer's, NEW or NONE. */
export function withObject(drawing, views, id, choice) {
  const { object: from } = views.get(id);
  // What it was with stays together, too: else the model would put it back.
  let changed = from === null ? drawing : settle(drawing, views, from)[0];
  let index = choice;
  if (choice === NEW) {
    index = changed.objects.length;
    changed = { ...changed, objects: [...changed.objects, { category: null }] };
  } else if (choice !== NONE) {
    [changed, index] = settle(changed, views, choice);
  }
  return withStrokes(changed, (stroke) => (stroke.id === id ? { ...stroke, object: index } : stroke));
}

/** Return the drawing with an object of the answer of a category; null lets the model decide. */
export function withObjectCategory(drawing, views, shown, category) {
  const [settled, index] = settle(drawing, views, shown);
  const objects = settled.objects.map((object, i) => (i === index ? { category } : object));
  return { ...settled, objects };
}

/** Return what the box about a stroke has to know of the objects of an answer. */
export const choicesOf = (drawing, views, groups, answer) =>
  groups.map(({ index, texts: [text] }) => ({
    index,
    text,
    colour: answer.objects[index].colour,
    category: chosenCategory(drawing, views, index),
  }));

/** Return the category that a person chose for an object of the answer; null without one. */
function chosenCategory(drawing, views, shown) {
  const stroke = drawing.strokes.find(({ id, object }) => object >= 0 && object !== null && views.get(id).object === shown);
  return stroke ? drawing.objects[stroke.object].category : null;
}
