// Writes by filter: which documents they are done to, in which order, and how many at once.

import assert from 'node:assert/strict';
import { count, everything, filled, ids, invalid, range, refused, suite, turbopuffer } from './client.mjs';

const { BadRequestError } = turbopuffer;
const proves = suite(import.meta.url);
const PATCHED_MAX = 50_000;
const ROWS = range(12).map((id) => ({ id, n: id, kind: 'ab'[id % 2] }));

proves(
  'what matches is deleted or patched',
  [
    ['2.1', 'delete_by_filter', 'delete_by_filter_allow_partial', 'patch_by_filter'],
    ['2.4', 'all of a request or nothing', 'rows_remaining'],
    ['2.8', 'billing.query', 'upserted_ids, patched_ids, deleted_ids'],
    ['11', 'patches, deletes, writes by filter, conditions, affected ids'],
  ],
  async (way) => {
    const ns = await filled(way.fresh(), ROWS);
    const named = { return_affected_ids: true };
    const deleted = await ns.write({ delete_by_filter: ['n', 'Gte', 9], ...named });
    assert.deepEqual([deleted.rows_affected, deleted.rows_deleted], [3, 3]);
    assert.deepEqual(deleted.deleted_ids.toSorted((a, b) => a - b), [9, 10, 11]);
    assert.equal(deleted.billing.query.billable_logical_bytes_queried, 256_000_000);
    assert.equal((await ns.write({ upsert_rows: [ROWS[0]] })).billing.query, undefined);
    const some = { delete_by_filter: ['n', 'Eq', 8], delete_by_filter_allow_partial: true };
    const once = await ns.write(some);
    assert.deepEqual([once.rows_affected, once.rows_remaining ?? false], [1, false]);
    assert.equal((await ns.write(some)).rows_affected, 0);
    const patch = { kind: 'c', n: null, new: 7 };
    const patched = await ns.write({ patch_by_filter: { filters: ['kind', 'Eq', 'a'], patch }, ...named });
    assert.deepEqual([patched.rows_affected, patched.rows_patched], [4, 4]);
    assert.deepEqual(patched.patched_ids.toSorted((a, b) => a - b), [0, 2, 4, 6]);
    const expected = ROWS.slice(0, 8).map((row) => (row.id % 2 ? row : { id: row.id, kind: 'c', new: 7 }));
    assert.deepEqual(await everything(ns), expected);
    const row = { upsert_rows: [{ id: 50, n: 50 }] };
    for (const [told, asked] of [
      ['not found', { delete_by_filter: ['colour', 'Eq', 1] }],
      ['mismatch', { delete_by_filter: ['n', 'Eq', 'one'] }],
      ['id', { patch_by_filter: { filters: ['n', 'Eq', 1], patch: { id: 7 } } }],
      ['n', { patch_by_filter: { filters: ['n', 'Eq', 1], patch: { n: 'one' } } }],
      ['', { patch_by_filter: { filters: ['n', 'Eq', 1] } }],
    ]) {
      await invalid(told, ns.write({ ...row, ...asked }));
      assert.deepEqual(await everything(ns), expected);
    }
  },
);

proves(
  'one request goes by filters before it goes by rows',
  [
    ['2.4', 'deletes by filter, patches by filter, rows'],
    ['2.5', 'conditions leave writes by filter alone'],
  ],
  async (way) => {
    const ns = await filled(way.fresh(), ROWS.slice(0, 8));
    await ns.write({
      delete_by_filter: ['n', 'Lt', 3],
      patch_by_filter: { filters: ['n', 'Lt', 5], patch: { n: 50 } },
      // What was deleted a moment ago comes back, or is not there to be patched.
      upsert_rows: [{ id: 0, n: 1 }, { id: 9, n: 0 }],
      patch_rows: [{ id: 1, kind: 'z' }, { id: 3, kind: 'z' }],
      deletes: [7],
    });
    assert.deepEqual(await everything(ns), [
      { id: 0, n: 1 },
      { id: 3, n: 50, kind: 'z' },
      { id: 4, n: 50, kind: 'a' },
      { id: 5, n: 5, kind: 'b' },
      { id: 6, n: 6, kind: 'a' },
      { id: 9, n: 0 },
    ]);
    const never = ['n', 'Eq', -1];
    const asked = { delete_by_filter: ['n', 'Eq', 5], deletes: [6], delete_condition: never };
    assert.equal((await ns.write(asked)).rows_affected, 1);
    assert.deepEqual(ids(await ns.query({ rank_by: ['id', 'asc'], limit: 9 })), [0, 3, 4, 6, 9]);
  },
);

