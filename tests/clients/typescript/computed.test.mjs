// Computed attributes: scores, truths, distances and highlights that come with a row.

import assert from 'node:assert/strict';
import { BY_ID, filled, invalid, range, refused, suite, turbopuffer } from './client.mjs';
import { near, Texts, words } from './truth.mjs';

const { BadRequestError } = turbopuffer;
const proves = suite(import.meta.url);
const TEXT = 'The ice was thin. A walrus sat on it! The sea was cold, said the walrus to a fish.';
const MANY = 'A fish.\n\nA walrus ß🐘 walrus.';
const ROWS = [
  { id: 1, text: TEXT, title: 'walrus', views: 7, owner: 'bob', vector: [0.5, 1.5] },
  { id: 2, text: MANY, title: 'fish and walrus', owner: 'eve', vector: null },
  { id: 3, text: 'Nothing at all.', title: 'sea', views: 2, vector: [2.5, 0.5] },
  { id: 4, vector: null },
];
const RANK = { rank_by: ['text', 'BM25', 'walrus'], limit: 9 };

function start(way) {
  const full_text = { type: 'string', full_text_search: true };
  const schema = { text: full_text, title: full_text, views: 'uint' };
  return filled(way.fresh(), ROWS, { distance_metric: 'euclidean_squared', schema, step: 1 });
}

/** What an expression comes to, for each id. */
async function computed(ns, it, asked = BY_ID) {
  const { rows } = await ns.query({ ...asked, compute_attributes: { it } });
  return new Map(rows.map((row) => [row.id, row.it]));
}

const fragments = async (ns, id, settings) =>
  (await computed(ns, settings ? ['Highlight', 'text', settings] : ['Highlight', 'text'], RANK)).get(id);

proves(
  'scores, truths and distances come along',
  [
    ['3.1', 'compute_attributes'],
    ['3.8', 'a score', 'a filter', 'VectorDist', 'names that are taken'],
    ['6.1', '256 computed attributes'],
    ['11', 'computed attributes and highlights'],
  ],
  async (way) => {
    const ns = await start(way);
    const titles = Texts.of(ROWS, 'title');
    const scores = await computed(ns, ['title', 'BM25', 'walrus']);
    for (const [id, score] of scores) near(score, titles.score(id, words('walrus')));
    const views = ['Attribute', 'views'];
    for (const [expression, expected] of [
      [views, [7, 0, 2, 0]],
      [['Sum', [views, ['Product', 2, ['owner', 'Eq', 'bob']]]], [9, 0, 2, 0]],
      [['Decay', ['Dist', views, 2], { midpoint: 5 }], [0.5, 0, 1, 0]],
      [['owner', 'Eq', 'bob'], [true, false, false, false]],
      [['Not', ['views', 'Gte', 5]], [false, true, true, true]],
      [['vector', 'VectorDist', [0.5, 0.5]], [1, undefined, 4, undefined]],
    ]) {
      assert.deepEqual([...(await computed(ns, expression)).values()], expected);
    }
    const beside = await ns.query({
      ...RANK,
      include_attributes: ['owner'],
      compute_attributes: { a: ['owner', 'Eq', 'bob'], b: views },
    });
    assert.deepEqual(Object.keys(beside.rows[0]).sort(), ['$dist', 'a', 'b', 'id', 'owner']);
    for (const [name, expression] of [
      ['it', ['vector', 'VectorDist', [1.5]]],
      ['it', ['vector', 'ANN', [0.5, 0.5]]],
      ['owner', views],
      ['id', views],
      ['$x', views],
    ]) {
      await invalid('', ns.query({ ...BY_ID, compute_attributes: { [name]: expression } }));
    }
    const many = (length) => Object.fromEntries(range(length).map((number) => [`c${number}`, views]));
    await refused(BadRequestError, '256', ns.query({ ...BY_ID, compute_attributes: many(257) }));
    assert.equal((await ns.query({ ...BY_ID, compute_attributes: many(256) })).rows[0].c255, 7);
  },
);

proves(
  'the best fragments are shown, where their words are',
  [
    ['3.8', 'Highlight', 'fragment_by', 'fragment_limit', 'include_offsets', 'rank_fragments_by'],
    ['3.8', 'Highlight of no full text', 'Highlight without a question'],
    ['6.1', '1,024 fragments of a highlight'],
    ['11', 'computed attributes and highlights'],
  ],
  async (way) => {
    const ns = await start(way);
    const texts = (found) => found.map((part) => part.text.trim());
    const sentences = ['A walrus sat on it!', 'The sea was cold, said the walrus to a fish.'];
    assert.deepEqual(texts(await fragments(ns, 1)).sort(), sentences);
    for (const [fragment_by, expected] of [
      ['none', [MANY]],
      ['paragraph', ['A walrus ß🐘 walrus.']],
      ['sentence', ['A walrus ß🐘 walrus.']],
      ['word', ['walrus', 'walrus']],
    ]) {
      assert.deepEqual(texts(await fragments(ns, 2, { fragment_by })), expected);
    }
    const cuts = {
      'utf-16': (a, b) => MANY.slice(a, b),
      'utf-8': (a, b) => Buffer.from(MANY).subarray(a, b).toString(),
      codepoints: (a, b) => [...MANY].slice(a, b).join(''),
    };
    for (const [include_offsets, cut] of Object.entries(cuts)) {
      const [part] = await fragments(ns, 2, { include_offsets });
      assert.equal(cut(...part.fragment_range), part.text);
      assert.deepEqual(part.match_ranges.map((place) => cut(...place)), ['walrus', 'walrus']);
    }
    const [ice, walrus] = ['The ice was thin.', 'A walrus sat on it!'];
    const phrase = ['$fragment', 'ContainsTokenSequence', 'ice was'];
    const ranked = (rank_fragments_by) =>
      computed(ns, ['Highlight', 'text', { rank_fragments_by, fragment_limit: 2 }]);
    for (const [rank, expected] of [
      [['$fragment', 'BM25', 'ice'], [ice]],
      [phrase, [ice]],
      [['$fragment', 'Regex', 'it!'], [walrus]],
      [['Not', ['$fragment', 'Glob', 'The*']], [walrus]],
      [['Sum', [['$fragment', 'BM25', 'walrus'], ['Product', 9, phrase]]], [ice, walrus]],
    ]) {
      assert.deepEqual(texts((await ranked(rank)).get(1)), expected);
    }
    for (const odd of [['title', 'BM25', 'ice'], ['owner', 'Eq', 'bob'], ['Attribute', 'views']]) {
      await invalid('$fragment', ranked(odd));
    }
    await refused(BadRequestError, 'full_text_search', computed(ns, ['Highlight', 'owner'], RANK));
    await invalid('', computed(ns, ['Highlight', 'text']));
    await invalid('', fragments(ns, 1, { fragment_by: 'chapter' }));
    await ns.write({ upsert_rows: [{ id: 9, vector: null, text: 'A walrus. '.repeat(1025) }] });
    assert.equal((await fragments(ns, 9)).length, 3);
    for (const fragment_limit of [1, 1024]) {
      assert.equal((await fragments(ns, 9, { fragment_limit })).length, fragment_limit);
    }
    for (const fragment_limit of [0, 1025]) await invalid('', fragments(ns, 9, { fragment_limit }));
  },
);
