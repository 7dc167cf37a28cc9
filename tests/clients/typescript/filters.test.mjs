// Filters: each operator over each type of attribute, and the same question asked of plain rows.

import assert from 'node:assert/strict';
import { BY_ID, filled, ids, invalid, range, refused, suite, turbopuffer } from './client.mjs';

const { BadRequestError } = turbopuffer;
const proves = suite(import.meta.url);
const DAYS = range(4).map((day) => `2024-03-0${day + 1}T00:00:00.000000000Z`);
const UUIDS = range(4).map((digit) => `00000000-0000-4000-8000-00000000000${digit}`);
/** Of each attribute what it may be, in order; a row may also have none. */
const SCALARS = {
  n: [-2, -1, 0, 1, 2],
  count: [0, 1, 2 ** 53 - 1],
  f: [-1.5, 0, 0.5, 2],
  s: ['', 'B', 'a', 'b', 'é'],
  day: DAYS,
  uuid: UUIDS,
};
const ARRAYS = { tags: ['a', 'b', 'c'], numbers: [1, 2, 3], days: DAYS.slice(0, 3) };
const SCHEMA = { day: 'datetime', uuid: 'uuid', count: 'uint', days: '[]datetime', f: 'float' };
Object.assign(SCHEMA, { tags: '[]string', numbers: '[]int' });
const ROWS = range(50).map((id) => {
  const row = { b: id % 3 === 0 };
  Object.entries(SCALARS).forEach(([name, values], at) => {
    row[name] = values[(id * (at + 3) + (id >> 2)) % values.length];
  });
  Object.entries(ARRAYS).forEach(([name, values], shift) => {
    row[name] = values.filter((_, at) => ((id + shift) >> at) % 2);
  });
  const kept = Object.entries(row).filter((_, at) => (id + at) % 6 !== 0);
  return { id, ...Object.fromEntries(kept) };
});

const ORDERS = {
  Lt: (a, b) => a < b,
  Lte: (a, b) => a <= b,
  Gt: (a, b) => a > b,
  Gte: (a, b) => a >= b,
};

/** What a filter means. The values of these attributes sort as they are spelt. */
function holds([name, word, operand], row) {
  const value = row[name] ?? null;
  const held = Array.isArray(value) ? value : [];
  if (word.startsWith('Not')) return !holds([name, word.slice(3), operand], row);
  if (word === 'Eq') return JSON.stringify(value) === JSON.stringify(operand);
  if (word === 'In' && !Array.isArray(value)) return value !== null && operand.includes(value);
  if (word === 'In' || word === 'ContainsAny') return held.some((each) => operand.includes(each));
  if (word === 'Contains') return held.includes(operand);
  if (word.startsWith('Any')) return held.some((each) => ORDERS[word.slice(3)](each, operand));
  if (operand === null) return false;
  return value === null ? word.startsWith('Lt') : ORDERS[word](value, operand);
}

const found = async (ns, filters) => ids(await ns.query({ ...BY_ID, filters }));

async function agree(ns, ...tests) {
  for (const test of tests) {
    const expected = ROWS.filter((row) => holds(test, row)).map((row) => row.id);
    assert.deepEqual(await found(ns, test), expected, JSON.stringify(test));
  }
}

const start = (way) => filled(way.fresh(), ROWS, { schema: SCHEMA, step: 13 });

