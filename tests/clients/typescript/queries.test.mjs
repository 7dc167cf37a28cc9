// Queries: the nearest vectors and the orders, what comes with a row, and what an answer says of itself.

import assert from 'node:assert/strict';
import { BY_ID, count, everything, filled, ids, range, suite, unused } from './client.mjs';
import { near, sum } from './truth.mjs';

const proves = suite(import.meta.url);
const TARGET = [0.5, -1.25, 2];
// Eighths, which every kind of number holds.
const ROWS = range(60).map((id) => ({
  id,
  vector: [((id * 37) % 61) / 8 - 3, ((id * 17) % 59) / 8 - 3, ((id * 29) % 53) / 8 - 2],
  kind: id % 7,
}));

const dot = (a, b) => sum(a.map((x, at) => x * b[at]));
const METRICS = {
  euclidean_squared: (a, b) => sum(a.map((x, at) => (x - b[at]) ** 2)),
  cosine_distance: (a, b) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
};

/** Checks an answer against all documents, each looked at. */
function nearest(found, rows, metric) {
  const truth = new Map(rows.map((row) => [row.id, METRICS[metric](row.vector, TARGET)]));
  const best = [...truth.values()].sort((a, b) => a - b);
  found.rows.forEach((row, at) => {
    near(row.$dist, best[at]);
    near(row.$dist, truth.get(row.id));
  });
  assert.equal(new Set(ids(found)).size, found.rows.length);
}

proves(
  'the nearest are the nearest of all, under a filter too',
  [
    ['1.7', 'query'],
    ['3.1', 'rank_by', 'limit as a number', 'filters'],
    ['3.2', 'ANN', 'kNN', 'cosine_distance', 'euclidean_squared'],
    ['3.3', '$dist of a ranking by score'],
    ['3.10', 'rows'],
    ['11', 'all rankings'],
  ],
  async (way) => {
    for (const metric of Object.keys(METRICS)) {
      const ns = await filled(way.fresh(), ROWS, { step: 16, distance_metric: metric });
      const found = await ns.query({ rank_by: ['vector', 'ANN', TARGET], limit: 20 });
      assert.equal(found.rows.length, 20);
      nearest(found, ROWS, metric);
      for (const word of ['ANN', 'kNN']) {
        const asked = { rank_by: ['vector', word, TARGET], limit: 5, filters: ['kind', 'Eq', 3] };
        const some = await ns.query(asked);
        assert.equal(some.rows.length, 5);
        nearest(some, ROWS.filter((row) => row.kind === 3), metric);
      }
    }
  },
);

proves(
  'each vector of several is searched, and those equally near go by id',
  [
    ['3.2', 'ANN', 'ties by id'],
    ['4.1', 'up to 8 vectors'],
    ['6.1', '8 vector attributes'],
  ],
  async (way) => {
    const names = ['vector', ...range(7).map((number) => `v${number}`)];
    const each = (value) => Object.fromEntries(names.map((name, at) => [name, value(at)]));
    const schema = each(() => ({ type: '[2]f32', ann: true }));
    const rows = range(8).map((id) => ({ id, ...each((at) => [Number(id === at), 1]) }));
    const asked = { distance_metric: 'euclidean_squared', schema };
    const ns = await filled(way.fresh(), rows, { ...asked, step: 8 });
    for (const [at, name] of names.entries()) {
      const found = await ns.query({ rank_by: [name, 'ANN', [1, 1]], limit: 3 });
      const rest = range(8).toSpliced(at, 1);
      assert.deepEqual(found.rows, [
        { id: at, $dist: 0 },
        { id: rest[0], $dist: 1 },
        { id: rest[1], $dist: 1 },
      ]);
    }
    const more = { ...schema, v7: { type: '[2]f32', ann: true } };
    await assert.rejects(way.fresh().write({ ...asked, schema: more, upsert_rows: [{ id: 1 }] }), /8/);
  },
);

proves(
  'an order has nulls lowest and ties by id',
  [
    ['3.1', 'top_k', 'limit as an object'],
    ['3.2', 'asc and desc', 'order by several attributes', 'nulls first in asc, last in desc', 'ties by id'],
    ['3.3', 'no $dist of an order'],
  ],
  async (way) => {
    const a = [2, null, 1, 2, 1, null];
    const rows = a.map((each, at) => ({ id: at + 1, a: each, b: 'bababb'[at] }));
    const ns = await filled(way.fresh(), rows, { step: 1 });
    for (const [rank_by, expected] of [
      [['id', 'asc'], [1, 2, 3, 4, 5, 6]],
      [['id', 'desc'], [6, 5, 4, 3, 2, 1]],
      [['a', 'asc'], [2, 6, 3, 5, 1, 4]],
      [['a', 'desc'], [1, 4, 3, 5, 2, 6]],
      [[['b', 'asc'], ['a', 'desc']], [4, 2, 1, 3, 5, 6]],
      [[['a', 'asc'], ['id', 'desc']], [6, 2, 5, 3, 4, 1]],
    ]) {
      const found = await ns.query({ rank_by, limit: 9 });
      assert.deepEqual(found.rows, expected.map((id) => ({ id })));
      assert.deepEqual(ids(await ns.query({ rank_by, top_k: 2 })), expected.slice(0, 2));
      assert.deepEqual(ids(await ns.query({ rank_by, limit: { total: 3 } })), expected.slice(0, 3));
    }
  },
);

