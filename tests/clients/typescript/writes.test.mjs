// Writes: what a request changes, what it leaves, and that it does all of it or nothing.

import assert from 'node:assert/strict';
import { everything, refused, suite, turbopuffer, unused } from './client.mjs';

const { BadRequestError, NotFoundError, UnprocessableEntityError } = turbopuffer;
const proves = suite(import.meta.url);
const COSINE = { distance_metric: 'cosine_distance' };

proves(
  'rows and columns are there as they were written',
  [
    ['1.7', 'write'],
    ['2.1', 'upsert_rows', 'upsert_columns', 'patch_rows', 'patch_columns', 'deletes'],
    ['2.1', 'distance_metric', 'return_affected_ids'],
    ['2.3', '[N]f32 as numbers'],
    ['2.8', 'status and message', 'rows_affected', 'rows_upserted', 'rows_patched', 'rows_deleted'],
    ['2.8', 'upserted_ids, patched_ids, deleted_ids', 'performance.server_total_ms'],
    ['2.8', 'billing.billable_logical_bytes_written', 'a namespace without documents stays'],
    ['3.3', 'what is missing is absent', 'vectors as floats'],
    ['6.2', 'a strong query sees what was acknowledged'],
    ['11', 'patches, deletes, writes by filter, conditions, affected ids'],
  ],
  async (way) => {
    const ns = way.fresh();
    const written = await ns.write({
      ...COSINE,
      upsert_rows: [
        { id: 1, vector: [0.1, 0.7], title: 'first', tags: ['a', 'b'] },
        { id: 2, vector: [1, 2], title: null, public: false },
      ],
      return_affected_ids: true,
    });
    assert.equal(written.status, 'OK');
    assert.equal(typeof written.message, 'string');
    assert.deepEqual([written.rows_affected, written.rows_upserted], [2, 2]);
    assert.deepEqual(written.upserted_ids, [1, 2]);
    assert.equal(written.rows_deleted, undefined);
    const billed = 8 + 8 + 5 + 2 + (8 + 8 + 1);
    assert.equal(written.billing.billable_logical_bytes_written, billed);
    assert.ok(written.performance.server_total_ms > 0);
    const columns = { id: [3, 4], vector: [[0.5, 1.5], [2.5, 0.5]], title: ['x', null] };
    const plain = await ns.write({ upsert_columns: columns });
    assert.equal(plain.upserted_ids, undefined);
    const changed = await ns.write({
      patch_rows: [{ id: 1, title: 'new' }, { id: 9, title: 'never there' }],
      patch_columns: { id: [2, 3], title: ['second', null] },
      deletes: [4],
      return_affected_ids: true,
    });
    assert.deepEqual([changed.rows_affected, changed.rows_patched, changed.rows_deleted], [4, 3, 1]);
    assert.deepEqual([...changed.patched_ids].sort(), [1, 2, 3]);
    assert.deepEqual(changed.deleted_ids, [4]);
    assert.deepEqual(await everything(ns), [
      { id: 1, vector: [0.1, 0.7], title: 'new', tags: ['a', 'b'] },
      { id: 2, vector: [1, 2], title: 'second', public: false },
      { id: 3, vector: [0.5, 1.5] },
    ]);
    await refused(BadRequestError, "'vector'", ns.write({ patch_rows: [{ id: 1, vector: [0.5, 2.5] }] }));
    await refused(BadRequestError, 'same length', ns.write({ upsert_columns: { id: [1, 2], a: [1] } }));
    await ns.write({ upsert_rows: [{ id: 1, vector: null, title: 'whole' }], deletes: [2, 3] });
    assert.deepEqual(await everything(ns), [{ id: 1, title: 'whole' }]);
    await ns.write({ deletes: [1] });
    assert.deepEqual(await everything(ns), []);
    assert.equal(await ns.exists(), true);
  },
);

