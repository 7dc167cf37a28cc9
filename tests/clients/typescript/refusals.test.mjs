// Refusals: each is an error of the client's own, and says what to do.

import assert from 'node:assert/strict';
import {
  BY_ID,
  count,
  everything,
  invalid,
  keyed,
  ONCE,
  refused,
  suite,
  turbopuffer,
  unused,
} from './client.mjs';

const { AuthenticationError, BadRequestError, NotFoundError, PermissionDeniedError } = turbopuffer;
const { UnprocessableEntityError } = turbopuffer;
const proves = suite(import.meta.url);
const provesOnce = suite(import.meta.url, ONCE);
const ROW = { upsert_rows: [{ id: 1 }] };

proves(
  'what is not there is not found',
  [['1.5', 'the body of a refusal', 'an unknown namespace']],
  async (way) => {
    const name = unused();
    const ns = way.client().namespace(name);
    for (const ask of [
      () => ns.query(BY_ID),
      () => ns.query(count),
      () => ns.multiQuery({ queries: [count] }),
      () => ns.explainQuery(BY_ID),
      () => ns.metadata(),
      () => ns.updateMetadata({ read_only: true }),
      () => ns.schema(),
      () => ns.updateSchema({ schema: { a: 'int' } }),
      () => ns.hintCacheWarm(),
      () => ns.recall(),
      () => ns.deleteAll(),
    ]) {
      const error = await refused(NotFoundError, `🤷 namespace '${name}' was not found`, ask());
      assert.deepEqual([error.status, error.error.status], [404, 'error']);
      assert.equal(error.error.request_id, error.headers.get('x-request-id'));
    }
    assert.equal(await ns.exists(), false);
  },
);

proves(
  'a name that is none is told as text',
  [['1.5', 'a name with other characters', 'a name of more than 128 characters']],
  async (way) => {
    for (const [name, told] of [
      ['a b', 'Invalid URL: Namespace contains invalid characters, must be [A-Za-z0-9-_.]'],
      ['x'.repeat(129), 'is too long, limit is currently 128 characters'],
    ]) {
      await refused(BadRequestError, told, way.client().namespace(name).query(BY_ID));
    }
  },
);

proves(
  'what has another shape is unprocessable',
  [
    ['1.5', 'rows are no list', 'a row without an id', 'an id of a wrong JSON type in a row'],
    ['1.5', 'an id of a wrong JSON type in deletes', 'an id of a wrong JSON type in a column'],
    ['1.5', 'consistency as a text', 'an unknown consistency level', 'an unknown vector_encoding'],
    ['1.5', 'an unknown distance_metric', 'a malformed rank_by', 'a malformed limit'],
    ['1.5', 'a schema object without a type'],
    ['11', 'refusals: the status first, then the words'],
  ],
  async (way) => {
    const ns = way.fresh();
    await ns.write(ROW);
    const shape = 'Failed to deserialize the JSON body into the target type: ';
    for (const [told, ask] of [
      ['upsert_rows[0]: missing field `id`', () => ns.write({ upsert_rows: [{ a: 1 }] })],
      ['untagged enum Id at line 1', () => ns.write({ upsert_rows: [{ id: true }] })],
      ['untagged enum IdVec', () => ns.write({ deletes: [1.5] })],
      ['enum IdVec', () => ns.write({ upsert_columns: { id: [1.5], a: [1] } })],
      ['upsert_rows: invalid type: map, expected a sequence', () => ns.write({ upsert_rows: {} })],
      ['unknown variant `manhattan`', () => ns.write({ distance_metric: 'manhattan' })],
      ['schema.a: missing field `type`', () => ns.write({ schema: { a: {} } })],
      [
        'invalid type: string "eventual", expected struct Consistency',
        () => ns.query({ ...BY_ID, consistency: 'eventual' }),
      ],
      ['expected `strong` or `eventual`', () => ns.query({ ...BY_ID, consistency: { level: 'x' } })],
      ['expected `float` or `base64`', () => ns.query({ ...BY_ID, vector_encoding: 'hex' })],
      ['enum RankInput', () => ns.query({ rank_by: ['a', 'up'], limit: 1 })],
      ['enum LimitInput', () => ns.query({ rank_by: ['id', 'asc'], limit: 'ten' })],
    ]) {
      const error = await refused(UnprocessableEntityError, told, ask());
      assert.ok(error.error.error.startsWith(shape), error.error.error);
    }
  },
);