proves(
  'what comes with a row is what was asked for',
  [
    ['3.1', 'include_attributes: true', 'include_attributes: false', 'include_attributes: a list'],
    ['3.1', 'exclude_attributes', 'vector_encoding', 'disable_cache'],
    ['3.3', 'vectors as base64', 'vectors as floats', 'what is missing is absent'],
    ['11', 'limit.per, offset, include and exclude'],
  ],
  async (way) => {
    const ns = way.fresh();
    const row = { id: 1, vector: [0.5, 1.5], a: 1, b: 'x' };
    const none = { id: 2, vector: null, c: null };
    await ns.write({ distance_metric: 'cosine_distance', upsert_rows: [row, none] });
    const { id, vector, a, b } = row;
    for (const [asked, expected] of [
      [{}, { id }],
      [{ include_attributes: false }, { id }],
      [{ include_attributes: [] }, { id }],
      [{ include_attributes: ['id', 'a'] }, { id, a }],
      [{ include_attributes: ['vector'] }, { id, vector }],
      [{ include_attributes: ['vector'], vector_encoding: 'base64' }, { id, vector: 'AAAAPwAAwD8=' }],
      [{ include_attributes: true, disable_cache: true }, row],
      [{ exclude_attributes: ['vector', 'unknown'] }, { id, a, b }],
    ]) {
      assert.deepEqual((await ns.query({ ...BY_ID, limit: 1, ...asked })).rows, [expected]);
    }
    assert.deepEqual(await everything(ns), [row, { id: 2 }]);
  },
);

proves(
  'an answer says what it took',
  [
    ['3.10', 'billing.billable_logical_bytes_queried', 'billing.billable_logical_bytes_returned'],
    ['3.10', 'performance.cache_hit_ratio', 'performance.cache_temperature'],
    ['3.10', 'performance.server_total_ms', 'performance.query_execution_ms'],
    ['3.10', 'performance.exhaustive_search_count', 'performance.approx_namespace_size'],
    ['3.10', 'performance.last_included_write_at'],
    ['11', 'strong reads at once, an exact exhaustive_search_count'],
  ],
  async (way) => {
    const ns = way.fresh();
    const rows = [{ id: 1, vector: [0.1, 0.2] }, { id: 2, vector: [0.3, 0.4] }];
    await ns.write({ distance_metric: 'cosine_distance', upsert_rows: rows });
    const { performance, billing } = await ns.query({ rank_by: ['vector', 'ANN', [0.1, 0.2]], limit: 9 });
    assert.ok(performance.cache_hit_ratio >= 0 && performance.cache_hit_ratio <= 1);
    assert.ok(['hot', 'warm', 'cold'].includes(performance.cache_temperature));
    assert.ok(performance.server_total_ms > 0);
    assert.ok(performance.query_execution_ms > 0);
    assert.equal(performance.approx_namespace_size, 2);
    if (way.name === 'log') assert.equal(performance.exhaustive_search_count, 2);
    const written = (await ns.metadata()).last_write_at.replace(/Z$/, '');
    assert.ok(performance.last_included_write_at.startsWith(written), written);
    assert.equal(billing.billable_logical_bytes_returned, 24);
    assert.ok(billing.billable_logical_bytes_queried >= 256_000_000);
  },
);

proves(
  'no time is told as longer than it was',
  [['3.10', 'server times above 2 ms']],
  async (way) => {
    const ns = way.fresh();
    await ns.write({ upsert_rows: [{ id: 1 }] });
    for (let round = 0; round < 20; round += 1) {
      const begun = performance.now();
      const told = (await ns.query({ ...BY_ID, limit: 1 })).performance;
      const waited = performance.now() - begun;
      assert.ok(told.query_execution_ms >= 1);
      assert.ok(told.server_total_ms >= told.query_execution_ms);
      // What has begun counts as a whole one.
      assert.ok(told.server_total_ms < waited + 1);
    }
  },
);

proves(
  'a query may be explained',
  [
    ['1.7', 'explain_query'],
    ['3.10', 'explain_query: plan_text'],
    ['11', 'lists, warm hints, recall, explain, delete'],
  ],
  async (way) => {
    const ns = await filled(way.fresh(), ROWS, { step: 30, distance_metric: 'cosine_distance' });
    for (const asked of [
      { rank_by: ['vector', 'ANN', TARGET], limit: 3 },
      { ...BY_ID, filters: ['kind', 'Eq', 1] },
      { ...count, group_by: ['kind'] },
    ]) {
      const { plan_text } = await ns.explainQuery(asked);
      assert.ok(typeof plan_text === 'string' && plan_text.trim() !== '');
    }
    await assert.rejects(ns.explainQuery({ ...BY_ID, filters: ['colour', 'Eq', 1] }), /not found/);
  },
);

proves(
  'a query may be content with less than the newest',
  [['3.1', 'consistency: strong', 'consistency: eventual', 'max_staleness_seconds']],
  async (way) => {
    const ns = way.client().namespace(unused());
    await ns.write({ upsert_rows: [{ id: 1 }] });
    for (const consistency of [
      { level: 'strong' },
      { level: 'eventual' },
      { level: 'eventual', max_staleness_seconds: 5 },
    ]) {
      assert.deepEqual(ids(await ns.query({ ...BY_ID, consistency })), [1]);
    }
  },
);
