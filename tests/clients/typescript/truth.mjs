// What a score means, worked out over plain rows, and how answers agree with it.

import assert from 'node:assert/strict';

const NEAR = 1e-5;

export function near(told, wanted) {
  const apart = Math.abs(told - wanted);
  assert.ok(apart <= NEAR * Math.max(1, Math.abs(wanted)), `${told} is not ${wanted}`);
}

/** The tokens of a text of plain words and blanks, which every tokenizer sees alike. */
export const words = (text) => text.toLowerCase().match(/[0-9a-z]+/g) ?? [];

export const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);

/** BM25 over the tokens of all documents that have some: `Map(id, tokens)`. */
export class Texts {
  constructor(tokens, { k1 = 1.2, b = 0.75, k3 = 8 } = {}) {
    Object.assign(this, { tokens, k1, b, k3 });
    this.average = sum([...tokens.values()].map((own) => own.length)) / tokens.size;
  }

  /** Of rows, by an attribute of theirs. */
  static of(rows, name, settings) {
    const held = rows.filter((row) => row[name] !== undefined);
    return new Texts(new Map(held.map((row) => [row.id, words(row[name])])), settings);
  }

  score(id, question) {
    const own = this.tokens.get(id) ?? [];
    return sum([...new Set(question)].map((token) => this.#part(own, token, question)));
  }

  #part(own, token, question) {
    const often = own.filter((each) => each === token).length;
    if (often === 0) return 0;
    const asked = question.filter((each) => each === token).length;
    const held = [...this.tokens.values()].filter((each) => each.includes(token)).length;
    const rarity = Math.log(1 + (this.tokens.size - held + 0.5) / (held + 0.5));
    const length = 1 - this.b + (this.b * own.length) / this.average;
    const saturated = (often * (this.k1 + 1)) / (often + this.k1 * length);
    return (rarity * saturated * asked * (this.k3 + 1)) / (asked + this.k3);
  }

  /** Of those that any word of it is in. */
  scores(question) {
    const all = [...this.tokens.keys()].map((id) => [id, this.score(id, question)]);
    return new Map(all.filter(([, score]) => score !== 0));
  }
}

/** The rows of an answer are those of these scores, the highest first and ties by id. */
export function agrees(found, truth) {
  assert.deepEqual(new Set(found.rows.map((row) => row.id)), new Set(truth.keys()));
  for (const row of found.rows) near(row.$dist, truth.get(row.id));
  const told = found.rows.map((row) => [row.$dist, row.id]);
  assert.deepEqual(told, told.toSorted(([a, first], [b, second]) => b - a || first - second));
}