proves(
  'what cannot be read says where',
  [['1.5', 'malformed JSON']],
  async (way) => {
    const name = unused();
    const client = way.client();
    await client.namespace(name).write(ROW);
    const body = new TextEncoder().encode('{"rank_by": ]');
    const headers = { 'Content-Type': 'application/json' };
    const asked = client.post(`/v2/namespaces/${name}/query`, { body, headers });
    await refused(BadRequestError, 'Failed to parse the request body as JSON: rank_by', asked);
  },
);

proves(
  'what is no query is refused',
  [
    ['1.5', 'rank_by is empty', 'no limit', 'a limit out of range', 'include and exclude together'],
    ['1.5', 'an unknown attribute in include_attributes', 'a vector where the namespace has none'],
    ['1.5', 'kNN without filters', 'a filter operand of a wrong type', 'a filter on an unknown attribute'],
    ['1.5', 'BM25 of a list over words', 'BM25 of a text over tokens', 'a negative weight of a Product'],
    ['3.1', 'distance_metric'],
    ['3.2', 'arrays are no order', 'ANN in a Sum is refused', 'Attribute below zero'],
    ['11', 'refusals: the status first, then the words'],
  ],
  async (way) => {
    const ns = way.fresh();
    const tokenizer = { tokenizer: 'pre_tokenized_array' };
    await ns.write({
      distance_metric: 'cosine_distance',
      schema: {
        text: { type: 'string', full_text_search: true },
        content: { type: '[]string', full_text_search: tokenizer },
        tags: '[]string',
        n: 'int',
      },
      upsert_rows: [{ id: 1, vector: [0.5, 1.5] }],
    });
    const order = { rank_by: ['id', 'asc'] };
    const words = ['text', 'BM25', 'walrus'];
    for (const [told, asked] of [
      ['must specify top_k or limit', order],
      ['between 1 and 10000', { ...order, limit: 0 }],
      ['between 1 and 10000', { ...order, limit: 10_001 }],
      ['rank_by or aggregate_by', { filters: ['n', 'Eq', 1] }],
      ['rank_by cannot be empty', { rank_by: [], limit: 1 }],
      ['"c" not found', { ...order, limit: 1, include_attributes: ['c'] }],
      ['both', { ...order, limit: 1, include_attributes: true, exclude_attributes: ['n'] }],
      ['mismatch', { ...order, limit: 1, distance_metric: 'euclidean_squared' }],
      ['kNN requires filters', { rank_by: ['vector', 'kNN', [0.5, 1.5]], limit: 1 }],
      ['but got 1 numbers', { rank_by: ['vector', 'ANN', [0.5]], limit: 1 }],
      ['attribute not found', { ...order, limit: 1, filters: ['colour', 'Eq', 'red'] }],
      [
        "filter error in key `tags`: type mismatch, ContainsAny expects []string, but got 'python'",
        { ...order, limit: 1, filters: ['tags', 'ContainsAny', 'python'] },
      ],
      ["type mismatch, Eq expects int, but got 'x'", { ...order, limit: 1, filters: ['n', 'Eq', 'x'] }],
      ['for rank_by field "content", expecting []string', { rank_by: ['content', 'BM25', 'new'], limit: 1 }],
      [
        'invalid input \'[new, york]\' for rank_by field "text", expecting string',
        { rank_by: ['text', 'BM25', ['new', 'york']], limit: 1 },
      ],
      ['full_text_search', { rank_by: ['tags', 'BM25', 'new'], limit: 1 }],
      ['non-negative', { rank_by: ['Product', -1, words], limit: 1 }],
      ['Max', { rank_by: ['Attribute', 'n'], limit: 1 }],
      ['tags', { rank_by: ['tags', 'asc'], limit: 1 }],
      ['RRF', { rank_by: ['Sum', [words, ['vector', 'ANN', [0.5, 1.5]]]], limit: 1 }],
    ]) {
      await refused(BadRequestError, told, ns.query(asked));
    }
    const without = way.fresh();
    await without.write(ROW);
    const vector = { upsert_rows: [{ id: 2, vector: [0.5, 1.5] }], distance_metric: 'cosine_distance' };
    await refused(BadRequestError, 'ector', without.write(vector));
    await invalid('', without.query({ rank_by: ['vector', 'ANN', [0.5, 1.5]], limit: 1 }));
  },
);

