// From affinities of strokes to instances and sides, as `inference/instances.py` of the package.

/**
 * Number the instances of each part from the left, and find the sides of pairs.
 * @param found the model's outputs: part, counted (1 one instance, 0 several, -1 not countable), and
 *   with a refiner affinity, sided, moment and weight.
 * @param number of strokes.
 * @param samePlace nearer than this, neither of two is left of the other.
 * @returns per stroke, instance: from 1, 0 for several or unknown, null where the part isn't
 *   countable; and side: 1 left, 2 right, 0 neither.
 */
export function findInstances(found, number, samePlace) {
  const instance = Array.from(found.counted, (counted) => (counted < 0 ? null : 0));
  const side = new Array(number).fill(0);
  if (!found.affinity) return { instance, side };
  const strokesOf = new Map(); // of each counted part
  for (let s = 0; s < number; s++) {
    if (found.counted[s] !== 1) continue;
    const part = found.part[s];
    if (!strokesOf.has(part)) strokesOf.set(part, []);
    strokesOf.get(part).push(s);
  }
  for (const strokes of strokesOf.values()) {
    const affinity = strokes.map((a) => strokes.map((b) => found.affinity[a * number + b]));
    const groups = join(affinity).map((group) => group.map((i) => strokes[i]));
    const placed = groups.map((group) => ({ group, x: placeOf(group, found) }));
    placed.sort((a, b) => a.x - b.x); // stable: of equals, the one that was begun first
    const pair = placed.length === 2 && placed[1].x - placed[0].x > samePlace;
    placed.forEach(({ group }, i) => {
      for (const s of group) {
        instance[s] = i + 1;
        if (pair && found.sided[s]) side[s] = i + 1;
      }
    });
  }
  return { instance, side };
}

/** Return where a group of strokes lies: the mean x of its lines. */
function placeOf(group, { moment, weight }) {
  const sum = (of) => group.reduce((all, s) => all + of[s], 0);
  return sum(moment) / sum(weight);
}

/**
 * Cluster by average linkage: join clusters while any two have a positive mean affinity.
 *
 * All pairs that are each other's nearest are joined at once, as the package does, which gives what
 * joining one pair after the other does.
 * @param affinity of each stroke with each, symmetric.
 * @returns the indices of the strokes of each cluster, in the order of their first ones.
 */
export function join(affinity) {
  let groups = affinity.map((_, i) => [i]);
  let sums = affinity.map((row) => [...row]);
  for (;;) {
    const nearest = groups.map((_, a) => nearestOf(a, groups, sums));
    // Of a pair, the later cluster goes into the earlier one.
    const into = nearest.map(({ at, mean }, a) =>
      mean > 0 && at < a && nearest[at].at === a ? at : a,
    );
    if (into.every((at, a) => at === a)) return groups;
    const left = groups.map((_, a) => a).filter((a) => into[a] === a);
    const members = left.map((a) => groups.map((_, b) => b).filter((b) => into[b] === a));
    const oldSums = sums;
    sums = members.map((rows) =>
      members.map((columns) =>
        rows.reduce((all, r) => all + columns.reduce((part, c) => part + oldSums[r][c], 0), 0),
      ),
    );
    groups = members.map((those) => those.flatMap((b) => groups[b]).sort((a, b) => a - b));
  }
}

/** Return the other cluster of the highest mean affinity with one, the first of equals. */
function nearestOf(a, groups, sums) {
  let best = { at: a, mean: -Infinity };
  groups.forEach((group, b) => {
    const mean = sums[a][b] / (groups[a].length * group.length);
    if (b !== a && mean > best.mean) best = { at: b, mean };
  });
  return best;
}
