// Queries by the client of npm: rankings, filters, aggregates, several at once.

import assert from 'node:assert/strict';
import { client, fresh, ids, proves, refused, turbopuffer } from './client.mjs';

const { BadRequestError } = turbopuffer;
const ROWS = [
  {
    id: 1,
    vector: [0.5, 1.5],
    text: 'a walrus on the ice',
    n: 3,
    tags: ['python', 'rust'],
    owner: 'bob',
  },
  { id: 2, vector: [2.5, 0.5], text: 'the sea', n: 1, owner: 'eve' },
  { id: 3, vector: [0.5, 0.5], text: 'walrus walrus', n: 2, tags: ['rust'], owner: 'bob' },
  { id: 4 },
];
const SCHEMA = {
  text: { type: 'string', full_text_search: true },
  n: 'uint',
  content: { type: '[]string', full_text_search: { tokenizer: 'pre_tokenized_array' } },
};
const BY_ID = { rank_by: ['id', 'asc'], limit: 9 };

async function filled(of = client()) {
  const ns = fresh(of);
  for (const row of ROWS) {
    await ns.write({ distance_metric: 'euclidean_squared', schema: SCHEMA, upsert_rows: [row] });
  }
  return ns;
}

function near(told, expected) {
  assert.ok(Math.abs(told - expected) <= 1e-5, `${told} is not ${expected}`);
}

proves(
  'the nearest are found, and orders kept',
  [
    ['1.3', 'Content-Encoding: gzip', 'Accept-Encoding: gzip'],
    ['1.7', 'query'],
    ['3.1', 'rank_by', 'limit as a number', 'limit as an object', 'top_k', 'filters'],
    ['3.1', 'include_attributes: a list', 'include_attributes: true', 'exclude_attributes'],
    ['3.1', 'vector_encoding', 'consistency: strong', 'consistency: eventual', 'offset'],
    ['3.2', 'ANN', 'kNN', 'euclidean_squared', 'asc and desc', 'order by several attributes'],
    ['3.5', 'of an order', 'of ANN and kNN'],
    ['3.6', 'offset'],
  ],
  async () => {
    for (const compression of [false, true]) {
      const ns = await filled(client({ compression }));
      const found = await ns.query({
        rank_by: ['vector', 'ANN', [0.5, 0.5]],
        limit: 2,
        consistency: { level: 'strong' },
      });
      assert.deepEqual(found.rows, [{ id: 3, $dist: 0 }, { id: 1, $dist: 1 }]);
      const exact = { rank_by: ['vector', 'kNN', [0.5, 0.5]], limit: 9, filters: ['n', 'Lt', 3] };
      assert.deepEqual(ids(await ns.query(exact)), [3, 2]);
      const orders = [['owner', 'desc'], ['n', 'asc']];
      assert.deepEqual(ids(await ns.query({ rank_by: orders, top_k: 9 })), [2, 3, 1, 4]);
      const per = { total: 9, per: { attributes: ['owner'], limit: 1 } };
      assert.deepEqual(ids(await ns.query({ ...BY_ID, limit: per })), [1, 2, 4]);
      const nearest = { rank_by: ['vector', 'ANN', [0.5, 0.5]], limit: per };
      assert.deepEqual(ids(await ns.query(nearest)), [3, 2]);
      assert.deepEqual(ids(await ns.query({ ...BY_ID, limit: 2, offset: 1 })), [2, 3]);
      const shown = { rank_by: ['id', 'asc'], limit: 1, consistency: { level: 'eventual' } };
      const { text, ...rest } = ROWS[0];
      for (const [asked, row] of [
        [{ include_attributes: ['text'] }, { id: 1, text }],
        [{ include_attributes: true }, ROWS[0]],
        [{ exclude_attributes: ['text'] }, rest],
        [
          { include_attributes: ['vector'], vector_encoding: 'base64' },
          { id: 1, vector: 'AAAAPwAAwD8=' },
        ],
      ]) {
        assert.deepEqual((await ns.query({ ...shown, ...asked })).rows, [row]);
      }
    }
  },
);

