// Texts: BM25 by its formula over plain rows, and what each setting of the full text search does.

import assert from 'node:assert/strict';
import { BY_ID, filled, ids, invalid, range, refused, suite, turbopuffer } from './client.mjs';
import { agrees, Texts, words } from './truth.mjs';

const { BadRequestError } = turbopuffer;
const proves = suite(import.meta.url);
const VOCABULARY = 'walrus tusk ice sea whale seal cold fish swim deep dive north'.split(' ');
const LANGUAGES = (
  'arabic danish dutch english finnish french german greek hungarian italian norwegian portuguese ' +
  'romanian russian spanish swedish tamil turkish'
).split(' ');
const WITHOUT_STOP_WORDS = ['arabic', 'greek', 'romanian', 'tamil', 'turkish'];
// Of turbopuffer's library, alyze.
const STOP_WORDS =
  'a an and are as at be but by for if in into is it no not of on or such that the their then there ' +
  'these they this to was will with';
// Some that Snowball has beside them.
const NONE = 'i we myself from has very what been';
const ROWS = range(50).map((id) => {
  const length = (id * 7) % 9;
  const text = range(length).map((at) => VOCABULARY[((id + 3) * (at + 2) * 5 + at) % 12]).join(' ');
  return id % 11 === 0 ? { id } : { id, text };
});

const texts = (way, settings = true) =>
  filled(way.fresh(), ROWS, { schema: { text: { type: 'string', full_text_search: settings } }, step: 16 });

/** A namespace of one text, and of another so that it is no rule without an exception. */
async function analysed(way, full_text_search, text, type = 'string') {
  const ns = way.fresh();
  const other = type === 'string' ? 'zebra' : ['zebra'];
  const schema = { text: { type, full_text_search } };
  await ns.write({ schema, upsert_rows: [{ id: 1, text }, { id: 2, text: other }, { id: 3 }] });
  return ns;
}

/** Whether the text has these tokens, by either way of asking. */
async function has(ns, question, is) {
  const told = await ns.query({ ...BY_ID, filters: ['text', 'ContainsAllTokens', question] });
  const ranked = await ns.query({ rank_by: ['text', 'BM25', question], limit: 9 });
  assert.deepEqual([ids(told), ids(ranked)], is ? [[1], [1]] : [[], []], question);
}

proves(
  'texts are ranked by BM25',
  [
    ['3.2', 'BM25', 'the k3 of a repeated word', 'BM25 with last_as_prefix', 'ties by id'],
    ['3.2', 'a question without words', 'a question of more than 8,192 characters'],
    ['3.3', '$dist of a ranking by score'],
    ['3.4', 'an operand without words'],
    ['4.3', 'k1', 'b', 'k3'],
    ['6.1', '8,192 characters of a question'],
    ['11', 'all rankings'],
  ],
  async (way) => {
    for (const settings of [{}, { k1: 0.5 }, { b: 0 }, { k1: 2, b: 0.3, k3: 1 }]) {
      const ns = await texts(way, { remove_stopwords: true, ...settings });
      const truth = Texts.of(ROWS, 'text', settings);
      for (const question of ['walrus', 'Whale SEAL', 'sea sea sea whale', 'nothing']) {
        const found = await ns.query({ rank_by: ['text', 'BM25', question], limit: 1000 });
        agrees(found, truth.scores(words(question)));
      }
    }
    const ns = await texts(way, { remove_stopwords: true });
    const truth = Texts.of(ROWS, 'text');
    for (const [question, prefix] of [['wh', 'wh'], ['ice se', 'se'], ['ice zz', 'zz']]) {
      const whole = words(question).slice(0, -1);
      const scores = [...truth.tokens].map(([id, own]) => {
        const begins = own.some((token) => token.startsWith(prefix));
        return [id, truth.score(id, whole) + Number(begins)];
      });
      const rank_by = ['text', 'BM25', question, { last_as_prefix: true }];
      const found = await ns.query({ rank_by, limit: 1000 });
      agrees(found, new Map(scores.filter(([, score]) => score !== 0)));
    }
    for (const question of ['', '!?', 'the of and']) await has(ns, question, false);
    const longest = 'sea '.repeat(2048);
    assert.equal((await ns.query({ rank_by: ['text', 'BM25', longest], limit: 1 })).rows.length, 1);
    const longer = { rank_by: ['text', 'BM25', `${longest}x`], limit: 1 };
    await refused(BadRequestError, '8192', ns.query(longer));
    for (const odd of [{ k1: 0 }, { b: 1.5 }, { k3: 0 }, { max_token_length: 255 }]) {
      const schema = { text: { type: 'string', full_text_search: odd } };
      await invalid(Object.keys(odd)[0], way.fresh().write({ schema, upsert_rows: [{ id: 1 }] }));
    }
  },
);

