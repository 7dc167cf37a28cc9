// Values: what an id, a name and a value may be, how large, and in which forms they are taken.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { BY_ID, everything, ids, invalid, range, refused, suite, turbopuffer, unused } from './client.mjs';

const { BadRequestError } = turbopuffer;
const proves = suite(import.meta.url);
const KIB = 1 << 10;
const MIB = 1 << 20;
const COSINE = { distance_metric: 'cosine_distance' };
const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';

const packed = (...numbers) => Buffer.from(Float32Array.from(numbers).buffer).toString('base64');

proves(
  'a value of every type comes back',
  [
    ['2.2', 'datetimes as clients send them'],
    ['2.3', '[][N]f32 as lists', '{}f16 as an object', '[N]i8 as integers', '[N]f16 as numbers'],
    ['3.3', 'a datetime in UTC'],
    ['4.1', 'string', 'int', 'uint', 'float', 'bool', 'uuid', 'datetime', 'bytes', '[]string', '[]int'],
    ['4.1', '[]uint', '[]float', '[]bool', '[]uuid', '[]datetime', '[N]f32', '[N]f16', '[N]i8', '{}f16'],
    ['4.1', '[][N]f32'],
    ['4.2', 'ann: true', 'ann.late_interaction', 'sparse_knn'],
  ],
  async (way) => {
    const ns = way.fresh();
    const plain = {
      string: ['string', 'é\n🐘'],
      int: ['int', Number.MIN_SAFE_INTEGER],
      uint: ['uint', Number.MAX_SAFE_INTEGER],
      float: ['float', 0.1],
      bool: ['bool', true],
      uuid: ['uuid', UUID],
      datetime: ['datetime', '2024-03-01T18:30:00.250000000Z'],
      bytes: ['bytes', 'AQID'],
      strings: ['[]string', ['', 'b']],
      ints: ['[]int', [2, -1]],
      uints: ['[]uint', [7]],
      floats: ['[]float', [0.1, 2]],
      bools: ['[]bool', [true, false]],
      uuids: ['[]uuid', [UUID]],
      datetimes: ['[]datetime', ['1969-12-31T23:59:59.999000000Z']],
    };
    const vectors = {
      vector: ['[3]f32', [0.1, 0.7, -2.5]],
      half: ['[2]f16', [0.5, -1.75]],
      byte: ['[2]i8', [-128, 127]],
    };
    const schema = {
      sparse: { type: '{}f16', sparse_knn: { distance_metric: 'dot_product' } },
      late: { type: '[][2]f32', ann: { late_interaction: true } },
    };
    const row = { id: 1, sparse: { a: 0.5, b: 2 }, late: [[0.1, 0.2], [1.5, 2.5]] };
    for (const [name, [type, value]] of Object.entries(plain)) {
      schema[name] = type;
      row[name] = value;
    }
    for (const [name, [type, value]] of Object.entries(vectors)) {
      schema[name] = { type, ann: true };
      row[name] = value;
    }
    const given = {
      ...row,
      datetime: new Date(row.datetime),
      datetimes: row.datetimes.map((moment) => new Date(moment)),
      uuid: UUID.toUpperCase(),
    };
    const none = { id: 2, vector: null, half: null, byte: null, late: null };
    await ns.write({ ...COSINE, schema, upsert_rows: [given, none] });
    assert.deepEqual(await everything(ns), [row, { id: 2 }]);
  },
);

proves(
  'ids are numbers, texts or uuids, all of one kind',
  [
    ['2.2', 'an id is a uint', 'an id is a string of at most 64 bytes', 'an id is a uuid, in any case'],
    ['2.2', 'an id is an int, where the schema says so', 'an id is never null', 'ids of one type'],
    ['3.4', 'id is filterable'],
    ['4.1', 'the type of id'],
    ['6.1', 'an id of 64 bytes'],
    ['11', 'implicit creation, the type of ids, an id twice, columns'],
  ],
  async (way) => {
    for (const [type, given, kept, odd] of [
      ['uint', [0, 7], [0, 7], ['a', -1, null]],
      ['string', ['é'.repeat(32), 'B'], ['B', 'é'.repeat(32)], [1, 'x'.repeat(65), null]],
      ['uuid', [UUID.toUpperCase()], [UUID], ['no uuid', 1, null]],
      ['int', [7, -1, -(2 ** 53) + 1, 0], [-(2 ** 53) + 1, -1, 0, 7], ['-1', 1.5, null]],
    ]) {
      const ns = way.fresh();
      await ns.write({ schema: { id: type }, upsert_rows: given.map((id) => ({ id })) });
      for (const id of odd) await invalid('', ns.write({ upsert_rows: [{ id }] }));
      assert.deepEqual(ids(await ns.query(BY_ID)), kept);
      for (const id of kept) {
        assert.deepEqual(ids(await ns.query({ ...BY_ID, filters: ['id', 'Eq', id] })), [id]);
      }
    }
    const inferred = way.fresh();
    await inferred.write({ upsert_columns: { id: ['b', 'a'] } });
    assert.deepEqual(ids(await inferred.query(BY_ID)), ['a', 'b']);
    assert.equal((await inferred.schema()).id.type, 'string');
  },
);

