// Limits: what is at one is taken, and what is one beyond it is refused by its name.

import assert from 'node:assert/strict';
import { BY_ID, CROWDED, everything, filled, ids, range, refused, suite, turbopuffer, unused } from './client.mjs';

const { BadRequestError, RateLimitError } = turbopuffer;
const proves = suite(import.meta.url);
const crowded = suite(import.meta.url, CROWDED);
const DIMENSIONS_MAX = 10_752;
const WEIGHTS_MAX = 1024;
const ROWS_MAX = 10_000;
const CROWD = 40;
const WAIT_MS = 800;
const VECTORS_MAX = 1024;
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
    await beyond('1024', ns.write({ upsert_rows: [{ id: 2, vector: null, sparse: wider }] }));
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

crowded('a crowd is served', [['6.1', '16 queries at once']], async (way) => {
  const ns = way.fresh();
  await ns.write({ upsert_rows: [{ id: 1 }, { id: 2 }] });
  const asked = range(CROWD).map(() => ns.query({ ...BY_ID, limit: 9 }));
  for (const answer of await Promise.all(asked)) assert.deepEqual(ids(answer), [1, 2]);
});

crowded(
  'who finds no place is refused after a while',
  [['6.1', '16 queries at once', 'aggregations count as 4 of them, kNN as 2']],
  async (way) => {
    const late = { type: '[][16]f32', ann: { late_interaction: true } };
    const vectors = range(32).map(() => range(16));
    const upsert_rows = range(3000).map((id) => ({ id, late: vectors }));
    const ns = way.fresh();
    await ns.write({ distance_metric: 'cosine_distance', schema: { late }, upsert_rows });
    const one = { ...BY_ID, limit: 1 };
    const exact = { rank_by: ['late', 'kNN', [range(16)]], filters: ['id', 'Gte', 0], limit: 1 };
    await refusedBeside(ns, 16, one);
    await refusedBeside(ns, 15, exact, one);
    await refusedBeside(ns, 13, { aggregate_by: { n: ['Count'] } }, exact);
  },
);

/** While so many others are answered, a query is refused, and one that takes less is not. */
async function refusedBeside(ns, taken, query, served) {
  let told;
  // What takes long enough is another question on each machine.
  for (let vectors = 64; told === undefined && vectors <= VECTORS_MAX; vectors *= 2) {
    const rank_by = ['late', 'ANN', range(vectors).map(() => range(16))];
    told = await firstRefusal(ns, range(taken).map(() => ({ rank_by, limit: 1 })), query, served);
  }
  assert.equal(told, 'Too many concurrent queries to a single namespace');
}

/** What is told to who asks again and again, until the others are answered. */
async function firstRefusal(ns, queries, query, served) {
  // Nobody is there any more.
  await ns.multiQuery({ queries: range(16).map(() => ({ ...BY_ID, limit: 1 })) });
  const leaving = new AbortController();
  let over = false;
  const others = ns.multiQuery({ queries }, { signal: leaving.signal }).then(
    () => (over = true),
    (error) => {
      over = true;
      if (!leaving.signal.aborted) throw error;
    },
  );
  let told;
  while (!over && told === undefined) {
    if (served) await ns.query(served);
    const began = performance.now();
    try {
      await ns.query(query);
    } catch (error) {
      assert.ok(error instanceof RateLimitError, `${error}`);
      assert.ok(performance.now() - began >= WAIT_MS);
      told = error.error.error;
      leaving.abort();
    }
  }
  await others;
  return told;
}

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