proves(
  'scalars are compared, and what is missing is null',
  [
    ['3.4', 'Eq', 'NotEq', 'Eq null', 'NotEq null', 'In', 'NotIn', 'Lt', 'Lte', 'Gt', 'Gte'],
    ['3.4', 'null under Lt and Lte', 'id is filterable'],
    ['11', 'all filters with their null rules'],
  ],
  async (way) => {
    const ns = await start(way);
    for (const [name, values] of Object.entries({ ...SCALARS, id: [0, 25, 500] })) {
      for (const word of ['Eq', 'NotEq', ...Object.keys(ORDERS)]) {
        await agree(ns, ...values.map((value) => [name, word, value]));
      }
      for (const some of [values.slice(1, 3), []]) {
        await agree(ns, [name, 'In', some], [name, 'NotIn', some]);
      }
    }
    for (const name of [...Object.keys(SCALARS), ...Object.keys(ARRAYS), 'b']) {
      await agree(ns, [name, 'Eq', null], [name, 'NotEq', null]);
    }
    await agree(ns, ...Object.keys(ORDERS).map((word) => ['n', word, null]));
    await agree(ns, ['b', 'Eq', true], ['b', 'NotEq', true], ['b', 'In', [true, false]]);
  },
);

proves(
  'arrays contain what they hold',
  [
    ['3.4', 'Contains', 'NotContains', 'ContainsAny', 'NotContainsAny', 'AnyLt', 'AnyLte', 'AnyGt', 'AnyGte'],
    ['3.4', 'Eq', 'In', 'NotIn', 'In of a scalar'],
    ['11', 'all filters with their null rules'],
  ],
  async (way) => {
    const ns = await start(way);
    for (const [name, values] of Object.entries(ARRAYS)) {
      for (const value of values) {
        await agree(ns, [name, 'Contains', value], [name, 'NotContains', value]);
        await agree(ns, ...Object.keys(ORDERS).map((word) => [name, `Any${word}`, value]));
      }
      for (const some of [[], values.slice(0, 1), values.slice(1)]) {
        await agree(ns, [name, 'ContainsAny', some], [name, 'NotContainsAny', some]);
        await agree(ns, [name, 'Eq', some], [name, 'NotEq', some], [name, 'In', some], [name, 'NotIn', some]);
      }
      await invalid('', found(ns, [name, 'Contains', values]));
    }
    assert.deepEqual(await found(ns, ['tags', 'In', 'a']), await found(ns, ['tags', 'In', ['a']]));
    await invalid('n', found(ns, ['n', 'Contains', 1]));
    await invalid('n', found(ns, ['n', 'AnyLt', 1]));
  },
);

proves(
  'filters are combined',
  [['3.4', 'And', 'Or', 'Not', 'And and Or of nothing']],
  async (way) => {
    const ns = await start(way);
    const [small, red, odd] = [['n', 'Lt', 1], ['s', 'Eq', 'a'], ['tags', 'In', ['b']]];
    for (const [test, means] of [
      [['And', [small, odd]], (row) => holds(small, row) && holds(odd, row)],
      [['Or', [red, odd]], (row) => holds(red, row) || holds(odd, row)],
      [['Not', small], (row) => !holds(small, row)],
      [['Not', ['Or', [small, ['And', [odd, ['Not', red]]]]]],
        (row) => !(holds(small, row) || (holds(odd, row) && !holds(red, row)))],
      [['And', []], () => true],
      [['Or', []], () => false],
    ]) {
      assert.deepEqual(await found(ns, test), ROWS.filter(means).map((row) => row.id));
    }
  },
);

const WORDS = ['', 'walrus', 'Walrus', 'walruses', 'a walrus', 'wal/rus', 'seal', 'sea*l', 'SEALS', 'ééé'];

/** The texts that a filter finds, in an attribute that it may be asked of. */
async function patterns(way) {
  const schema = {
    word: 'string',
    globbed: { type: 'string', glob: true },
    searched: { type: 'string', regex: true },
    loose: { type: 'string', fuzzy: true },
    several: { type: '[]string', glob: true, fuzzy: true },
    plain: { type: 'string', filterable: false },
  };
  const rows = WORDS.map((word, id) => ({
    id,
    word,
    globbed: word,
    searched: word,
    loose: word,
    plain: word,
    several: [word, 'other'],
  }));
  const ns = await filled(way.fresh(), [...rows, { id: 100 }], { schema, step: 4 });
  return [ns, async (test) => (await found(ns, test)).map((id) => WORDS[id] ?? null)];
}

