// Rankings: scores made of texts, filters, numbers and vectors, each worked out over plain rows.

import assert from 'node:assert/strict';
import { filled, ids, invalid, range, suite } from './client.mjs';
import { agrees, sum, Texts, words } from './truth.mjs';

const proves = suite(import.meta.url);
const ORIGIN = '2026-09-01T00:00:00Z';
const HOUR = 3_600_000;
const TEXTS = ['walrus sea', 'sea', 'walrus walrus ice', 'ice seal', 'north sea walrus'];
const SCHEMA = {
  text: { type: 'string', full_text_search: true },
  title: { type: 'string', full_text_search: true },
  views: 'uint',
  price: 'float',
  seen: 'datetime',
  sparse: { type: '{}f16', sparse_knn: { distance_metric: 'dot_product' } },
  tags: '[]string',
};
/** Each attribute is missing now and then. */
const ROWS = range(30).map((id) => {
  const row = {
    id,
    text: TEXTS[id % 5],
    title: TEXTS[(id * 3 + 1) % 5],
    views: (id * 7) % 23,
    points: ((id * 11) % 19) - 9,
    price: ((id * 13) % 29) / 4 - 3,
    seen: new Date(Date.parse(ORIGIN) + (((id * 5) % 31) - 15) * HOUR),
    kind: 'abc'[id % 3],
    pinned: id % 4 === 0,
    tags: ['x', 'y', 'z'].filter((_, at) => (id >> at) % 2),
    sparse: { p: (id % 9) / 4 - 1, q: (id % 5) / 4 },
  };
  const names = Object.keys(row);
  const kept = names.filter((name, at) => name === 'id' || (id + at * 3) % 8 !== 0);
  return Object.fromEntries(kept.map((name) => [name, row[name]]));
});
const texts = { text: Texts.of(ROWS, 'text'), title: Texts.of(ROWS, 'title') };
const bm25 = (name, question) => (row) => texts[name].score(row.id, words(question));
const value = (name) => (row) => Number(row[name] ?? 0);
const apart = (name, origin) => (row) => (name in row ? Math.abs(Number(row[name]) - Number(origin)) : 0);

/** The rows of an answer are those of this score; of a number there are all, those it is nothing for too. */
async function agree(ns, rank_by, score, { all = false } = {}) {
  const truth = new Map(ROWS.map((row) => [row.id, score(row)]));
  const kept = new Map([...truth].filter(([, it]) => all || it !== 0));
  agrees(await ns.query({ rank_by, limit: 1000 }), kept);
}

const start = (way) => filled(way.fresh(), ROWS, { schema: SCHEMA, step: 8 });

proves(
  'a filter is one or nothing, and scores are made of scores',
  [
    ['3.2', 'BM25', 'Sum', 'Max', 'Product', 'a filter', 'rows that score 0', 'ties by id'],
    ['3.2', 'Sum and Max of parts beside each other', 'texts and filters and attributes mixed'],
    ['11', 'all rankings'],
  ],
  async (way) => {
    const ns = await start(way);
    const [text, title] = [['text', 'BM25', 'walrus sea'], ['title', 'BM25', 'walrus']];
    const [ofText, ofTitle] = [bm25('text', 'walrus sea'), bm25('title', 'walrus')];
    const isB = (row) => Number(row.kind === 'b');
    for (const [rank, score] of [
      [['kind', 'Eq', 'b'], isB],
      [['Not', ['pinned', 'Eq', true]], (row) => Number(row.pinned !== true)],
      [['tags', 'ContainsAny', ['x', 'y']], (row) => Number(/[xy]/.test(row.tags?.join('') ?? ''))],
      [['Sum', [text, title]], (row) => ofText(row) + ofTitle(row)],
      [['Max', [text, title]], (row) => Math.max(ofText(row), ofTitle(row))],
      [['Sum', text, title], (row) => ofText(row) + ofTitle(row)],
      [['Max', text, title], (row) => Math.max(ofText(row), ofTitle(row))],
      [['Product', 3, title], (row) => 3 * ofTitle(row)],
      [['Product', title, 0.5], (row) => ofTitle(row) / 2],
      [['Sum', [['Product', 2, ['kind', 'Eq', 'b']], title]], (row) => 2 * isB(row) + ofTitle(row)],
      [['Sum', [['Max', [text, ['Product', 2.5, title]]], ['kind', 'Eq', 'b']]],
        (row) => Math.max(ofText(row), 2.5 * ofTitle(row)) + isB(row)],
    ]) {
      await agree(ns, rank, score);
    }
    const mixed = (row) => ofText(row) + value('views')(row) + isB(row);
    await agree(ns, ['Sum', [text, ['Attribute', 'views'], ['kind', 'Eq', 'b']]], mixed, { all: true });
  },
);

