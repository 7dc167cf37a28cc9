// Namespaces: that they are there or not, their list, and what is told of one.

import assert from 'node:assert/strict';
import { everything, filled, ids, invalid, range, refused, suite, turbopuffer, unused } from './client.mjs';

const { BadRequestError, ConflictError, NotFoundError } = turbopuffer;
const proves = suite(import.meta.url);
const ROW = { upsert_rows: [{ id: 1, a: 1 }] };
const HOUR_MS = 3_600_000;

proves(
  'a namespace is there from its first document until it is deleted, and its name begins anew',
  [
    ['1.7', 'exists', 'delete_all', 'hint_cache_warm'],
    ['5.4', 'the name may be used again'],
    ['5.5', 'status and message'],
    ['11', 'lists, warm hints, recall, explain, delete'],
  ],
  async (way) => {
    const ns = way.fresh();
    assert.equal(await ns.exists(), false);
    for (const a of ['text', 7, [0.5]]) {
      await ns.write({ upsert_rows: [{ id: 1, a }] });
      await ns.write({ upsert_rows: [{ id: 2, a }] });
      assert.equal(await ns.exists(), true);
      assert.deepEqual(await everything(ns), [{ id: 1, a }, { id: 2, a }]);
      const warm = await ns.hintCacheWarm();
      assert.ok(['ACCEPTED', 'OK'].includes(warm.status));
      assert.equal(typeof warm.message, 'string');
      assert.equal((await ns.deleteAll()).status, 'OK');
      assert.equal(await ns.exists(), false);
    }
  },
);

proves(
  'what a node keeps is read and put away when it is told',
  [['1.7', '_debug/warm_cache', '_debug/purge_cache']],
  async (way) => {
    const [client, name, once] = [way.client(), unused(), { maxRetries: 0 }];
    const debug = (word, of = name) => client.get(`/v1/namespaces/${of}/_debug/${word}`, once);
    const rows = range(8).map((id) => ({ id }));
    const ns = await filled(client.namespace(name), rows, { step: 1 });
    assert.equal((await debug('purge_cache')).status, 'OK');
    // What is folded meanwhile is new, and read as well.
    for (let tries = 0; ; tries += 1) {
      const told = await debug('warm_cache').catch((error) => error);
      if (told instanceof ConflictError) break;
      assert.equal(told.status, 'OK');
      assert.ok(tries < 20, 'it is never warm');
    }
    assert.deepEqual(await everything(ns), rows);
    for (const word of ['warm_cache', 'purge_cache']) {
      await refused(NotFoundError, 'not found', debug(word, unused()));
    }
  },
);

proves(
  'names are listed in order, page by page',
  [
    ['1.7', 'namespaces'],
    ['5.1', 'prefix', 'page_size', 'cursor', 'in order'],
    ['11', 'lists, warm hints, recall, explain, delete'],
  ],
  async (way) => {
    const client = way.client();
    const prefix = `${unused()}-`;
    const names = range(11).map((number) => `${prefix}${10 + number}`);
    await Promise.all(names.toReversed().map((each) => client.namespace(each).write(ROW)));
    const listed = { prefix, page_size: 5 };
    const first = await client.namespaces(listed);
    const second = await first.getNextPage();
    assert.deepEqual(first.namespaces, names.slice(0, 5).map((id) => ({ id })));
    assert.deepEqual(second.namespaces.map((each) => each.id), names.slice(5, 10));
    assert.notEqual(first.next_cursor, second.next_cursor);
    const again = await client.namespaces({ ...listed, cursor: second.next_cursor });
    assert.deepEqual(again.namespaces.map((each) => each.id), names.slice(10));
    await client.namespace(names[3]).deleteAll();
    const all = [];
    for await (const each of client.namespaces(listed)) all.push(each.id);
    assert.deepEqual(all, names.toSpliced(3, 1));
    assert.deepEqual((await client.namespaces({ prefix: `${prefix}none` })).namespaces, []);
  },
);

