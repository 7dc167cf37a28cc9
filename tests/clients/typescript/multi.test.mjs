// Several queries in one request: their results, and what becomes one of them by rank.

import assert from 'node:assert/strict';
import { BY_ID, count, filled, ids, invalid, range, suite } from './client.mjs';
import { near } from './truth.mjs';

const proves = suite(import.meta.url);
const QUERIES_MAX = 16;
const ROWS = range(40).map((id) => ({
  id,
  vector: [((id * 11) % 17) / 8 - 1, ((id * 7) % 23) / 8 - 1],
  text: ['walrus sea', 'ice', 'fish walrus fish', 'sea sea'][(id * 3) % 4],
  kind: 'ab'[id % 2],
}));
const QUERIES = [
  { rank_by: ['vector', 'ANN', [0.5, 1.5]], limit: 20 },
  { rank_by: ['text', 'BM25', 'walrus fish'], limit: 15, filters: ['kind', 'Eq', 'a'] },
  { rank_by: ['id', 'desc'], limit: 10 },
];

function start(way) {
  const schema = { text: { type: 'string', full_text_search: true } };
  return filled(way.fresh(), ROWS, { distance_metric: 'cosine_distance', schema, step: 13 });
}

/** What reciprocal rank fusion means, from what each query finds by itself. */
async function fused(ns, queries, weights = queries.map(() => 1), constant = 60) {
  const scores = new Map();
  for (const [at, query] of queries.entries()) {
    ids(await ns.query(query)).forEach((id, rank) => {
      scores.set(id, (scores.get(id) ?? 0) + weights[at] / (constant + rank + 1));
    });
  }
  const single = [...scores].map(([id, score]) => [id, Math.fround(score)]);
  return single.sort(([a, first], [b, second]) => second - first || a - b);
}

async function agree(ns, expected, asked) {
  const { results } = await ns.multiQuery(asked);
  assert.equal(results.length, 1);
  assert.deepEqual(ids(results[0]), expected.map(([id]) => id));
  results[0].rows.forEach((row, at) => near(row.$dist, expected[at][1]));
}

proves(
  'each query is answered as if it were alone',
  [
    ['1.7', 'multi_query'],
    ['3.1', 'queries', 'vector_encoding', 'consistency: eventual'],
    ['3.9', 'results in their order', 'one snapshot', '1 to 16 queries'],
    ['6.1', '16 queries in one request'],
    ['11', 'several queries on one snapshot, RRF with one result'],
  ],
  async (way) => {
    const ns = await start(way);
    const answer = await ns.multiQuery({ queries: [...QUERIES, count], consistency: { level: 'strong' } });
    for (const [at, query] of QUERIES.entries()) {
      assert.deepEqual(answer.results[at].rows, (await ns.query(query)).rows);
    }
    assert.deepEqual(answer.results[3].aggregations, { n: 40 });
    assert.equal(answer.results[3].rows, undefined);
    assert.ok(answer.billing.billable_logical_bytes_queried >= 256_000_000);
    const one = { ...BY_ID, limit: 1, include_attributes: ['vector'] };
    const many = range(QUERIES_MAX).map(() => one);
    const packed = await ns.multiQuery({
      queries: many,
      vector_encoding: 'base64',
      consistency: { level: 'eventual', max_staleness_seconds: 5 },
    });
    assert.equal(packed.results.length, QUERIES_MAX);
    for (const { rows } of packed.results) assert.equal(typeof rows[0].vector, 'string');
    for (const queries of [[], [...many, one]]) await invalid('', ns.multiQuery({ queries }));
    await invalid('filters', ns.multiQuery({ queries: many, filters: ['kind', 'Eq', 'a'] }));
  },
);

proves(
  'rankings are fused by rank',
  [
    ['3.9', 'RRF', 'RRF rank_constant', 'RRF weights', 'RRF limit and offset', 'RRF attributes'],
    ['3.9', 'RRF of one query', 'RRF of aggregates'],
    ['11', 'several queries on one snapshot, RRF with one result'],
  ],
  async (way) => {
    const ns = await start(way);
    const two = QUERIES.slice(0, 2);
    await agree(ns, await fused(ns, two), { queries: two, rerank_by: ['RRF'] });
    for (const [constant, weights] of [[1, undefined], [60, [1, 2, 0.5]], [7, [0.25, 3, 1]]]) {
      const rerank_by = ['RRF', { rank_constant: constant, weights }];
      await agree(ns, await fused(ns, QUERIES, weights, constant), { queries: QUERIES, rerank_by });
    }
    const whole = await fused(ns, QUERIES);
    const asked = { queries: QUERIES, rerank_by: ['RRF'] };
    for (const [part, expected] of [
      [{ limit: 7 }, whole.slice(0, 7)],
      [{ limit: { total: 7 } }, whole.slice(0, 7)],
      [{ limit: 7, offset: 4 }, whole.slice(4, 11)],
      [{ limit: 100, offset: 1000 }, []],
    ]) {
      await agree(ns, expected, { ...asked, ...part });
    }
    const first = { ...BY_ID, limit: 3, include_attributes: ['text'] };
    const second = { ...BY_ID, limit: 2, include_attributes: ['kind', 'vector'] };
    const { results } = await ns.multiQuery({ queries: [first, second], rerank_by: ['RRF'] });
    const { id, text } = ROWS[2];
    const shown = results[0].rows.map(({ $dist, ...row }) => row);
    assert.deepEqual(shown, [ROWS[0], ROWS[1], { id, text }]);
    for (const [queries, more] of [
      [two.slice(0, 1), { rerank_by: ['RRF'] }],
      [[...two, count], { rerank_by: ['RRF'] }],
      [two, { rerank_by: ['RRF', { weights: [1] }] }],
      [two, { rerank_by: ['RRF', { weights: [1, -1] }] }],
      [two, { rerank_by: ['RRF', { rank_constant: 0 }] }],
      [two, { rerank_by: ['Borda'] }],
      [two, { offset: 5 }],
    ]) {
      await invalid('', ns.multiQuery({ queries, ...more }));
    }
  },
);