proves(
  'a number is a score, and may be bent',
  [
    ['3.2', 'Attribute', 'Attribute below zero', 'Max with a constant', 'Saturate', 'Decay'],
    ['3.2', 'Dist of a number', 'Dist of a datetime', 'a midpoint such as 6h', 'rows that score 0'],
    ['11', 'all rankings'],
  ],
  async (way) => {
    const ns = await start(way);
    const [views, price] = [['Attribute', 'views'], ['Attribute', 'price']];
    const [near, time] = [['Dist', views, 10], ['Dist', ['Attribute', 'seen'], ORIGIN]];
    const saturated = (of, m, p = 1) => (row) => {
      const x = Math.max(0, of(row)) ** p;
      return x / (x + m ** p);
    };
    const decayed = (name, of, m, p = 1) => (row) => (name in row ? m ** p / (of(row) ** p + m ** p) : 0);
    const far = apart('views', 10);
    const since = apart('seen', new Date(ORIGIN));
    for (const [rank, score] of [
      [views, value('views')],
      [['Product', 0.125, views], (row) => value('views')(row) / 8],
      [['Max', 0, ['Attribute', 'points']], (row) => Math.max(0, value('points')(row))],
      [['Max', price, 2.5], (row) => Math.max(2.5, value('price')(row))],
      [near, far],
      [time, since],
      [['Saturate', views, { midpoint: 5 }], saturated(value('views'), 5)],
      [['Saturate', price, { midpoint: 2, exponent: 2 }], saturated(value('price'), 2, 2)],
      [['Decay', near, { midpoint: 4 }], decayed('views', far, 4)],
      [['Decay', near, { midpoint: 4, exponent: 3 }], decayed('views', far, 4, 3)],
      [['Decay', time, { midpoint: 36e6 }], decayed('seen', since, 36e6)],
      [['Decay', time, { midpoint: '6h' }], decayed('seen', since, 6 * HOUR)],
      [['Decay', time, { midpoint: '90m', exponent: 2 }], decayed('seen', since, 1.5 * HOUR, 2)],
    ]) {
      await agree(ns, rank, score, { all: true });
    }
    for (const [told, rank_by] of [
      ['Max', ['Attribute', 'points']],
      ['kind', ['Attribute', 'kind']],
      ['colour', ['Attribute', 'colour']],
      ['midpoint', ['Saturate', views, {}]],
      ['midpoint', ['Decay', near, { midpoint: '6h' }]],
      ['midpoint', ['Decay', time, { midpoint: '6 moons' }]],
      ['exponent', ['Decay', near, { midpoint: 1, exponent: 0 }]],
      ['kind', ['Dist', ['Attribute', 'kind'], 1]],
      ['', ['Sum', []]],
      ['', ['Product', 1, 2]],
    ]) {
      await invalid(told, ns.query({ rank_by, limit: 9 }));
    }
  },
);

proves(
  'what is sparse is ranked by its product',
  [
    ['3.2', 'SparseKNN', 'rows that score 0', 'ties by id'],
    ['4.2', 'sparse_knn'],
    ['11', 'all rankings'],
  ],
  async (way) => {
    const ns = await start(way);
    const product = (asked) => (row) =>
      sum(Object.entries(row.sparse ?? {}).map(([key, weight]) => weight * (asked[key] ?? 0)));
    for (const asked of [{ p: 1.5, q: -0.25 }, { q: 2 }, { unheard: 1 }]) {
      await agree(ns, ['sparse', 'SparseKNN', asked], product(asked));
    }
    const both = ['Sum', [['sparse', 'SparseKNN', { p: 1 }], ['text', 'BM25', 'walrus']]];
    await agree(ns, both, (row) => product({ p: 1 })(row) + bm25('text', 'walrus')(row));
    await invalid('kind', ns.query({ rank_by: ['kind', 'SparseKNN', { p: 1 }], limit: 9 }));
  },
);

proves(
  'several vectors are as similar as their best',
  [
    ['3.2', 'ANN of several vectors', 'kNN of several vectors'],
    ['4.2', 'ann.late_interaction'],
    ['11', 'all rankings'],
  ],
  async (way) => {
    const some = (seed, length) =>
      range(length).map((at) => range(3).map((dim) => ((seed * 7 + at * 5 + dim * 11) % 17) / 8 - 1));
    const rows = range(20).map((id) => ({ id, late: some(id, 1 + (id % 4)) }));
    const asked = some(3, 2);
    const schema = { late: { type: '[][3]f32', ann: { late_interaction: true } } };
    const settings = { schema, distance_metric: 'euclidean_squared' };
    const others = [{ id: 100, late: null }, { id: 101, late: [] }];
    const ns = await filled(way.fresh(), [...rows, ...others], settings);
    const similar = (a, b) => -sum(a.map((x, at) => (x - b[at]) ** 2));
    const truth = new Map(
      rows.map(({ id, late }) => [
        id,
        sum(asked.map((each) => Math.max(...late.map((own) => similar(own, each))))),
      ]),
    );
    agrees(await ns.query({ rank_by: ['late', 'ANN', asked], limit: 100 }), truth);
    const exact = { rank_by: ['late', 'kNN', asked], limit: 100, filters: ['id', 'Lt', 9] };
    agrees(await ns.query(exact), new Map([...truth].filter(([id]) => id < 9)));
    await invalid('', ns.query({ rank_by: ['late', 'ANN', [[0.5, 0.5]]], limit: 1 }));
    await invalid('', ns.query({ rank_by: ['late', 'ANN', []], limit: 1 }));
    assert.deepEqual(ids(await ns.query({ rank_by: ['id', 'desc'], limit: 1 })), [101]);
  },
);
