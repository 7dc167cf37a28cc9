// Schemas: what is declared and told, key by key; what changes, and what never does.

import assert from 'node:assert/strict';
import { BY_ID, everything, ids, invalid, refused, suite, turbopuffer } from './client.mjs';

const { BadRequestError } = turbopuffer;
const proves = suite(import.meta.url);
const FULL_TEXT = {
  k1: 1.2,
  k3: 8,
  b: 0.75,
  language: 'english',
  stemming: false,
  max_token_length: 39,
  remove_stopwords: false,
  ascii_folding: false,
  case_sensitive: false,
  tokenizer: 'word_v4',
};
const NOTHING = { filterable: null, full_text_search: null };
const COSINE = { distance_metric: 'cosine_distance' };

const plain = (type, filterable = true, full_text_search = null) => ({ type, filterable, full_text_search });

proves(
  'a schema is told in two shapes, key by key',
  [
    ['1.7', 'schema', 'metadata', 'update_schema'],
    ['2.1', 'schema'],
    ['4.2', 'a type alone', 'type', 'filterable', 'filterable unless there is another index'],
    ['4.2', 'full_text_search', 'ann: true', 'ann.distance_metric', 'ann.late_interaction', 'sparse_knn'],
    ['4.2', 'regex', 'glob', 'fuzzy'],
    ['4.3', 'true is all defaults'],
    ['4.5', 'schema, key by key', 'metadata, key by key', 'full_text_search: false is null'],
    ['11', 'both shapes of a schema, both versions of metadata, changing them'],
  ],
  async (way) => {
    const ns = way.fresh();
    const weights = { tokenizer: 'word_v3', k1: 0.5, stemming: true, case_sensitive: true };
    const sparse = { type: '{}f16', sparse_knn: { distance_metric: 'dot_product' } };
    await ns.write({
      schema: {
        id: { type: 'string' },
        tags: { type: '[]string', filterable: false },
        private: 'bool',
        text: { type: 'string', full_text_search: true },
        weighed: { type: '[]string', full_text_search: weights },
        searched: { type: 'string', regex: true },
        globbed: { type: 'string', glob: true, filterable: true },
        loose: { type: '[]string', fuzzy: true },
        off: { type: 'string', full_text_search: false, regex: false },
        half: { type: '[2]f16', ann: COSINE },
        late: { type: '[][2]f32', ann: { late_interaction: true } },
        sparse,
      },
      upsert_rows: [{ id: 'a', vector: [0.5, 1.5], half: null, late: null, private: true }],
      ...COSINE,
    });
    const { late, ...schema } = await ns.schema();
    assert.deepEqual([late.type, Boolean(late.ann)], ['[][2]f32', true]);
    assert.deepEqual(schema, {
      id: { type: 'string', ...NOTHING },
      vector: { type: '[2]f32', ann: true, ...NOTHING },
      tags: plain('[]string', false),
      private: plain('bool'),
      text: plain('string', false, FULL_TEXT),
      weighed: plain('[]string', false, { ...FULL_TEXT, ...weights }),
      searched: { ...plain('string', false), regex: true },
      globbed: { ...plain('string'), glob: true },
      loose: { ...plain('[]string', false), fuzzy: true },
      off: plain('string'),
      half: { type: '[2]f16', ann: true, ...NOTHING },
      sparse: { ...sparse, ...NOTHING },
    });
    const { schema: told } = await ns.metadata();
    delete told.late;
    assert.deepEqual(told, {
      id: { type: 'string' },
      vector: { type: '[2]f32', ann: COSINE },
      tags: { type: '[]string', filterable: false },
      private: { type: 'bool', filterable: true },
      text: { type: 'string', filterable: false, full_text_search: FULL_TEXT },
      weighed: { type: '[]string', filterable: false, full_text_search: { ...FULL_TEXT, ...weights } },
      searched: { type: 'string', filterable: false, regex: true },
      globbed: { type: 'string', filterable: true, glob: true },
      loose: { type: '[]string', filterable: false, fuzzy: true },
      off: { type: 'string', filterable: true },
      half: { type: '[2]f16', ann: COSINE },
      sparse,
    });
    const changed = await ns.updateSchema({
      schema: { text: { type: 'string', filterable: true, full_text_search: false } },
    });
    assert.deepEqual(changed.text, plain('string'));
    assert.deepEqual((await ns.metadata()).schema.text, { type: 'string', filterable: true });
  },
);