proves(
  'names and values are of some size',
  [
    ['2.2', 'a name of at most 128 bytes', 'a name does not begin with $', 'at most 1,024 attributes'],
    ['2.2', 'a value of at most 8 MiB', 'a filterable value of at most 4 KiB'],
    ['6.1', 'a name of an attribute of 128 bytes', '1,024 attributes'],
    ['6.1', 'a value of 8 MiB', 'a filterable value of 4 KiB'],
  ],
  async (way) => {
    const ns = way.fresh();
    const longest = { id: 1, ['x'.repeat(128)]: 1, ['é'.repeat(64)]: 2, 'a b.c': 3 };
    await ns.write({ upsert_rows: [longest] });
    assert.deepEqual(await everything(ns), [longest]);
    for (const odd of ['x'.repeat(129), 'é'.repeat(65), '$dist', '']) {
      await invalid('', ns.write({ upsert_rows: [{ id: 2, [odd]: 1 }] }));
    }
    const many = Object.fromEntries(range(1021).map((number) => [`a${number}`, number]));
    await ns.write({ upsert_rows: [{ id: 3, ...many }] });
    await refused(BadRequestError, '1024', ns.write({ upsert_rows: [{ id: 4, b: 1 }] }));
    const sizes = way.fresh();
    const text = 'x'.repeat(4 * KIB);
    const hidden = { type: 'string', filterable: false };
    await sizes.write({ schema: { big: hidden, s: 'string' }, upsert_rows: [{ id: 1, s: text }] });
    await sizes.write({ upsert_rows: [{ id: 2, big: 'x'.repeat(8 * MIB) }] });
    await sizes.write({ upsert_rows: [{ id: 3, tags: [text, text] }] });
    for (const [name, value] of [
      ['s', `${text}x`],
      ['big', 'x'.repeat(8 * MIB + 1)],
      ['tags', ['', `${text}x`]],
    ]) {
      await refused(BadRequestError, name, sizes.write({ upsert_rows: [{ id: 9, [name]: value }] }));
    }
    assert.deepEqual(ids(await sizes.query(BY_ID)), [1, 2, 3]);
  },
);

proves(
  'a document is of some size',
  [
    ['2.2', 'a document of at most 64 MiB'],
    ['6.1', 'a document of 64 MiB'],
  ],
  async (way) => {
    // To pack so much takes seconds.
    const ns = way.client({ compression: false }).namespace(unused());
    const names = range(9).map((number) => `a${number}`);
    const hidden = { type: 'string', filterable: false };
    // What packs too well is taken for a bomb.
    const text = randomBytes(4 * MIB).toString('hex');
    const each = (value) => Object.fromEntries(names.map((name) => [name, value]));
    const asked = ns.write({ schema: each(hidden), upsert_rows: [{ id: 1, ...each(text) }] });
    await refused(BadRequestError, `${64 * MIB}`, asked);
    assert.equal(await ns.exists(), false);
  },
);

