// Pages of an answer: offsets, how many of a kind, and the pages that a client makes of filters.

import assert from 'node:assert/strict';
import { BY_ID, filled, ids, invalid, range, suite } from './client.mjs';

const proves = suite(import.meta.url);
const ROWS = range(40).map((id) => {
  const row = {
    id,
    vector: [((id * 11) % 17) / 8, ((id * 7) % 23) / 8],
    kind: id % 3,
    text: ['walrus', 'sea walrus', 'ice', 'walrus ice ice'][id % 4],
    tags: ['x'],
  };
  return id % 5 === 0 ? row : { ...row, owner: ['ada', 'bob', 'eve'][(id * 7) % 3] };
});

/** The first so many of each kind, in their order. */
function shared(ranked, names, limit) {
  const taken = new Map();
  return ranked.filter((id) => {
    const key = JSON.stringify(names.map((name) => ROWS[id][name] ?? null));
    taken.set(key, (taken.get(key) ?? 0) + 1);
    return taken.get(key) <= limit;
  });
}

/** A namespace, and what is ranked in it, each ranking with its whole answer. */
async function start(way) {
  const schema = { text: { type: 'string', full_text_search: true } };
  const ns = await filled(way.fresh(), ROWS, { distance_metric: 'euclidean_squared', schema, step: 9 });
  const apart = ({ vector: [x, y] }) => (x - 0.5) ** 2 + (y - 0.5) ** 2;
  const by = (of) => ROWS.toSorted((a, b) => of(a) - of(b) || a.id - b.id).map((row) => row.id);
  const text = ['text', 'BM25', 'walrus ice'];
  const ranked = [
    [['kind', 'asc'], by((row) => row.kind)],
    [['vector', 'ANN', [0.5, 0.5]], by(apart)],
    [text, ids(await ns.query({ rank_by: text, limit: 100 }))],
  ];
  assert.equal(ranked[2][1].length, 40);
  return [ns, ranked];
}

proves(
  'pages are parts of the whole',
  [
    ['3.1', 'offset'],
    ['3.6', 'offset', 'offset and limit of at most 10,000'],
    ['11', 'limit.per, offset, include and exclude'],
  ],
  async (way) => {
    const [ns, ranked] = await start(way);
    for (const [rank_by, whole] of ranked) {
      for (const [offset, limit] of [[0, 5], [3, 10], [30, 30], [39, 1], [500, 5]]) {
        const found = ids(await ns.query({ rank_by, offset, limit }));
        assert.deepEqual(found, whole.slice(offset, offset + limit));
      }
    }
    const last = { ...BY_ID, offset: 9_999, limit: 1 };
    assert.deepEqual(ids(await ns.query(last)), []);
    for (const offset of [10_000, -1]) await invalid('offset', ns.query({ ...last, offset }));
    await invalid('', ns.query({ rank_by: ['id', 'asc'], offset: 1 }));
  },
);

proves(
  'there are so many of a kind',
  [
    ['3.1', 'limit as an object'],
    ['3.5', 'of an order', 'of ANN and kNN', 'of a text', 'of several attributes', 'null is a value'],
    ['11', 'limit.per, offset, include and exclude'],
  ],
  async (way) => {
    const [ns, ranked] = await start(way);
    for (const [rank_by, whole] of ranked) {
      for (const [attributes, limit, total] of [
        [['owner'], 1, 100],
        [['owner'], 3, 7],
        [['owner', 'kind'], 1, 100],
      ]) {
        const asked = { rank_by, limit: { total, per: { attributes, limit } } };
        const expected = shared(whole, attributes, limit).slice(0, total);
        assert.deepEqual(ids(await ns.query(asked)), expected);
        assert.deepEqual(ids(await ns.query({ ...asked, offset: 1 })).slice(0, 2), expected.slice(1, 3));
      }
    }
    const per = { attributes: ['owner'], limit: 1 };
    const limit = { total: 9, per };
    const exact = { rank_by: ['vector', 'kNN', [0.5, 0.5]], limit, filters: ['kind', 'Eq', 1] };
    const nearest = ranked[1][1].filter((id) => ROWS[id].kind === 1);
    assert.deepEqual(ids(await ns.query(exact)), shared(nearest, ['owner'], 1));
    for (const odd of [['tags'], ['vector'], ['colour'], []]) {
      const of = { total: 9, per: { attributes: odd, limit: 1 } };
      await invalid('', ns.query({ rank_by: ['id', 'asc'], limit: of }));
    }
  },
);

proves(
  'a client makes pages of filters',
  [
    ['3.6', 'Gt of the last value', 'NotIn of what was seen'],
    ['5.7', 'pages by id'],
  ],
  async (way) => {
    const [ns, ranked] = await start(way);
    const read = [];
    for (let filters = ['And', []]; ; filters = ['id', 'Gt', read.at(-1).id]) {
      const { rows } = await ns.query({ ...BY_ID, limit: 9, include_attributes: true, filters });
      if (rows.length === 0) break;
      read.push(...rows);
    }
    assert.deepEqual(read, ROWS);
    const [rank_by, whole] = ranked[2];
    const seen = [];
    for (;;) {
      const more = ids(await ns.query({ rank_by, limit: 9, filters: ['id', 'NotIn', seen] }));
      if (more.length === 0) break;
      seen.push(...more);
    }
    assert.deepEqual(seen, whole);
  },
);