proves(
  'options change, and what is not named stays',
  [
    ['3.4', 'what is not filterable'],
    ['4.2', 'filterable', 'unknown options', 'drop'],
    ['4.4', 'filterable changes', 'attributes are added', 'attributes are dropped'],
    ['4.4', 'what is not named stays'],
  ],
  async (way) => {
    const ns = way.fresh();
    await ns.write({ upsert_rows: [{ id: 1, a: 'x', b: 1 }] });
    const byA = { ...BY_ID, filters: ['a', 'Eq', 'x'] };
    const hidden = { a: { type: 'string', filterable: false }, c: 'datetime' };
    const expected = {
      id: { type: 'uint', ...NOTHING },
      a: plain('string', false),
      b: plain('int'),
      c: plain('datetime'),
    };
    assert.deepEqual(await ns.updateSchema({ schema: hidden }), expected);
    assert.deepEqual(await ns.schema(), expected);
    await refused(BadRequestError, 'not filterable', ns.query(byA));
    await ns.write({ schema: { a: { type: 'string', filterable: true, novelty: 7 } } });
    assert.deepEqual(ids(await ns.query(byA)), [1]);
    await ns.updateSchema({ schema: { a: { drop: true } } });
    assert.deepEqual(await everything(ns), [{ id: 1, b: 1 }]);
    // Another attribute, of the same name.
    await ns.write({ schema: { a: 'int' }, upsert_rows: [{ id: 2, a: 7 }] });
    assert.deepEqual(await everything(ns), [{ id: 1, b: 1 }, { id: 2, a: 7 }]);
  },
);

proves(
  'a type never changes',
  [
    ['1.5', 'a type that changes', 'a metric that differs'],
    ['4.4', 'types, dimensions, metrics and the type of id stay', 'no vector is added later'],
  ],
  async (way) => {
    const ns = way.fresh();
    await ns.write({ ...COSINE, upsert_rows: [{ id: 1, a: 'x', vector: [0.1, 0.2] }] });
    const before = await ns.schema();
    for (const ask of [
      () => ns.updateSchema({ schema: { a: 'int' } }),
      () => ns.write({ schema: { a: 'int' }, upsert_rows: [{ id: 2, a: 1 }] }),
    ]) {
      const told =
        "🙅 invalid schema update for attribute 'a': cannot change attribute type from string to int";
      assert.equal((await refused(BadRequestError, told, ask())).error.attribute, 'a');
    }
    await refused(BadRequestError, 'uint to uuid', ns.updateSchema({ schema: { id: 'uuid' } }));
    for (const [told, asked] of [
      ['expected cosine_distance, got euclidean', { distance_metric: 'euclidean_squared' }],
      ['first document', { schema: { other: { type: '[2]f32', ann: true } } }],
      ['from [2]f32 to [3]f32', { schema: { vector: { type: '[3]f32', ann: true } } }],
    ]) {
      await refused(BadRequestError, told, ns.write(asked));
    }
    assert.deepEqual(await ns.schema(), before);
  },
);

proves(
  'a vector says how it is measured before the first document',
  [['1.5', 'a vector without a metric', 'a vector in the schema without ann']],
  async (way) => {
    const vector = { upsert_rows: [{ id: 1, vector: [0.1, 0.2] }] };
    const late = { late: { type: '[][2]f32', ann: { late_interaction: true } } };
    const both = { vector: { type: '[2]f32', ann: COSINE } };
    for (const [told, asked] of [
      ['distance_metric must be specified', vector],
      ['distance_metric must be specified', { upsert_rows: [{ id: 1 }], schema: late }],
      ['`ann` set to `true`', { ...vector, schema: { vector: '[2]f32' } }],
      ['must have ann:true', { ...vector, schema: { other: '[2]f32' } }],
      ['metric', { ...vector, schema: both, distance_metric: 'euclidean_squared' }],
    ]) {
      const ns = way.fresh();
      await refused(BadRequestError, told, ns.write(asked));
      assert.equal(await ns.exists(), false);
    }
  },
);

proves(
  'an option is for some types',
  [['4.2', 'type', 'drop', 'full_text_search', 'regex', 'fuzzy', 'sparse_knn']],
  async (way) => {
    const row = { upsert_rows: [{ id: 1 }] };
    for (const odd of [
      { type: 'int', full_text_search: true },
      { type: 'int', regex: true },
      { type: 'bool', fuzzy: true },
      { type: '{}f16', filterable: true },
      { type: 'string', ann: true },
      { type: 'string', drop: true },
      'strings',
      '[0]f32',
      '[2]f64',
      { type: '{}f16', sparse_knn: COSINE },
    ]) {
      await invalid('', way.fresh().write({ schema: { a: odd }, ...row }));
    }
    const ns = way.fresh();
    await ns.write({ ...row, schema: { a: 'string' } });
    await invalid('', ns.updateSchema({ schema: { id: { drop: true } } }));
    // It is read as an attribute by that name.
    await invalid('', ns.updateSchema({ schema: { schema: { b: 'string' } } }));
  },
);
