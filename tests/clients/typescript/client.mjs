// The official client of npm, the node that it asks, and how a test says what it proves.
//
// The package lies where `scripts/clients` has installed it, out of the checkout, and a node of its own
// is started by who runs this suite: tests/clients/others.py.

import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';

const NAME = '@turbopuffer/turbopuffer';
const home = path.join(process.env.ELACSYM_CLIENTS_HOME, 'typescript');
export const turbopuffer = createRequire(path.join(home, 'package.json'))(NAME);
const about = readFileSync(path.join(home, 'node_modules', NAME, 'package.json'), 'utf8');
const { version } = JSON.parse(about);

export const URL_OF_NODE = process.env.ELACSYM_CLIENTS_URL;
const PROOFS = process.env.ELACSYM_CLIENTS_PROOFS;

for (const name of Object.keys(process.env)) {
  // What a shell may carry for a service elsewhere is none of the tests' business.
  if (name.startsWith('TURBOPUFFER_')) delete process.env[name];
}

/** A client that asks once, so that a second answer hides no first one. */
export function client(options = {}) {
  const asked = { baseURL: URL_OF_NODE, apiKey: 'any', maxRetries: 0, ...options };
  return new turbopuffer.Turbopuffer(asked);
}

let names = 0;

/** The name of a namespace that nobody has used; the client's own object does not tell it. */
export function unused() {
  names += 1;
  return `typescript-${process.pid}-${Date.now()}-${names}`;
}

export function fresh(of = client()) {
  return of.namespace(unused());
}

/** A test, and the rows of the specification that it proves, each list of them behind its section. */
export function proves(name, rows, body) {
  const file = `typescript/${path.basename(process.argv[1])}`;
  test(name, async (t) => {
    await body(t);
    if (PROOFS === undefined) return;
    for (const [section, ...proven] of rows) {
      for (const row of proven) {
        const proof = { client: `TypeScript ${version}`, file, section, row };
        appendFileSync(PROOFS, `${JSON.stringify(proof)}\n`);
      }
    }
  });
}

/** The error of this class that the client throws, which says so. */
export async function refused(kind, told, asked) {
  try {
    await asked;
  } catch (error) {
    assert.ok(error instanceof kind, `${error}`);
    const text = error.error?.error ?? error.message;
    assert.ok(text.includes(told), text);
    return error;
  }
  return assert.fail(`not refused: ${told}`);
}

export const ids = (answer) => answer.rows.map((row) => row.id);

/** All documents, by id. */
export async function everything(ns) {
  const asked = { rank_by: ['id', 'asc'], limit: 10_000, include_attributes: true };
  return (await ns.query(asked)).rows;
}