proves(
  'beginnings are found, whether they are said to be indexed or not',
  [['4.3', 'index_prefixes']],
  async (way) => {
    const prefix = { last_as_prefix: true };
    const usual = await texts(way);
    for (const index_prefixes of [false, true]) {
      const ns = await texts(way, { index_prefixes });
      assert.deepEqual((await ns.schema()).text, (await usual.schema()).text);
      for (const asked of [
        { rank_by: ['text', 'BM25', 'ice wh', prefix], limit: 1000 },
        { ...BY_ID, filters: ['text', 'ContainsAllTokens', 'se', prefix] },
      ]) {
        const found = (await ns.query(asked)).rows;
        assert.deepEqual(found, (await usual.query(asked)).rows);
        assert.notEqual(found.length, 0);
      }
    }
    const schema = { text: { type: 'string', full_text_search: { index_prefixes: 'yes' } } };
    await invalid('index_prefixes', usual.write({ schema }));
  },
);

proves(
  'filters look for words',
  [
    ['3.4', 'ContainsAllTokens', 'ContainsAnyToken', 'ContainsTokenSequence', 'last_as_prefix of tokens'],
    ['11', 'all filters with their null rules'],
  ],
  async (way) => {
    const ns = await texts(way);
    const prefix = { last_as_prefix: true };
    for (const question of ['sea', 'sea ice', 'Ice Sea', 'walrus nothing', 'tusk se']) {
      const asked = words(question);
      const last = asked.at(-1);
      const inside = (held) => asked.map((token) => held.includes(token));
      const begins = (held) => [
        ...inside(held).slice(0, -1),
        held.some((token) => token.startsWith(last)),
      ];
      const runs = (held) => ` ${held.join(' ')} `.includes(` ${asked.join(' ')} `);
      for (const [test, holds] of [
        [['ContainsAllTokens', question], (held) => inside(held).every(Boolean)],
        [['ContainsAnyToken', question], (held) => inside(held).some(Boolean)],
        [['ContainsTokenSequence', question], runs],
        [['ContainsAllTokens', question, prefix], (held) => begins(held).every(Boolean)],
        [['ContainsAnyToken', question, prefix], (held) => begins(held).some(Boolean)],
      ]) {
        const matches = ROWS.filter((row) => row.text !== undefined && holds(words(row.text)));
        const found = await ns.query({ ...BY_ID, filters: ['text', ...test] });
        assert.deepEqual(ids(found), matches.map((row) => row.id), `${test}`);
      }
    }
  },
);

proves(
  'tokens may be given as they are',
  [
    ['3.2', 'BM25 of a list'],
    ['4.3', 'tokenizer: pre_tokenized_array', '[]string of words'],
  ],
  async (way) => {
    const given = { tokenizer: 'pre_tokenized_array' };
    const contents = [['New York', 'new', 'york'], ['new', 'new', 'jersey'], []];
    const rows = contents.map((content, id) => ({ id, content }));
    const schema = { content: { type: '[]string', full_text_search: given } };
    const ns = await filled(way.fresh(), [...rows, { id: 9 }], { schema });
    const truth = new Texts(new Map(rows.map((row) => [row.id, row.content])));
    for (const question of [['New York'], ['new', 'york'], ['New'], []]) {
      agrees(await ns.query({ rank_by: ['content', 'BM25', question], limit: 9 }), truth.scores(question));
    }
    for (const [word, question, expected] of [
      ['ContainsAllTokens', ['york', 'New York'], [0]],
      ['ContainsTokenSequence', ['New York', 'new'], [0]],
      ['ContainsTokenSequence', ['new', 'New York'], []],
    ]) {
      const filters = ['content', word, question];
      assert.deepEqual(ids(await ns.query({ ...BY_ID, filters })), expected);
    }
    for (const odd of [{ language: 'german' }, { stemming: true }, { case_sensitive: false }]) {
      const other = { other: { type: '[]string', full_text_search: { ...given, ...odd } } };
      await invalid('pre_tokenized_array', ns.write({ schema: other }));
    }
    const several = await analysed(way, true, ['red fox', 'old dog'], '[]string');
    await has(several, 'fox old', true);
    for (const [question, expected] of [['red fox', [1]], ['fox old', []]]) {
      const filters = ['text', 'ContainsTokenSequence', question];
      assert.deepEqual(ids(await several.query({ ...BY_ID, filters })), expected);
    }
  },
);