proves(
  'a value is of its type',
  [
    ['2.2', 'datetimes as clients send them', 'arrays hold no null'],
    ['4.1', 'uint', 'int', 'float', 'bool', 'uuid', 'bytes', 'string', 'datetime', 'inference'],
  ],
  async (way) => {
    const ns = way.fresh();
    const kinds = ['uint', 'int', 'float', 'bool', 'uuid', 'bytes', 'string', 'datetime'];
    const schema = Object.fromEntries(kinds.map((kind) => [kind, kind]));
    schema.tags = '[]string';
    schema.sparse = { type: '{}f16', sparse_knn: { distance_metric: 'dot_product' } };
    const noon = '2024-03-01T12:00:00.000000000Z';
    const forms = [new Date(noon), '2024-03-01T12:00:00', '2024-03-01T13:30:00+01:30'];
    await ns.write({ schema, upsert_rows: forms.map((datetime, id) => ({ id, datetime })) });
    assert.deepEqual(await everything(ns), forms.map((_, id) => ({ id, datetime: noon })));
    for (const [name, odd] of [
      ['uint', -1],
      ['uint', 0.5],
      ['int', '7'],
      ['float', '0.5'],
      ['bool', 1],
      ['uuid', '7'],
      ['bytes', 'no base64!'],
      ['string', 7],
      ['datetime', 'yesterday'],
      ['datetime', true],
      ['tags', ['a', null]],
      ['tags', [['a']]],
      ['tags', 'a'],
      ['sparse', { a: 'x' }],
    ]) {
      await invalid(name, ns.write({ upsert_rows: [{ id: 99, [name]: odd }] }));
    }
    const inferred = way.fresh();
    const scalars = { id: 'a', s: 'x', i: 1, f: 0.5, b: true };
    const arrays = { ss: ['x'], is: [1], fs: [1, 0.5] };
    await inferred.write({ upsert_rows: [{ ...scalars, ...arrays, no: null, e: [] }] });
    const told = Object.entries(await inferred.schema()).map(([name, { type }]) => [name, type]);
    assert.deepEqual(Object.fromEntries(told), {
      id: 'string',
      s: 'string',
      i: 'int',
      f: 'float',
      b: 'bool',
      ss: '[]string',
      is: '[]int',
      fs: '[]float',
    });
  },
);

proves(
  'vectors may be packed or not, and are finite and as long as the rest',
  [
    ['2.3', '[N]f32 as numbers', '[N]f32 as base64', '[N]f16 as numbers', '[N]f16 as base64'],
    ['2.3', '[N]i8 as integers', '[N]i8 as base64', 'the vector of a query as base64', 'a wrong length'],
    ['2.3', 'NaN and infinity', 'a vector of zeros under the cosine'],
    ['3.2', 'cosine_distance'],
    ['3.3', 'vectors as base64'],
    ['11', 'base64 of f32 in rows and columns, for f32, f16 and i8'],
  ],
  async (way) => {
    for (const [element, first, second] of [
      ['f32', [0.5, -2.5], [3, 4]],
      ['f16', [1.5, -2.5], [3, 4]],
      ['i8', [7, -128], [3, 4]],
    ]) {
      const ns = way.fresh();
      const schema = { v: { type: `[2]${element}`, ann: true } };
      const euclidean = { distance_metric: 'euclidean_squared', schema };
      await ns.write({ ...euclidean, upsert_rows: [{ id: 1, v: packed(...first) }, { id: 2, v: second }] });
      await ns.write({ upsert_columns: { id: [3, 4], v: [packed(...second), null] } });
      assert.deepEqual((await everything(ns)).map((row) => row.v), [first, second, second, undefined]);
      for (const asked of [first, packed(...first)]) {
        const found = await ns.query({ rank_by: ['v', 'ANN', asked], limit: 1 });
        assert.deepEqual(found.rows, [{ id: 1, $dist: 0 }]);
      }
      const raw = { ...BY_ID, limit: 1, include_attributes: ['v'], vector_encoding: 'base64' };
      assert.equal((await ns.query(raw)).rows[0].v, packed(...first));
    }
    const ns = way.fresh();
    await ns.write({ ...COSINE, upsert_rows: [{ id: 1, vector: [0, 0] }, { id: 2, vector: [0.1, 0.7] }] });
    const found = await ns.query({ rank_by: ['vector', 'ANN', [0.1, 0.7]], limit: 2 });
    assert.deepEqual(ids(found), [2, 1]);
    assert.ok(found.rows[0].$dist >= 0 && found.rows[0].$dist < 1e-5);
    assert.equal(found.rows[1].$dist, 1);
    for (const odd of [[0.5], packed(1), 'no base64!', packed(NaN, 1), packed(Infinity, 1), [NaN, 1]]) {
      await invalid('', ns.write({ upsert_rows: [{ id: 3, vector: odd }] }));
    }
    assert.equal((await everything(ns)).length, 2);
  },
);