proves(
  'an upsert names every vector or says null',
  [['2.1', 'upsert_rows', 'upsert_columns']],
  async (way) => {
    const ns = way.fresh();
    const near = { id: 1, vector: [0.5, 1.5] };
    const missing = (place, name) => `${place}: vector attribute '${name}' must be given`;
    const first = { ...COSINE, upsert_rows: [near, { id: 2, a: 2 }] };
    await refused(BadRequestError, missing('upsert_rows[1]', 'vector'), ns.write(first));
    assert.equal(await ns.exists(), false);
    const schema = { late: { type: '[][2]f32', ann: { late_interaction: true } } };
    await ns.write({ ...COSINE, schema, upsert_rows: [{ ...near, late: [[0.5, 1.5]] }] });
    const before = await everything(ns);
    for (const [place, name, asked] of [
      ['upsert_rows[0]', 'vector', { upsert_rows: [{ id: 2, late: null }] }],
      ['upsert_rows[0]', 'late', { upsert_rows: [near] }],
      ['upsert_columns', 'vector', { upsert_columns: { id: [2, 3], late: [null, null] } }],
    ]) {
      await refused(BadRequestError, missing(place, name), ns.write(asked));
      assert.deepEqual(await everything(ns), before);
    }
    await ns.write({ upsert_rows: [{ id: 1, vector: null, late: null }] });
    const columns = { id: [2, 3], vector: [null, [0.5, 2.5]], late: [null, null] };
    await ns.write({ upsert_columns: columns });
    const expected = [{ id: 1 }, { id: 2 }, { id: 3, vector: [0.5, 2.5] }];
    assert.deepEqual(await everything(ns), expected);
  },
);

proves(
  'a request with one bad document does nothing',
  [
    ['2.2', 'an id twice in one request', 'ids of one type'],
    ['2.3', 'a wrong length'],
    ['2.4', 'all of a request or nothing'],
    ['6.2', 'a write is one batch'],
    ['11', 'implicit creation, the type of ids, an id twice, columns'],
  ],
  async (way) => {
    const ns = way.fresh();
    await ns.write({ ...COSINE, upsert_rows: [{ id: 1, vector: [0.5, 1.5], a: 1 }] });
    const before = await everything(ns);
    const good = { id: 7, vector: [0.5, 1.5], a: 7 };
    for (const [told, bad] of [
      ['twice', { upsert_rows: [good, { id: 7, vector: [1.5, 1.5] }] }],
      ['twice', { upsert_rows: [good], deletes: [7] }],
      ['twice', { upsert_rows: [good], patch_rows: [{ id: 7, a: 1 }] }],
      ['twice', { upsert_rows: [good], upsert_columns: { id: [7], vector: [null] } }],
      ['3 numbers', { upsert_rows: [good, { id: 8, vector: [0.5, 1.5, 2.5] }] }],
      ['expects int', { upsert_rows: [good, { id: 8, vector: null, a: 'eight' }] }],
      ['eight', { upsert_rows: [good, { id: 'eight', vector: null }] }],
    ]) {
      await refused(BadRequestError, told, ns.write(bad));
      assert.deepEqual(await everything(ns), before);
    }
  },
);