proves(
  'what is not offered is named',
  [
    ['1.5', 'a malformed KMS key'],
    ['1.7', 'copy_from', 'branch_from'],
    ['2.1', 'copy_from_namespace', 'branch_from_namespace', 'sharding'],
    ['2.1', 'encryption: customer-managed', 'encryption: cmek'],
    ['3.1', 'rerank_by a model'],
    ['3.2', 'ANN of Embed'],
    ['3.9', 'a model'],
    ['4.2', 'embed'],
    ['5.8', 'copies from another region', 'other modes of encryption'],
    ['6.1', 'shards'],
    ['11', 'copies, branches and their polls'],
  ],
  async (way) => {
    const source = unused();
    const ns = way.client().namespace(source);
    await ns.write({ ...ROW, schema: { text: { type: 'string', full_text_search: true } } });
    const other = way.fresh();
    const far = { source_namespace: source, source_region: 'aws-eu-west-1' };
    const key = 'Malformed Cloud KMS crypto key: mykey';
    const managed = { mode: 'customer-managed', key_name: 'mykey' };
    const rerank_by = { model: 'm', attribute: 'text', query: 'walrus' };
    const shown = { ...BY_ID, include_attributes: ['text'] };
    const once = { maxRetries: 0 };
    for (const [told, ask] of [
      ['copy', () => other.copyFrom({ source_namespace: source })],
      ['copy', () => other.copyFrom(far)],
      ['branch', () => other.branchFrom({ source_namespace: source })],
      ['copy_from_namespace', () => other.write({ copy_from_namespace: source }, once)],
      ['branch_from_namespace', () => other.write({ branch_from_namespace: source }, once)],
      ['sharding', () => other.write({ ...ROW, sharding: { num_shards: 2 } }, once)],
      [key, () => other.write({ ...ROW, encryption: managed }, once)],
      [key, () => other.write({ ...ROW, encryption: { cmek: { key_name: 'mykey' } } }, once)],
      ['unknown field `upserts`', () => ns.write({ upserts: [] }, once)],
      ['model', () => ns.query({ ...shown, rerank_by })],
      ['model', () => ns.multiQuery({ queries: [shown, shown], rerank_by })],
      ['model', () => ns.query({ rank_by: ['text', 'ANN', ['Embed', 'a text']], limit: 1 })],
      ['embed', () => ns.write({ schema: { other: { type: 'string', embed: 'm' } } }, once)],
    ]) {
      await refused(BadRequestError, told, ask());
    }
    assert.equal(await other.exists(), false);
  },
);

/** What needs each scope, of a client and a name. */
const ASKS = {
  write: (client, name) => client.namespace(name).write(ROW, { maxRetries: 0 }),
  read: (client, name) => client.namespace(name).query(BY_ID),
  list: (client, name) => client.namespaces({ prefix: name }),
  admin: (client, name) => client.namespace(name).deleteAll(),
};

provesOnce(
  'a key may what it lists',
  [
    ['5.8', 'API keys', 'keys that may read, write, list or do what an owner does'],
    ['5.8', 'keys of some namespaces'],
  ],
  async () => {
    const name = unused();
    await ASKS.write(keyed('write').client(), name);
    for (const scope of ['write', 'read', 'list', 'admin']) {
      for (const [needed, ask] of Object.entries(ASKS)) {
        const asked = ask(keyed(scope).client(), name);
        if (needed === scope) await asked;
        else await refused(PermissionDeniedError, '', asked);
      }
    }
    const stranger = keyed('nobody').client();
    for (const ask of Object.values(ASKS)) {
      assert.equal((await refused(AuthenticationError, 'API key', ask(stranger, name))).status, 401);
    }
    const some = keyed('some').client();
    const mine = `some-${name}`;
    await ASKS.write(keyed('write').client(), name);
    for (const [needed, ask] of Object.entries(ASKS)) {
      await ask(some, mine);
      if (needed === 'list') continue;
      // Be it there or not.
      for (const other of [name, `${name}-never`]) {
        await refused(PermissionDeniedError, '', ask(some, other));
      }
    }
    assert.deepEqual((await some.namespaces({ prefix: name })).namespaces, []);
    assert.deepEqual(await everything(keyed('read').client().namespace(name)), ROW.upsert_rows);
  },
);
