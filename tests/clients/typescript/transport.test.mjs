// What is around a request: packing, headers and parameters, repeats, and the client's own times.

import assert from 'node:assert/strict';
import {
  BY_ID,
  CLIENT,
  everything,
  ids,
  keyed,
  ONCE,
  range,
  refused,
  suite,
  turbopuffer,
  unused,
} from './client.mjs';

const { BadRequestError, RateLimitError } = turbopuffer;
const proves = suite(import.meta.url);
const provesOnce = suite(import.meta.url, ONCE);
const ROWS = range(50).map((id) => ({ id, text: 'walrus '.repeat(30) }));
const ONE = { rank_by: ['id', 'asc'], limit: 1 };
// So many requests at once are too many for who may ask twice in a second.
const REQUESTS_MAX = 1000;

/** A client, and what it sends and is answered. */
function overheard(way, options) {
  const heard = [];
  const listening = async (url, init) => {
    const answer = await fetch(url, init);
    heard.push({ url, sent: new Headers(init.headers), came: answer.headers });
    return answer;
  };
  return [way.client({ ...options, fetch: listening }), heard];
}

proves(
  'an answer is packed for who asks',
  [
    ['1.3', 'Accept-Encoding: gzip', 'Accept-Encoding: identity', 'a small answer is not packed'],
    ['11', 'gzip of requests, and of answers on request only'],
  ],
  async (way) => {
    const name = unused();
    await way.client().namespace(name).write({ upsert_rows: ROWS });
    for (const [compression, accepted, packed] of [[true, 'gzip', 'gzip'], [false, 'identity', null]]) {
      const [client, heard] = overheard(way, { compression });
      assert.deepEqual(await everything(client.namespace(name)), ROWS);
      assert.deepEqual(ids(await client.namespace(name).query(ONE)), [0]);
      const [large, small] = heard;
      assert.equal(large.sent.get('accept-encoding'), accepted);
      assert.equal(large.came.get('content-encoding'), packed);
      assert.equal(large.came.get('content-type'), 'application/json');
      assert.equal(small.came.get('content-encoding'), null);
    }
  },
);

proves(
  'a request is packed if it is long',
  [
    ['1.3', 'Content-Encoding: gzip'],
    ['11', 'gzip of requests, and of answers on request only'],
  ],
  async (way) => {
    const name = unused();
    await way.client().namespace(name).write({ upsert_rows: ROWS });
    const long = ['id', 'NotIn', range(1000).slice(10)];
    for (const [compression, filters, packed] of [
      [true, long, 'gzip'],
      [true, ['id', 'Lt', 10], null],
      [false, long, null],
    ]) {
      const [client, heard] = overheard(way, { compression });
      assert.deepEqual(ids(await client.namespace(name).query({ ...BY_ID, filters })), range(10));
      assert.equal(heard[0].sent.get('content-encoding'), packed);
    }
  },
);

proves(
  'a request may carry more than is asked for',
  [
    ['1.3', 'any bearer token', 'prefer: respond-async is no promise', 'unknown parameters of the URL'],
    ['1.3', 'unknown headers'],
    ['11', 'any bearer, any namespace, parameters and headers passed over'],
  ],
  async (way) => {
    const name = unused();
    await way.client().namespace(name).write({ upsert_rows: [{ id: 1 }] });
    for (const apiKey of ['x', `tpuf_${'y'.repeat(64)}`]) {
      const [client, heard] = overheard(way, { apiKey });
      const more = { query: { x: '1' }, headers: { 'X-Never-Heard-Of': '1' } };
      assert.deepEqual(ids(await client.namespace(name).query(ONE, more)), [1]);
      const [{ url, sent, came }] = heard;
      assert.ok(url.includes('x=1'), url);
      assert.equal(sent.get('x-never-heard-of'), '1');
      assert.equal(sent.get('prefer'), 'respond-async');
      assert.equal(sent.get('authorization'), `Bearer ${apiKey}`);
      assert.equal(came.get('preference-applied'), null);
    }
  },
);

proves(
  'a region may stand in the URL, and none has to',
  [['1.1', 'a region in the base URL', 'a base URL without a region']],
  async (way) => {
    const { host, hostname, port } = new URL(way.url);
    const name = unused();
    await way.client().namespace(name).write({ upsert_rows: [{ id: 1 }] });
    for (const [baseURL, region] of [
      [`http://{region}@${host}`, 'gcp-us-central1'],
      [`http://{region}:${port}`, hostname],
    ]) {
      assert.equal((await everything(way.client({ baseURL, region }).namespace(name))).length, 1);
    }
  },
);

proves(
  'a client adds its own times',
  [['1.8', "performance takes the client's own times"]],
  async (way) => {
    const ns = way.fresh();
    await ns.write({ upsert_rows: [{ id: 1 }] });
    for (const { performance } of [await ns.query(ONE), await ns.multiQuery({ queries: [ONE] })]) {
      assert.ok(performance.client_total_ms > 0);
      assert.ok(performance.server_total_ms > 0);
    }
  },
);

proves(
  'what is not offered is asked for once',
  [['1.4', 'what is not offered is a 400, once']],
  async (way) => {
    const [client, heard] = overheard(way, { maxRetries: 4 });
    const ns = client.namespace(unused());
    const options = { maxRetries: 4 };
    await refused(BadRequestError, '', ns.copyFrom({ source_namespace: 'elsewhere' }, options));
    const row = { upsert_rows: [{ id: 1 }] };
    await refused(BadRequestError, '', ns.write({ ...row, sharding: { num_shards: 2 } }, options));
    assert.equal(heard.length, 2);
  },
);

provesOnce(
  'what is over a limit is asked for again',
  [
    ['1.4', 'what is over a limit is a 429, and asked for again'],
    ['1.5', 'too many requests'],
  ],
  async () => {
    const name = unused();
    const once = keyed(CLIENT).client().namespace(name);
    await once.write({ upsert_rows: [{ id: 1 }] }, { maxRetries: 0 });
    const often = async () => {
      for (let number = 0; number < REQUESTS_MAX; number += 1) await once.query(ONE);
    };
    const error = await refused(RateLimitError, '', often());
    assert.ok(Number(error.headers.get('retry-after')) > 0);
    const [patient, heard] = overheard(keyed(CLIENT), { maxRetries: 4 });
    assert.deepEqual(ids(await patient.namespace(name).query(ONE)), [1]);
    assert.ok(heard.length > 1);
  },
);