proves(
  'words are cut, lowered, stemmed, left out and folded as the settings say',
  [
    ['4.3', 'tokenizer: word_v4', 'tokenizer: older words', 'case_sensitive', 'language', 'stemming'],
    ['4.3', 'remove_stopwords', 'ascii_folding', 'max_token_length', 'all 18 languages'],
    ['4.3', 'the 33 stop words of English in alyze'],
  ],
  async (way) => {
    const of = (language, more) => ({ language, ...more });
    for (const [settings, text, held, missing] of [
      [true, "Don't stop: 3.14", ["DON'T", 'stop', '3.14'], ['don', '14', 'sto']],
      [true, 'Größe; ПРИВЕТ!', ['größe', 'привет'], ['grosse']],
      [{ case_sensitive: true }, 'The Walrus', ['Walrus'], ['walrus']],
      [{ tokenizer: 'word_v0' }, 'the quick fox 42', ['quick', 'FOX', '42'], ['fo']],
      [{ tokenizer: 'word_v1' }, '東京都', ['東京都'], ['京']],
      [{ tokenizer: 'word_v2' }, '東京都', ['京'], ['x']],
      [{ tokenizer: 'word_v3' }, 'the quick fox 42', ['quick', 'FOX', '42'], ['fo']],
      [{ stemming: true }, 'running walruses', ['run', 'walrus', 'Running'], ['runner']],
      [of('german', { stemming: true }), 'Häuser', ['Haus'], ['Maus']],
      [of('french', { stemming: true }), 'chevaux', ['cheval'], ['chat']],
      [{ remove_stopwords: true }, 'the walrus and the sea', ['walrus'], ['the']],
      // Where the contract says Snowball, its own library has Lucene's list for English.
      [{ remove_stopwords: true }, `${STOP_WORDS} ${NONE}`, NONE.split(' '), STOP_WORDS.split(' ')],
      [of('german', { remove_stopwords: true }), 'und the', ['the'], ['und']],
      [{ ascii_folding: true }, 'Crème brûlée', ['creme', 'brûlée'], ['cream']],
      [{ max_token_length: 4 }, 'fish sea ééé whale', ['fish', 'sea'], ['ééé', 'whale']],
      [true, `${'x'.repeat(39)} ${'y'.repeat(40)}`, ['x'.repeat(39)], ['y'.repeat(40)]],
    ]) {
      const ns = await analysed(way, settings, text);
      for (const token of held) await has(ns, token, true);
      for (const token of missing) await has(ns, token, false);
    }
    const odd = (settings) => analysed(way, settings, 'x');
    await invalid('word_v9', odd({ tokenizer: 'word_v9' }));
    await invalid('klingon', odd({ language: 'klingon' }));
    const ns = way.fresh();
    const each = (value) => Object.fromEntries(LANGUAGES.map((name) => [name, value(name)]));
    const schema = each((language) => ({
      type: 'string',
      full_text_search: {
        language,
        stemming: true,
        remove_stopwords: !WITHOUT_STOP_WORDS.includes(language),
      },
    }));
    await ns.write({ schema, upsert_rows: [{ id: 1, ...each(() => 'walrus 42') }, { id: 2 }] });
    const told = await ns.schema();
    for (const language of LANGUAGES) {
      assert.equal(told[language].full_text_search.language, language);
      assert.deepEqual(ids(await ns.query({ rank_by: [language, 'BM25', '42'], limit: 9 })), [1]);
    }
  },
);

proves(
  'settings change under texts that are there',
  [['4.4', 'full_text_search changes']],
  async (way) => {
    const ns = await analysed(way, true, 'Running');
    const set = (full_text_search) =>
      ns.updateSchema({ schema: { text: { type: 'string', full_text_search } } });
    await has(ns, 'run', false);
    await set({ stemming: true });
    await has(ns, 'run', true);
    await set(false);
    const ranked = ns.query({ rank_by: ['text', 'BM25', 'run'], limit: 1 });
    await refused(BadRequestError, 'full_text_search', ranked);
    await set(true);
    await has(ns, 'running', true);
    await has(ns, 'run', false);
  },
);