proves(
  'metadata have these keys and no others',
  [
    ['1.7', 'metadata', 'metadata under /v1'],
    ['5.2', 'created_at and updated_at', 'last_write_at', 'encryption', 'encryption under /v1', 'index'],
    ['5.2', 'approx_row_count and approx_logical_bytes', 'no other keys'],
    ['11', 'both shapes of a schema, both versions of metadata, changing them'],
  ],
  async (way) => {
    const name = unused();
    const ns = way.client().namespace(name);
    await ns.write(ROW);
    const old = await way.client().get(`/v1/namespaces/${name}/metadata`);
    const known = ['schema', 'approx_logical_bytes', 'approx_row_count', 'created_at', 'updated_at'];
    known.push('last_write_at', 'encryption', 'index');
    for (const [told, encryption] of [[await ns.metadata(), { mode: 'default' }], [old, { sse: true }]]) {
      assert.deepEqual(Object.keys(told).sort(), known.toSorted());
      assert.deepEqual([told.encryption, told.index], [encryption, { status: 'up-to-date' }]);
      for (const moment of [told.created_at, told.updated_at, told.last_write_at]) {
        assert.ok(Math.abs(Date.now() - new Date(moment)) < HOUR_MS, moment);
      }
      if (way.name === 'log') {
        // As the contract has it: documents count when they are indexed.
        assert.deepEqual([told.approx_row_count, told.approx_logical_bytes], [0, 0]);
      }
    }
    await ns.updateSchema({ schema: { b: 'int' } });
    assert.equal((await ns.metadata()).last_write_at, old.last_write_at);
  },
);

proves(
  'metadata are changed',
  [
    ['1.5', 'a namespace that is read-only'],
    ['1.7', 'update_metadata'],
    ['5.2', 'read_only', 'pinning'],
    ['5.3', 'read_only', 'pinning: true', 'pinning: false', 'pinning: replicas', 'pinning: null'],
    ['5.3', 'what is not named stays'],
    ['5.8', 'pinning is told as it was set'],
    ['11', 'both shapes of a schema, both versions of metadata, changing them'],
  ],
  async (way) => {
    const ns = way.fresh();
    await ns.write(ROW);
    assert.equal((await ns.updateMetadata({ read_only: true })).read_only, true);
    for (const ask of [
      () => ns.write({ upsert_rows: [{ id: 2 }] }),
      () => ns.write({ deletes: [1] }),
      () => ns.updateSchema({ schema: { b: 'int' } }),
    ]) {
      await refused(BadRequestError, 'read-only', ask());
    }
    assert.deepEqual(await everything(ns), ROW.upsert_rows);
    assert.equal((await ns.updateMetadata({ read_only: false })).read_only, undefined);
    for (const [pinning, replicas] of [
      [{ replicas: 2 }, 2],
      [null, undefined],
      [true, 1],
      [false, undefined],
    ]) {
      assert.equal((await ns.updateMetadata({ pinning })).pinning?.replicas, replicas);
      assert.equal((await ns.metadata()).pinning?.replicas, replicas);
    }
    await ns.updateMetadata({ pinning: { replicas: 3 } });
    const kept = await ns.updateMetadata({ read_only: true });
    assert.deepEqual([kept.pinning.replicas, kept.read_only], [3, true]);
  },
);

proves(
  'an exact search recalls everything',
  [
    ['1.7', 'recall'],
    ['5.6', 'num', 'top_k', 'filters', 'rank_by', 'include_ground_truth', 'a body without anything'],
    ['11', 'lists, warm hints, recall, explain, delete'],
  ],
  async (way) => {
    const vectors = [[0.5, 1.5], [2.5, 0.5], [-1.5, 0.25]];
    const rows = vectors.map((vector, id) => ({ id, vector, kind: id < 2 ? 'a' : 'b' }));
    const ns = await filled(way.fresh(), rows, { step: 1, distance_metric: 'euclidean_squared' });
    const near = ['vector', 'ANN', [0.5, 0.5]];
    for (const [asked, most] of [
      [undefined, 3],
      [{ num: 1, top_k: 2 }, 2],
      [{ num: 2, top_k: 10, filters: ['kind', 'Eq', 'a'] }, 2],
      [{ rank_by: near, top_k: 1 }, 1],
    ]) {
      const told = await ns.recall(asked);
      assert.deepEqual([told.avg_recall, told.avg_exhaustive_count, told.avg_ann_count], [1, most, most]);
      assert.equal(told.ground_truth, undefined);
    }
    const told = await ns.recall({ rank_by: near, include_ground_truth: true });
    const [{ query_vector, nearest_neighbors }] = told.ground_truth;
    assert.deepEqual(query_vector, near[2]);
    assert.deepEqual(ids({ rows: nearest_neighbors }), [0, 1, 2]);
    assert.deepEqual(nearest_neighbors.map((row) => row.vector), vectors);
    await invalid('num', ns.recall({ num: 2, rank_by: near }));
  },
);
