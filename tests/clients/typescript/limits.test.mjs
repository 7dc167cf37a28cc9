// Limits: what is at one is taken, and what is one beyond it is refused by its name.

import assert from 'node:assert/strict';
import { BY_ID, everything, filled, ids, range, refused, suite, turbopuffer, unused } from './client.mjs';

const { BadRequestError } = turbopuffer;
const proves = suite(import.meta.url);
const DIMENSIONS_MAX = 10_752;
const WEIGHTS_MAX = 1024;
const ROWS_MAX = 10_000;
// The hosted service lets 16 at a time.
const CROWD = 40;
const EUCLIDEAN = { distance_metric: 'euclidean_squared' };

const beyond = (told, asked) => refused(BadRequestError, told, asked);

proves(
  'a vector has so many dimensions',
  [['6.1', '10,752 dimensions', '1,024 dimensions of a sparse vector']],
  async (way) => {
    const ns = way.fresh();
    const vector = range(DIMENSIONS_MAX).map(() => 0.5);
    const sparse = Object.fromEntries(range(WEIGHTS_MAX).map((number) => [`k${number}`, 0.5]));
    const schema = { sparse: { type: '{}f16', sparse_knn: { distance_metric: 'dot_product' } } };
    await ns.write({ ...EUCLIDEAN, schema, upsert_rows: [{ id: 1, vector, sparse }] });
    assert.deepEqual(await everything(ns), [{ id: 1, vector, sparse }]);
    const found = await ns.query({ rank_by: ['vector', 'ANN', vector], limit: 1 });
    assert.deepEqual(found.rows, [{ id: 1, $dist: 0 }]);
    const product = await ns.query({ rank_by: ['sparse', 'SparseKNN', sparse], limit: 1 });
    assert.deepEqual(product.rows, [{ id: 1, $dist: WEIGHTS_MAX / 4 }]);
    const wider = { ...sparse, 'one more': 0.5 };
    await beyond('1024', ns.write({ upsert_rows: [{ id: 2, sparse: wider }] }));
    const longer = { vector: { type: `[${DIMENSIONS_MAX + 1}]f32`, ann: true } };
    const asked = { ...EUCLIDEAN, schema: longer, upsert_rows: [{ id: 1 }] };
    await beyond(`${DIMENSIONS_MAX}`, way.fresh().write(asked));
  },
);

proves(
  'an answer has so many rows or groups',
  [['6.1', '10,000 groups', 'a limit of 10,000']],
  async (way) => {
    const ns = way.fresh();
    const numbers = range(ROWS_MAX + 1);
    await ns.write({ upsert_columns: { id: numbers, n: numbers } });
    const first = numbers.slice(0, ROWS_MAX);
    assert.deepEqual(ids(await ns.query({ ...BY_ID, limit: ROWS_MAX })), first);
    await beyond('10000', ns.query({ ...BY_ID, limit: ROWS_MAX + 1 }));
    const groups = { aggregate_by: { count: ['Count'] }, group_by: ['n'] };
    const found = await ns.query({ ...groups, limit: ROWS_MAX });
    assert.deepEqual(found.aggregation_groups.map((group) => group.n), first);
    await beyond('10000', ns.query({ ...groups, limit: ROWS_MAX + 1 }));
  },
);

proves('a crowd is served', [['6.1', '16 queries at once']], async (way) => {
  const ns = way.fresh();
  await ns.write({ upsert_rows: [{ id: 1 }, { id: 2 }] });
  const asked = range(CROWD).map(() => ns.query({ ...BY_ID, limit: 9 }, { maxRetries: 0 }));
  for (const answer of await Promise.all(asked)) assert.deepEqual(ids(answer), [1, 2]);
});

proves(
  'an order and a name are of some length',
  [['6.1', '8 attributes to order by', "a namespace's name of 128 characters"]],
  async (way) => {
    const name = unused().padEnd(128, 'x');
    const ns = way.client().namespace(name);
    await ns.write({ upsert_rows: [{ id: 2, a: 1 }, { id: 1, a: 1 }] });
    const orders = (length) => [...range(length).map(() => ['a', 'asc']), ['id', 'asc']];
    assert.deepEqual(ids(await ns.query({ rank_by: orders(7), limit: 9 })), [1, 2]);
    await beyond('8', ns.query({ rank_by: orders(8), limit: 9 }));
    await beyond('128 characters', way.client().namespace(`${name}x`).query(BY_ID));
  },
);

const dot = (one, other) => one.reduce((sum, number, at) => sum + number * other[at], 0);
const cosine = (one, other) => dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));

proves(
  'nearly all of the nearest are found',
  [['6.1', 'recall@10 of at least 90 %']],
  async (way) => {
    const vector = (id) => range(8).map((dim) => Math.sin(id * (dim + 1.7)));
    const rows = range(1000).map((id) => ({ id, vector: vector(id) }));
    const ns = await filled(way.fresh(), rows, { distance_metric: 'cosine_distance', step: 250 });
    let found = 0;
    for (const asked of range(20).map((id) => vector(id + 0.5))) {
      const near = rows.map((row) => ({ id: row.id, by: cosine(asked, row.vector) })).sort((a, b) => b.by - a.by);
      const nearest = new Set(near.slice(0, 10).map((row) => row.id));
      const told = await ns.query({ rank_by: ['vector', 'ANN', asked], limit: 10 });
      found += ids(told).filter((id) => nearest.has(id)).length;
    }
    assert.ok(found / 200 >= 0.9, `${found} of 200`);
    // What the server says of itself.
    const told = await ns.recall({ num: 20, top_k: 10 });
    assert.ok(told.avg_recall >= 0.9, `${told.avg_recall}`);
    assert.equal(told.avg_exhaustive_count, 10);
  },
);
