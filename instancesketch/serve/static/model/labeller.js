// From the strokes of a drawing to its labels: what the package's `Segmenter` returns.

import { findInstances } from "./instances.js";

const MANY = 500; // strokes: so many may be too many

/** Return the index of the largest number, the first of equals. */
function indexOfLargest(numbers) {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i] > numbers[best]) best = i;
  return best;
}

export class Labeller {
  /**
   * @param ort onnxruntime-web.
   * @param session of the exported model.
   * @param table `labelling` of the exported `model.json`: the names of what the model numbers.
   */
  constructor(ort, session, table) {
    Object.assign(this, { ort, session, table });
  }

  /**
   * Label a drawing.
   * @param strokes [[x…], [y…]] each, y down, in any unit.
   * @param options the category's name where it is given; the names of those to choose among.
   */
  async label(strokes, { category = null, categories = null } = {}) {
    if (!strokes.length) throw new Error("there is nothing drawn yet");
    const kept = this.keep(categories);
    const given = category === null ? -1 : this.idOf(category);
    if (given >= 0 && !kept[given]) throw new Error(`"${category}" is not among the categories to choose from`);
    const alone = await this.run(strokes, -1, kept);
    const found = given < 0 ? alone : await this.run(strokes, given, kept);
    const likeliest = indexOfLargest(alone.category_probability);
    const id = given < 0 ? likeliest : given;
    return {
      category: this.table.categories[id].name,
      category_score: given < 0 ? alone.category_probability[id] : null,
      categories: this.rank(alone.category_probability, kept),
      strokes: this.describe(found, strokes.length, this.table.categories[id].has_parts),
    };
  }

  idOf(category) {
    const id = this.table.categories.findIndex(({ name }) => name === category);
    if (id < 0) throw new Error(`"${category}" is no category of this model`);
    return id;
  }

  /** Return a 1 for each category that may be chosen. */
  keep(categories) {
    const kept = this.table.categories.map(({ offered }) => Number(offered));
    if (categories === null) return kept;
    if (!categories.length) throw new Error("categories is empty: there is nothing to choose among");
    const ids = new Set(categories.map((name) => this.idOf(name)));
    return kept.map((offered, id) => offered && Number(ids.has(id)));
  }

  /** Run the model; returns its outputs by name. */
  async run(strokes, category, kept) {
    const { Tensor } = this.ort;
    const lengths = strokes.map(([x]) => x.length);
    const points = new Float32Array(2 * lengths.reduce((a, b) => a + b));
    let at = 0;
    for (const [x, y] of strokes) {
      for (let i = 0; i < x.length; i++) {
        points[at++] = x[i];
        points[at++] = y[i];
      }
    }
    const inputs = {
      points: new Tensor("float32", points, [points.length / 2, 2]),
      stroke_len: new Tensor("int64", BigInt64Array.from(lengths, BigInt), [lengths.length]),
      category: new Tensor("int64", BigInt64Array.of(BigInt(category)), [1]),
      kept: new Tensor("bool", Uint8Array.from(kept), [kept.length]),
    };
    let outputs;
    try {
      outputs = await this.session.run(inputs);
    } catch (error) {
      // WebAssembly has less memory than the pairs of a thousand strokes take.
      if (lengths.length <= MANY) throw error;
      throw new Error(`${lengths.length} strokes are more than the model takes in a browser`);
    }
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
  }

  /** Return the categories to choose among with their probabilities, highest first. */
  rank(probabilities, kept) {
    return this.table.categories
      .map(({ name, title }, id) => ({ name, title, score: probabilities[id] }))
      .filter((_, id) => kept[id])
      .sort((a, b) => b.score - a.score);
  }

  /** Return the labels of each stroke; all null where the category has no parts. */
  describe(found, number, hasParts) {
    const { labels, titles, parts, same_place: samePlace } = this.table;
    const { instance, side } = findInstances(found, number, samePlace);
    return Array.from({ length: number }, (_, s) => {
      if (!hasParts) {
        return {
          part: null, label: null, title: null, score: null,
          part_2: null, part_2_score: null, instance: null,
        };
      }
      // Names of parts come first, then those with the left side, then those with the right.
      const label = side[s] * parts + found.part[s];
      const second = found.part_2_score[s] > 0;
      return {
        part: labels[found.part[s]],
        label: labels[label],
        title: titles[label],
        score: found.part_score[s],
        part_2: second ? labels[found.part_2[s]] : null,
        part_2_score: second ? found.part_2_score[s] : null,
        instance: instance[s],
      };
    });
  }
}