proves(
  'texts are ranked, by themselves and with more',
  [
    ['1.5', 'BM25 of a text over tokens', 'a negative weight of a Product'],
    ['3.1', 'compute_attributes'],
    ['3.2', 'BM25', 'BM25 of a list', 'BM25 with last_as_prefix', 'Sum', 'Max', 'Product'],
    ['3.2', 'a filter', 'Attribute', 'Saturate', 'Decay', 'Dist of a number', 'Max with a constant'],
    ['3.8', 'a score', 'a filter', 'VectorDist', 'Highlight'],
  ],
  async () => {
    const ns = await filled();
    await ns.write({ upsert_rows: [{ id: 5, content: ['New York', 'new'] }] });
    const question = ['text', 'BM25', 'walrus'];
    const found = await ns.query({ rank_by: question, limit: 9 });
    assert.deepEqual(ids(found), [3, 1]);
    assert.ok(found.rows.every((row) => row.$dist > 0));
    assert.ok(found.rows[0].$dist > found.rows[1].$dist);
    const views = ['Attribute', 'n'];
    for (const [rank, expected] of [
      [['text', 'BM25', 'wal', { last_as_prefix: true }], [1, 3]],
      [['content', 'BM25', ['New York']], [5]],
      [['Sum', [['owner', 'Eq', 'bob'], ['Product', 2, ['n', 'Gte', 2]]]], [1, 3]],
      [['Max', 0, views], [1, 3, 2, 4, 5]],
      [['Saturate', views, { midpoint: 2 }], [1, 3, 2, 4, 5]],
      [['Decay', ['Dist', views, 2], { midpoint: 1 }], [3, 1, 2, 4, 5]],
    ]) {
      assert.deepEqual(ids(await ns.query({ rank_by: rank, limit: 9 })), expected, `${rank}`);
    }
    for (const [told, rank] of [
      ['for rank_by field "content", expecting []string', ['content', 'BM25', 'new']],
      ['non-negative', ['Product', -1, question]],
    ]) {
      await refused(BadRequestError, told, ns.query({ rank_by: rank, limit: 1 }));
    }
    const computed = await ns.query({
      rank_by: question,
      limit: 1,
      compute_attributes: {
        mine: ['owner', 'Eq', 'bob'],
        far: ['vector', 'VectorDist', [0.5, 1.5]],
        views,
        shown: ['Highlight', 'text'],
      },
    });
    const [{ $dist, shown, ...row }] = computed.rows;
    near($dist, found.rows[0].$dist);
    assert.deepEqual(row, { id: 3, mine: true, far: 1, views: 2 });
    assert.deepEqual(shown, [{ text: 'walrus walrus' }]);
  },
);

proves(
  'filters ask for everything that they can',
  [
    ['1.5', 'a filter operand of a wrong type', 'a filter on an unknown attribute'],
    ['3.4', 'Eq', 'NotEq', 'Eq null', 'NotEq null', 'In', 'NotIn', 'Lt', 'Lte', 'Gt', 'Gte'],
    ['3.4', 'Contains', 'NotContains', 'ContainsAny', 'NotContainsAny', 'Glob', 'NotGlob', 'IGlob'],
    ['3.4', 'NotIGlob', 'ContainsAllTokens', 'ContainsAnyToken', 'ContainsTokenSequence'],
    ['3.4', 'And', 'Or', 'Not', 'null under Lt and Lte'],
  ],
  async () => {
    const ns = await filled();
    for (const [filters, expected] of [
      [['owner', 'Eq', 'bob'], [1, 3]],
      [['owner', 'NotEq', 'bob'], [2, 4]],
      [['owner', 'Eq', null], [4]],
      [['owner', 'NotEq', null], [1, 2, 3]],
      [['n', 'In', [1, 3]], [1, 2]],
      [['n', 'NotIn', [1, 3]], [3, 4]],
      [['n', 'Lt', 2], [2, 4]],
      [['n', 'Lte', 2], [2, 3, 4]],
      [['n', 'Gt', 2], [1]],
      [['n', 'Gte', 2], [1, 3]],
      [['tags', 'Contains', 'python'], [1]],
      [['tags', 'NotContains', 'python'], [2, 3, 4]],
      [['tags', 'ContainsAny', ['python', 'go']], [1]],
      [['tags', 'NotContainsAny', ['rust']], [2, 4]],
      [['owner', 'Glob', 'b*'], [1, 3]],
      [['owner', 'NotGlob', 'b*'], [2, 4]],
      [['owner', 'IGlob', 'B?B'], [1, 3]],
      [['owner', 'NotIGlob', 'B?B'], [2, 4]],
      [['text', 'ContainsAllTokens', 'ice walrus'], [1]],
      [['text', 'ContainsAnyToken', 'sea ice'], [1, 2]],
      [['text', 'ContainsTokenSequence', 'the ice'], [1]],
      [['And', [['owner', 'Eq', 'bob'], ['n', 'Lt', 3]]], [3]],
      [['Or', [['owner', 'Eq', 'eve'], ['n', 'Eq', 3]]], [1, 2]],
      [['Not', ['owner', 'Eq', 'bob']], [2, 4]],
    ]) {
      assert.deepEqual(ids(await ns.query({ ...BY_ID, filters })), expected, `${filters}`);
    }
    for (const [told, filters] of [
      [
        "filter error in key `tags`: type mismatch, ContainsAny expects []string, but got 'python'",
        ['tags', 'ContainsAny', 'python'],
      ],
      ['attribute not found', ['colour', 'Eq', 'red']],
    ]) {
      await refused(BadRequestError, told, ns.query({ ...BY_ID, filters }));
    }
  },
);