proves(
  'a condition is asked of the document that is there',
  [
    ['2.1', 'upsert_condition', 'patch_condition', 'delete_condition'],
    ['2.5', 'a document that is there', 'an upsert of a missing document', '$ref_new'],
    ['2.5', 'a patch or delete of a missing document', 'what is passed over is not counted'],
    ['2.5', 'insert if absent', '$ref_new of a delete is null', 'vectors are compared'],
    ['3.4', 'null under Lt and Lte'],
    ['11', 'patches, deletes, writes by filter, conditions, affected ids'],
  ],
  async (way) => {
    const ns = way.fresh();
    const newer = ['version', 'Lt', { $ref_new: 'version' }];
    await ns.write({ upsert_rows: [{ id: 1, version: 5, a: 'old' }, { id: 2, a: 'old' }] });
    const written = await ns.write({
      // Older than what is there, newer than nothing, and not there at all.
      upsert_rows: [1, 2, 3].map((id) => ({ id, version: 4, a: 'new' })),
      upsert_condition: newer,
      return_affected_ids: true,
    });
    assert.deepEqual([written.rows_affected, written.upserted_ids], [2, [2, 3]]);
    const patches = [{ id: 1, version: 6 }, { id: 2, version: 3 }, { id: 9, version: 9 }];
    const patched = await ns.write({ patch_rows: patches, patch_condition: newer });
    assert.equal(patched.rows_affected, 1);
    const over = ['version', 'Gte', 6];
    assert.equal((await ns.write({ deletes: [1, 2, 9], delete_condition: over })).rows_affected, 1);
    // Of a delete nothing comes, so this asks whether the value is missing.
    const missing = ['version', 'Eq', { $ref_new: 'version' }];
    assert.equal((await ns.write({ deletes: [2], delete_condition: missing })).rows_affected, 0);
    const insert = { upsert_condition: ['id', 'Eq', null] };
    const inserted = await ns.write({ upsert_rows: [{ id: 3, a: 'x' }, { id: 4, a: 'x' }], ...insert });
    assert.equal(inserted.rows_affected, 1);
    const kept = [2, 3].map((id) => ({ id, version: 4, a: 'new' }));
    assert.deepEqual(await everything(ns), [...kept, { id: 4, a: 'x' }]);
    const vectors = way.fresh();
    await vectors.write({ ...COSINE, upsert_rows: [{ id: 1, vector: [0.5, 1.5] }] });
    const other = { upsert_condition: ['vector', 'NotEq', { $ref_new: 'vector' }] };
    for (const [vector, affected] of [[[0.5, 1.5], 0], [[0.5, 2.5], 1], [[0.5, 2.5], 0]]) {
      const asked = await vectors.write({ upsert_rows: [{ id: 1, vector }], ...other });
      assert.equal(asked.rows_affected, affected);
    }
  },
);

proves(
  'a namespace is created when it is asked for',
  [
    ['2.1', 'create_namespace', 'disable_backpressure', 'encryption: default'],
    ['2.8', 'an empty write'],
    ['5.8', 'encryption.mode: default'],
  ],
  async (way) => {
    const name = unused();
    const ns = way.client().namespace(name);
    const row = { upsert_rows: [{ id: 1, a: 1 }] };
    await refused(NotFoundError, name, ns.write({ ...row, create_namespace: false }));
    assert.equal(await ns.exists(), false);
    await refused(BadRequestError, '`schema.id`', ns.write({ create_namespace: true }));
    await ns.write({ create_namespace: true, schema: { id: 'uint' } });
    assert.deepEqual(await everything(ns), []);
    await ns.write({ ...row, create_namespace: false, disable_backpressure: true });
    const nothing = await ns.write();
    assert.deepEqual([nothing.status, nothing.rows_affected], ['OK', 0]);
    assert.deepEqual(await everything(ns), row.upsert_rows);
    const other = way.fresh();
    await other.write({ ...row, encryption: { mode: 'default' } });
    assert.deepEqual((await other.metadata()).encryption, { mode: 'default' });
  },
);

proves('a key is answered as it was the first time', [], async (way) => {
  const ns = way.fresh();
  await ns.write({ upsert_rows: [{ id: 1 }] });
  const asked = { upsert_rows: [{ id: 2, a: 2 }], upsert_condition: ['id', 'Eq', null] };
  const options = { headers: { 'Idempotency-Key': 'k1' } };
  // Without the key, the second of them would find its condition broken by the first.
  for (const _ of [1, 2]) assert.equal((await ns.write(asked, options)).rows_affected, 1);
  const other = { ...asked, upsert_rows: [{ id: 2, a: 3 }] };
  await refused(UnprocessableEntityError, 'key', ns.write(other, options));
});
