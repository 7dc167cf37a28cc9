// Namespaces and schemas by the client of npm, whose own tests compare them key by key.

import assert from 'node:assert/strict';
import {
  client,
  everything,
  fresh,
  proves,
  refused,
  turbopuffer,
  unused,
  URL_OF_NODE,
} from './client.mjs';

const { BadRequestError, NotFoundError } = turbopuffer;
const ROW = { upsert_rows: [{ id: 1, a: 1 }] };
const FULL_TEXT = {
  k1: 1.2,
  k3: 8,
  b: 0.75,
  language: 'english',
  stemming: false,
  max_token_length: 39,
  remove_stopwords: false,
  ascii_folding: false,
  case_sensitive: true,
  tokenizer: 'word_v4',
};

proves(
  'a region may stand in the URL, and none has to',
  [
    ['1.1', 'a region in the base URL', 'a base URL without a region'],
    ['1.3', 'any bearer token'],
  ],
  async () => {
    const { host } = new URL(URL_OF_NODE);
    const there = client({ baseURL: `http://{region}@${host}`, region: 'gcp-us-central1' });
    const name = unused();
    await there.namespace(name).write(ROW);
    const again = client({ apiKey: 'another' }).namespace(name);
    assert.deepEqual(await everything(again), ROW.upsert_rows);
  },
);

proves(
  'a namespace comes and goes',
  [
    ['1.5', 'an unknown namespace', 'a name with other characters'],
    ['1.7', 'exists', 'delete_all', 'hint_cache_warm', 'namespaces', 'recall'],
    ['5.1', 'prefix', 'page_size', 'cursor', 'in order'],
    ['5.4', 'the name may be used again'],
    ['5.5', 'status and message'],
    ['5.6', 'num', 'top_k', 'include_ground_truth', 'a body without anything'],
  ],
  async () => {
    const name = unused();
    const ns = client().namespace(name);
    assert.equal(await ns.exists(), false);
    await refused(NotFoundError, `namespace '${name}' was not found`, ns.schema());
    await ns.write(ROW);
    assert.equal(await ns.exists(), true);
    const warm = await ns.hintCacheWarm();
    assert.ok(['ACCEPTED', 'OK'].includes(warm.status));
    assert.equal(typeof warm.message, 'string');
    await ns.deleteAll();
    assert.equal(await ns.exists(), false);
    const vectors = [[0.5, 1.5], [1.5, 0.5], [2.5, 2.5]];
    const upsert_rows = vectors.map((vector, id) => ({ id, vector }));
    await ns.write({ distance_metric: 'cosine_distance', upsert_rows });
    const recall = await ns.recall({ num: 1, top_k: 2, include_ground_truth: true });
    assert.deepEqual([recall.avg_recall, recall.avg_exhaustive_count, recall.avg_ann_count], [1, 2, 2]);
    assert.equal(recall.ground_truth[0].nearest_neighbors.length, 2);
    assert.equal((await ns.recall()).ground_truth, undefined);
    const names = Array.from({ length: 11 }, (_, number) => `${name}-${10 + number}`);
    await Promise.all(names.map((each) => client().namespace(each).write(ROW)));
    const listed = { prefix: `${name}-`, page_size: 5 };
    const first = await client().namespaces(listed);
    const second = await first.getNextPage();
    assert.deepEqual(first.namespaces.map((each) => each.id), names.slice(0, 5));
    assert.deepEqual(second.namespaces.map((each) => each.id), names.slice(5, 10));
    assert.notEqual(first.next_cursor, second.next_cursor);
    const all = [];
    for await (const each of client().namespaces(listed)) all.push(each.id);
    assert.deepEqual(all, names);
    const odd = client().namespace('a b').schema();
    await refused(BadRequestError, 'Namespace contains invalid characters', odd);
  },
);

proves(
  'a schema is told key by key',
  [
    ['1.5', 'a type that changes'],
    ['1.7', 'schema', 'update_schema', 'metadata', 'update_metadata'],
    ['2.1', 'schema'],
    ['4.2', 'type', 'a type alone', 'filterable', 'full_text_search', 'ann: true'],
    ['4.5', 'schema, key by key', 'metadata, key by key', 'full_text_search: false is null'],
    ['5.2', 'no other keys', 'encryption', 'index', 'created_at and updated_at', 'read_only', 'pinning'],
    ['5.3', 'read_only', 'pinning: true', 'pinning: null', 'pinning: replicas'],
  ],
  async () => {
    const ns = fresh();
    const full_text_search = { case_sensitive: true };
    await ns.write({
      distance_metric: 'cosine_distance',
      schema: {
        tags: { type: '[]string', filterable: false, full_text_search },
        private: 'bool',
        text: { type: 'string', full_text_search: true },
      },
      upsert_rows: [{ id: 1, vector: [0.5, 1.5], private: true }],
    });
    const nothing = { filterable: null, full_text_search: null };
    const text = { ...FULL_TEXT, case_sensitive: false };
    assert.deepEqual(await ns.schema(), {
      id: { type: 'uint', ...nothing },
      vector: { type: '[2]f32', ann: true, ...nothing },
      private: { type: 'bool', filterable: true, full_text_search: null },
      tags: { type: '[]string', filterable: false, full_text_search: FULL_TEXT },
      text: { type: 'string', filterable: false, full_text_search: text },
    });
    const metadata = await ns.metadata();
    assert.deepEqual(metadata.schema, {
      id: { type: 'uint' },
      vector: { type: '[2]f32', ann: { distance_metric: 'cosine_distance' } },
      private: { type: 'bool', filterable: true },
      tags: { type: '[]string', filterable: false, full_text_search: FULL_TEXT },
      text: { type: 'string', filterable: false, full_text_search: text },
    });
    const known = ['schema', 'approx_logical_bytes', 'approx_row_count', 'created_at', 'updated_at'];
    known.push('last_write_at', 'encryption', 'index');
    assert.deepEqual(Object.keys(metadata).sort(), known.sort());
    assert.deepEqual(metadata.encryption, { mode: 'default' });
    const changed = await ns.updateSchema({
      schema: { text: { type: 'string', filterable: true, full_text_search: false } },
    });
    assert.deepEqual(changed.text, { type: 'string', filterable: true, full_text_search: null });
    await refused(
      BadRequestError,
      "invalid schema update for attribute 'private': cannot change attribute type from bool to int",
      ns.updateSchema({ schema: { private: 'int' } }),
    );
    assert.equal((await ns.updateMetadata({ read_only: true })).read_only, true);
    await refused(BadRequestError, 'read-only', ns.write(ROW));
    assert.equal((await ns.updateMetadata({ read_only: false })).read_only, undefined);
    for (const [pinning, replicas] of [[true, 1], [{ replicas: 2 }, 2], [null, undefined]]) {
      assert.equal((await ns.updateMetadata({ pinning })).pinning?.replicas, replicas);
    }
  },
);