proves(
  'a condition asks what comes by every operator',
  [['2.5', '$ref_new', '$ref_new of a delete is null']],
  async (way) => {
    const schema = {
      text: { type: 'string', glob: true, regex: true, fuzzy: true },
      words: { type: 'string', full_text_search: true },
      tokens: { type: '[]string', full_text_search: { tokenizer: 'pre_tokenized_array' } },
      numbers: '[]int',
      k: 'uint',
    };
    const row = { n: 5, text: 'walrus', tags: ['a', 'b'], k: 3, numbers: [2, 4] };
    Object.assign(row, { words: 'the walrus sleeps', tokens: ['New York', 'new'] });
    const edits = { max_edit_distance: [{ min_query_chars: 6, distance: 1 }] };
    const cases = [];
    /** What an attribute is compared with comes under a name: some values hold, some do not. */
    const asks = (attribute, word, name, holds, fails, ...more) => {
      const condition = [attribute, word, { $ref_new: name }, ...more];
      cases.push(...holds.map((value) => [condition, { [name]: value }, 1]));
      cases.push(...fails.map((value) => [condition, { [name]: value }, 0]));
    };
    asks('n', 'Eq', 'n', [5], [4, null]);
    asks('n', 'NotEq', 'n', [4, null], [5]);
    asks('n', 'Lt', 'n', [6], [5]);
    asks('n', 'Lte', 'n', [5], [4]);
    asks('k', 'Gt', 'k', [2], [3]);
    asks('k', 'Gte', 'k', [3], [4]);
    asks('text', 'Glob', 'text', ['wal*'], ['sea*', 'WAL*']);
    asks('text', 'NotGlob', 'text', ['sea*', 'WAL*'], ['wal*']);
    asks('text', 'IGlob', 'text', ['WAL*'], ['SEA*']);
    asks('text', 'NotIGlob', 'text', ['SEA*'], ['WAL*']);
    asks('text', 'Regex', 'text', ['us$'], ['^us']);
    asks('text', 'Fuzzy', 'text', ['walros'], ['wolros', 'walru'], edits);
    asks('tags', 'Contains', 'text', ['b'], ['z']);
    asks('tags', 'NotContains', 'text', ['z'], ['b']);
    asks('tags', 'ContainsAny', 'tags', [['z', 'a']], [['z', 'y']]);
    asks('tags', 'NotContainsAny', 'tags', [['z', 'y']], [['z', 'a']]);
    asks('numbers', 'AnyLt', 'n', [3], [2]);
    asks('numbers', 'AnyLte', 'n', [2], [1]);
    asks('numbers', 'AnyGt', 'n', [3], [4]);
    asks('numbers', 'AnyGte', 'n', [4], [5]);
    asks('words', 'ContainsAllTokens', 'text', ['Sleeps the'], ['sleeps not']);
    asks('words', 'ContainsAnyToken', 'text', ['sleeps not'], ['not']);
    asks('words', 'ContainsTokenSequence', 'text', ['the walrus'], ['walrus the']);
    asks('tokens', 'ContainsAllTokens', 'tags', [['New York']], [['new', 'York']]);
    asks('tokens', 'ContainsAnyToken', 'tags', [['new', 'York']], [['york']]);
    const either = (word, id) => [['n', word, [1, { $ref_new: 'k' }]], { k: 5 }, id];
    cases.push(either('In', 1), either('NotIn', 0));
    // A document for each of them, for the next one finds what this one has written.
    const known = cases.map((_, id) => ({ id, ...row }));
    const ns = await filled(way.fresh(), known, { step: 20, schema });
    for (const [id, [condition, coming, affected]] of cases.entries()) {
      const asked = { upsert_rows: [{ id, mark: 1, ...coming }], upsert_condition: condition };
      const told = JSON.stringify([condition, coming]);
      assert.equal((await ns.write(asked)).rows_affected, affected, told);
    }
    // Of a delete nothing comes.
    const deleted = { deletes: [0], delete_condition: ['k', 'NotEq', { $ref_new: 'k' }] };
    assert.equal((await ns.write({ upsert_rows: [{ id: 0, k: 1 }] })).rows_affected, 1);
    assert.equal((await ns.write(deleted)).rows_affected, 1);
  },
);

proves(
  'too much at once is done in parts or not at all',
  [
    ['2.1', 'patch_by_filter_allow_partial'],
    ['2.4', 'too much without allow_partial', 'too much with allow_partial', 'rows_remaining'],
    ['6.1', '50,000 documents of a patch_by_filter'],
  ],
  async (way) => {
    const ns = way.fresh();
    const all = range(PATCHED_MAX + 1);
    await ns.write({ upsert_columns: { id: all, n: all.map(() => 0) } });
    const patch = { patch_by_filter: { filters: ['n', 'Eq', 0], patch: { n: 1 } } };
    const done = async () => (await ns.query({ ...count, filters: ['n', 'Eq', 1] })).aggregations.n;
    await refused(BadRequestError, 'partial', ns.write(patch));
    assert.equal(await done(), 0);
    const some = await ns.write({ ...patch, patch_by_filter_allow_partial: true });
    assert.deepEqual([some.rows_affected, some.rows_remaining], [PATCHED_MAX, true]);
    assert.equal(await done(), PATCHED_MAX);
    const rest = await ns.write({ ...patch, patch_by_filter_allow_partial: true });
    assert.deepEqual([rest.rows_affected, rest.rows_remaining ?? false], [1, false]);
    const most = { filters: ['id', 'Lt', PATCHED_MAX], patch: { n: 2 } };
    assert.equal((await ns.write({ patch_by_filter: most })).rows_affected, PATCHED_MAX);
  },
);
