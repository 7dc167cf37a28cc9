// Writes by the client of npm: vectors go as numbers, moments as it spells them.

import assert from 'node:assert/strict';
import { everything, fresh, proves, refused, turbopuffer } from './client.mjs';

const { BadRequestError, NotFoundError, UnprocessableEntityError } = turbopuffer;
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
    ['2.8', 'billing.billable_logical_bytes_written'],
    ['3.3', 'what is missing is absent', 'vectors as floats'],
  ],
  async () => {
    const ns = fresh();
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
    await ns.write({ upsert_columns: columns });
    const changed = await ns.write({
      patch_rows: [{ id: 1, title: 'new' }],
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
  },
);

proves(
  'moments, uuids and bytes come back',
  [
    ['2.2', 'datetimes as clients send them', 'an id is a uuid, in any case'],
    ['3.3', 'a datetime in UTC'],
    ['4.1', 'datetime', 'uuid', 'bytes', 'uint', 'float'],
  ],
  async () => {
    const ns = fresh();
    const id = '0F8FAD5B-D9CB-469F-A165-70867728950E';
    await ns.write({
      schema: { id: 'uuid', at: 'datetime', of: 'uuid', raw: 'bytes', n: 'uint', f: 'float' },
      upsert_rows: [
        { id, at: new Date('2024-03-01T12:00:00.250Z'), of: id, raw: 'AQID', n: 7, f: 0.1 },
      ],
    });
    const [row] = await everything(ns);
    assert.deepEqual(row, {
      id: id.toLowerCase(),
      at: '2024-03-01T12:00:00.250000000Z',
      of: id.toLowerCase(),
      raw: 'AQID',
      n: 7,
      f: 0.1,
    });
  },
);

proves(
  'writes go by filters and conditions',
  [
    ['2.1', 'delete_by_filter', 'delete_by_filter_allow_partial', 'patch_by_filter'],
    ['2.1', 'patch_by_filter_allow_partial', 'upsert_condition', 'patch_condition'],
    ['2.1', 'delete_condition', 'disable_backpressure', 'encryption: default'],
    ['2.5', '$ref_new', 'insert if absent', 'what is passed over is not counted'],
  ],
  async () => {
    const ns = fresh();
    const rows = [1, 2, 3, 4].map((id) => ({ id, n: id }));
    await ns.write({ upsert_rows: rows, encryption: { mode: 'default' } });
    const deleted = await ns.write({
      delete_by_filter: ['n', 'Gt', 3],
      delete_by_filter_allow_partial: true,
    });
    assert.equal(deleted.rows_affected, 1);
    const patched = await ns.write({
      patch_by_filter: { filters: ['n', 'Lt', 3], patch: { kind: 'x' } },
      patch_by_filter_allow_partial: true,
    });
    assert.equal(patched.rows_affected, 2);
    const newer = ['n', 'Lt', { $ref_new: 'n' }];
    const upserted = await ns.write({
      upsert_rows: [{ id: 1, n: 0 }, { id: 2, n: 5 }, { id: 9, n: 0 }],
      upsert_condition: newer,
      disable_backpressure: true,
    });
    assert.equal(upserted.rows_affected, 2);
    const insert = { upsert_condition: ['id', 'Eq', null] };
    const once = await ns.write({ upsert_rows: [{ id: 9, n: 9 }], ...insert });
    assert.equal(once.rows_affected, 0);
    const less = await ns.write({ patch_rows: [{ id: 3, n: 1 }], patch_condition: newer });
    assert.equal(less.rows_affected, 0);
    const gone = await ns.write({ deletes: [3, 9], delete_condition: ['n', 'Eq', 0] });
    assert.equal(gone.rows_affected, 1);
    assert.deepEqual(await everything(ns), [
      { id: 1, n: 1, kind: 'x' },
      { id: 2, n: 5 },
      { id: 3, n: 3 },
    ]);
  },
);

proves(
  'what cannot be written is refused in words',
  [
    ['1.4', 'what is not offered is a 400, once'],
    ['1.5', 'a vector without a metric', 'a metric that differs', 'a row without an id'],
    ['1.5', 'a malformed KMS key', 'an unknown namespace'],
    ['1.7', 'copy_from', 'branch_from'],
    ['2.1', 'copy_from_namespace', 'branch_from_namespace', 'create_namespace'],
    ['2.1', 'encryption: customer-managed', 'sharding'],
    ['2.2', 'an id twice in one request'],
  ],
  async () => {
    const ns = fresh();
    const vector = { upsert_rows: [{ id: 1, vector: [0.5, 1.5] }] };
    await refused(BadRequestError, 'distance_metric must be specified', ns.write(vector));
    const first = { ...vector, ...COSINE };
    await refused(NotFoundError, 'was not found', ns.write({ ...first, create_namespace: false }));
    await ns.write(first);
    for (const [kind, told, asked] of [
      [BadRequestError, 'distance metric mismatch', { distance_metric: 'euclidean_squared' }],
      [BadRequestError, 'twice', { upsert_rows: [{ id: 2 }], deletes: [2] }],
      [UnprocessableEntityError, 'missing field `id`', { upsert_rows: [{ a: 1 }] }],
      [
        BadRequestError,
        'Malformed Cloud KMS crypto key: mykey',
        { encryption: { mode: 'customer-managed', key_name: 'mykey' } },
      ],
      [BadRequestError, 'sharding', { sharding: { num_shards: 2 } }],
      [BadRequestError, 'copy_from_namespace', { copy_from_namespace: 'elsewhere' }],
      [BadRequestError, 'branch_from_namespace', { branch_from_namespace: 'elsewhere' }],
    ]) {
      await refused(kind, told, ns.write(asked));
    }
    await refused(BadRequestError, 'copy', fresh().copyFrom({ source_namespace: 'elsewhere' }));
    await refused(BadRequestError, 'branch', fresh().branchFrom({ source_namespace: 'elsewhere' }));
  },
);