proves(
  'documents are counted, in groups too',
  [
    ['3.1', 'aggregate_by', 'group_by'],
    ['3.7', 'Count', 'Sum of integers', 'several labels', 'group_by', 'ForEachUnique'],
    ['3.10', 'aggregations'],
  ],
  async () => {
    const ns = await filled();
    const aggregate_by = { count: ['Count'], total: ['Sum', 'n'] };
    const whole = await ns.query({ aggregate_by });
    assert.deepEqual(whole.aggregations, { count: 4, total: 6 });
    assert.equal(whole.rows, undefined);
    const groups = await ns.query({ aggregate_by, group_by: ['owner'] });
    assert.deepEqual(groups.aggregation_groups, [
      { owner: 'bob', count: 2, total: 5 },
      { owner: 'eve', count: 1, total: 1 },
      { owner: null, count: 1, total: 0 },
    ]);
    const tags = await ns.query({ aggregate_by, group_by: [{ tag: ['ForEachUnique', 'tags'] }] });
    assert.deepEqual(tags.aggregation_groups, [
      { tag: 'python', count: 1, total: 3 },
      { tag: 'rust', count: 2, total: 5 },
    ]);
  },
);

proves(
  'several queries are answered at once, and fused',
  [
    ['1.7', 'multi_query', 'explain_query'],
    ['3.1', 'queries'],
    ['3.9', 'results in their order', 'RRF', 'RRF rank_constant', 'RRF weights'],
    ['3.9', 'RRF limit and offset'],
    ['3.10', 'explain_query: plan_text', 'performance.query_execution_ms'],
    ['3.10', 'performance.cache_temperature', 'performance.approx_namespace_size'],
    ['1.8', "performance takes the client's own times"],
  ],
  async () => {
    const ns = await filled();
    const queries = [
      { rank_by: ['vector', 'ANN', [0.5, 0.5]], limit: 3 },
      { rank_by: ['text', 'BM25', 'ice'], limit: 3 },
    ];
    const answer = await ns.multiQuery({ queries });
    assert.deepEqual(answer.results.map(ids), [[3, 1, 2], [1]]);
    assert.ok(answer.performance.server_total_ms > 0);
    assert.ok(answer.performance.query_execution_ms > 0);
    assert.ok(answer.performance.client_total_ms > 0);
    const rerank_by = ['RRF', { rank_constant: 10, weights: [1, 2] }];
    const fused = await ns.multiQuery({ queries, rerank_by, limit: 2 });
    assert.equal(fused.results.length, 1);
    assert.deepEqual(ids(fused.results[0]), [1, 3]);
    near(fused.results[0].rows[0].$dist, 1 / 12 + 2 / 11);
    const rest = await ns.multiQuery({ queries, rerank_by: ['RRF'], limit: 2, offset: 1 });
    assert.deepEqual(ids(rest.results[0]), [3, 2]);
    const plan = await ns.explainQuery(queries[0]);
    assert.equal(typeof plan.plan_text, 'string');
    const { performance } = await ns.query(queries[0]);
    assert.equal(performance.approx_namespace_size, ROWS.length);
    assert.ok(['hot', 'warm', 'cold'].includes(performance.cache_temperature));
  },
);