proves(
  'patterns are of the whole text, and searches look anywhere',
  [
    ['3.4', 'Glob', 'NotGlob', 'IGlob', 'NotIGlob', 'Regex', 'Fuzzy', 'what an operator needs'],
    ['3.4', 'what is not filterable'],
    ['4.2', 'regex', 'glob', 'fuzzy'],
    ['4.4', 'regex, glob and fuzzy change'],
    ['11', 'all filters with their null rules'],
  ],
  async (way) => {
    const [ns, texts] = await patterns(way);
    for (const [pattern, means] of [
      ['wal*', /^wal.*$/],
      ['?alrus', /^.alrus$/],
      ['[vw]alrus', /^[vw]alrus$/],
      ['[!w]*', /^[^w].*$/],
      ['{seal,wal*}', /^(seal|wal.*)$/],
      ['sea\\*l', /^sea\*l$/],
      ['', /^$/],
    ]) {
      const either = new RegExp(means, 'i');
      for (const name of ['word', 'globbed', 'searched', 'several']) {
        const is = (it) => means.test(it) || (name === 'several' && means.test('other'));
        const isEither = (it) => either.test(it) || (name === 'several' && either.test('other'));
        assert.deepEqual(await texts([name, 'Glob', pattern]), WORDS.filter(is));
        assert.deepEqual(await texts([name, 'NotGlob', pattern]), [...WORDS.filter((it) => !is(it)), null]);
        assert.deepEqual(await texts([name, 'IGlob', pattern]), WORDS.filter(isEither));
        const not = [...WORDS.filter((it) => !isEither(it)), null];
        assert.deepEqual(await texts([name, 'NotIGlob', pattern]), not);
      }
    }
    for (const [pattern, means] of [
      ['^wal', /^wal/],
      ['[aeiou]{2}', /[aeiou]{2}/],
      ['(?i)SEAL$', /seal$/i],
    ]) {
      assert.deepEqual(await texts(['searched', 'Regex', pattern]), WORDS.filter((it) => means.test(it)));
    }
    const max_edit_distance = [{ min_query_chars: 6, distance: 1 }];
    const near = ['walrus', 'walruses', 'a walrus', 'wal/rus'];
    for (const [question, settings, expected] of [
      ['walrus', {}, ['walrus', 'Walrus', ...near.slice(1)]],
      ['wallrus', {}, near],
      ['WALLRUS', { case_sensitive: false }, ['walrus', 'Walrus', ...near.slice(1)]],
      ['seal', {}, []],
    ]) {
      const asked = ['loose', 'Fuzzy', question, { max_edit_distance, ...settings }];
      assert.deepEqual(await texts(asked), expected, question);
    }
    for (const [told, test] of [
      ['regex', ['word', 'Regex', 'a']],
      ['fuzzy', ['word', 'Fuzzy', 'walrus', { max_edit_distance }]],
      ['full_text_search', ['word', 'ContainsAllTokens', 'a']],
      ['glob', ['plain', 'Glob', 'a*']],
      ['filterable', ['plain', 'Eq', 'a']],
      ['filterable', ['loose', 'In', ['a']]],
      ['searched', ['searched', 'Regex', '(']],
      ['unknown filter operator', ['word', 'Like', 'a']],
    ]) {
      await refused(BadRequestError, told, found(ns, test));
    }
    await ns.updateSchema({ schema: { plain: { type: 'string', regex: true, glob: true, fuzzy: true } } });
    for (const test of [['Regex', '^seal$'], ['Glob', 'seal']]) {
      assert.deepEqual(await texts(['plain', ...test]), ['seal']);
    }
    assert.deepEqual(await texts(['plain', 'Fuzzy', 'wallrus', { max_edit_distance }]), near);
    await ns.updateSchema({ schema: { plain: { type: 'string', glob: true, regex: false } } });
    await refused(BadRequestError, 'regex', found(ns, ['plain', 'Regex', 's$']));
  },
);
