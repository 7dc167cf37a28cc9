// The official client of npm, the nodes that it asks, and how a test says what it proves.
//
// The package lies where `scripts/clients` has installed it, out of the checkout, and the nodes are started
// by who runs this suite: tests/clients/run.py.

import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const NAME = '@turbopuffer/turbopuffer';
const home = path.join(process.env.ELACSYM_CLIENTS_HOME, 'typescript');
export const turbopuffer = createRequire(path.join(home, 'package.json'))(NAME);
const about = readFileSync(path.join(home, 'node_modules', NAME, 'package.json'), 'utf8');
export const CLIENT = `TypeScript ${JSON.parse(about).version}`;
const { BadRequestError, UnprocessableEntityError } = turbopuffer;

const NODES = JSON.parse(process.env.ELACSYM_CLIENTS_NODES);
const PROOFS = process.env.ELACSYM_CLIENTS_PROOFS;

for (const name of Object.keys(process.env)) {
  // What a shell may carry for a service elsewhere is none of the tests' business.
  if (name.startsWith('TURBOPUFFER_')) delete process.env[name];
}

let names = 0;

/** A name that nobody has used; the client's own object of a namespace does not tell it. */
export function unused() {
  names += 1;
  return `typescript-${process.pid}-${Date.now()}-${names}`;
}

/** A node, and the client in one of its forms. */
export class Way {
  constructor(name, url, options) {
    Object.assign(this, { name, url, options });
  }

  /** A client that asks once, so that a second answer hides no first one. */
  client(options = {}) {
    const asked = { baseURL: this.url, apiKey: 'any', maxRetries: 0, ...this.options, ...options };
    return new turbopuffer.Turbopuffer(asked);
  }

  fresh() {
    return this.client().namespace(unused());
  }
}

/** One leaves what is written in the log; one folds it, and there all is packed. No client can tell. */
const WAYS = [
  new Way('log', NODES.Blocking, {}),
  new Way('folded', NODES.Asynchronous, { compression: true }),
];
/** Where many ask at once, in nobody else's way. */
export const CROWDED = [new Way('crowded', NODES.Crowded, { compression: true })];
/** For tests that bring the node that they ask. */
export const ONCE = [new Way('once')];

/** The key of this name on a node that asks for keys; `key` in node.py says the same. */
export const key = (name) => `a key that nobody would guess, of ${name}`;
export const keyed = (of, options) => new Way('keys', NODES.Keyed, { apiKey: key(of), ...options });

/**
 * How the tests of a file say what they prove: rows of the specification, each list of them behind its
 * section. Each is asked of either node, if nothing else is said.
 */
export function suite(url, ways = WAYS) {
  const file = `typescript/${path.basename(fileURLToPath(url))}`;
  return (name, rows, body) => {
    for (const way of ways) {
      test(`${name} (${way.name})`, async (t) => {
        await body(way, t);
        if (PROOFS === undefined) return;
        const lines = rows.flatMap(([section, ...proven]) =>
          proven.map((row) => JSON.stringify({ client: CLIENT, file, test: name, section, row })),
        );
        appendFileSync(PROOFS, lines.map((line) => `${line}\n`).join(''));
      });
    }
  };
}

/** The error of this class that the client throws, which says so. */
export async function refused(kind, told, asked) {
  const kinds = [kind].flat();
  try {
    await asked;
  } catch (error) {
    assert.ok(kinds.some((each) => error instanceof each), `${error}`);
    const text = error.error?.error ?? error.message;
    assert.ok(text.includes(told), `${text} does not say: ${told}`);
    return error;
  }
  return assert.fail(`not refused: ${told}`);
}

/** Refused for what it says; the contract leaves open by which of the two. */
export const invalid = (told, asked) => refused([BadRequestError, UnprocessableEntityError], told, asked);

export const BY_ID = { rank_by: ['id', 'asc'], limit: 1000 };

export const ids = (answer) => answer.rows.map((row) => row.id);

/** All documents, by id. */
export async function everything(ns) {
  return (await ns.query({ ...BY_ID, limit: 10_000, include_attributes: true })).rows;
}

/** Rows in several requests, so that they lie in several places. */
export async function filled(ns, rows, { step = 5, ...asked } = {}) {
  for (let start = 0; start < rows.length; start += step) {
    await ns.write({ ...asked, upsert_rows: rows.slice(start, start + step) });
  }
  return ns;
}

export const count = { aggregate_by: { n: ['Count'] } };

/** From 0 on. */
export const range = (length) => Array.from({ length }, (_, number) => number);
