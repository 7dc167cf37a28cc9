// Aggregates: counts and sums over what matches, and over groups of it.

import assert from 'node:assert/strict';
import { count, filled, invalid, range, suite } from './client.mjs';
import { sum } from './truth.mjs';

const proves = suite(import.meta.url);
const SCHEMA = { count: 'uint', price: 'float', tags: '[]string' };
const ROWS = range(40).map((id) => {
  const row = {
    color: ['red', 'blue', 'green'][id % 3],
    size: (id % 6) - 3,
    count: [0, 1, 2 ** 40][(id * 5) % 3],
    price: ((id * 7) % 41) / 8 - 2,
    flag: id % 4 === 0,
    tags: ['x', 'y', 'z'].filter((_, at) => (id >> at) % 2),
  };
  return { id, ...Object.fromEntries(Object.entries(row).filter((_, at) => (id + at) % 7 !== 0)) };
});

const summed = (rows, name) => sum(rows.map((row) => row[name] ?? 0));

/** Rows by key, sorted by it, and null comes last. */
function grouped(keys) {
  const groups = new Map();
  for (const row of ROWS) {
    const parts = keys.map((key) => (key === 'tags' ? (row.tags ?? []) : [row[key] ?? null]));
    const all = parts.reduce((made, each) => made.flatMap((key) => each.map((part) => [...key, part])), [[]]);
    for (const key of all) {
      const name = JSON.stringify(key);
      if (!groups.has(name)) groups.set(name, [key, []]);
      groups.get(name)[1].push(row);
    }
  }
  const order = (a, b) => (a === null) - (b === null) || (a > b) - (a < b);
  const byKey = ([a], [b]) => a.map((part, at) => order(part, b[at])).find(Boolean) ?? 0;
  return [...groups.values()].sort(byKey);
}

const start = (way) => filled(way.fresh(), ROWS, { schema: SCHEMA, step: 9 });

proves(
  'what matches is counted and summed',
  [
    ['3.1', 'aggregate_by', 'filters'],
    ['3.7', 'Count', 'Count of an attribute', 'Sum of integers', 'Sum of floats', 'Sum of nothing'],
    ['3.7', 'several labels', 'a filter that nothing matches'],
    ['3.10', 'aggregations'],
    ['11', 'aggregates, groups and ForEachUnique'],
  ],
  async (way) => {
    const ns = await start(way);
    const aggregate_by = {
      n: ['Count'],
      colored: ['Count', 'color'],
      sizes: ['Sum', 'size'],
      counts: ['Sum', 'count'],
      prices: ['Sum', 'price'],
    };
    for (const [filters, matches] of [
      [['And', []], () => true],
      [['color', 'Eq', 'red'], (row) => row.color === 'red'],
      [['size', 'Eq', 99], () => false],
    ]) {
      const rows = ROWS.filter(matches);
      const answer = await ns.query({ aggregate_by, filters });
      assert.deepEqual(answer.aggregations, {
        n: rows.length,
        colored: rows.filter((row) => 'color' in row).length,
        sizes: summed(rows, 'size'),
        counts: summed(rows, 'count'),
        prices: summed(rows, 'price'),
      });
      assert.equal(answer.rows, undefined);
    }
  },
);

proves(
  'groups are of equal values, or of elements',
  [
    ['3.1', 'group_by'],
    ['3.7', 'group_by', 'group_by of several attributes', 'ForEachUnique', 'the order of groups'],
    ['3.7', 'the limit of groups', 'Sum of integers'],
    ['3.10', 'aggregation_groups'],
    ['11', 'aggregates, groups and ForEachUnique'],
  ],
  async (way) => {
    const ns = await start(way);
    const aggregate_by = { n: ['Count'], sizes: ['Sum', 'size'] };
    for (const keys of [['color'], ['flag'], ['count'], ['color', 'flag'], ['tags'], ['color', 'tags']]) {
      const label = (key) => (key === 'tags' ? 'tag' : key);
      const group_by = keys.map((key) => (key === 'tags' ? { tag: ['ForEachUnique', 'tags'] } : key));
      const expected = grouped(keys).map(([key, rows]) => ({
        ...Object.fromEntries(keys.map((name, at) => [label(name), key[at]])),
        n: rows.length,
        sizes: summed(rows, 'size'),
      }));
      const answer = await ns.query({ aggregate_by, group_by });
      assert.deepEqual(answer.aggregation_groups, expected, `${keys}`);
      const some = await ns.query({ aggregate_by, group_by, limit: 2 });
      assert.deepEqual(some.aggregation_groups, expected.slice(0, 2));
      const top = await ns.query({ aggregate_by, group_by, top_k: 1 });
      assert.deepEqual(top.aggregation_groups, expected.slice(0, 1));
    }
    const nothing = await ns.query({ aggregate_by, group_by: ['color'], filters: ['size', 'Eq', 99] });
    assert.deepEqual(nothing.aggregation_groups, []);
    for (const odd of [
      { group_by: ['color'] },
      { aggregate_by: { s: ['Sum', 'color'] } },
      { aggregate_by: { s: ['Median', 'size'] } },
      { ...count, group_by: ['colour'] },
      { ...count, group_by: ['tags'] },
      { ...count, group_by: [{ t: ['ForEachUnique', 'color'] }] },
    ]) {
      await invalid('', ns.query(odd));
    }
  },
);
