// Guarantees: what is seen of writes by who reads beside them, and after the server is gone.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BY_ID, count, everything, ids, ONCE, range, suite, Way } from './client.mjs';
import { Node } from './node.mjs';

const proves = suite(import.meta.url);
const provesOnce = suite(import.meta.url, ONCE);
const BATCHES = 30;
const OF_A_BATCH = 5;
const EVENTUAL = { level: 'eventual', max_staleness_seconds: 1 };
const STRONG = { level: 'strong' };
const READ = { ...BY_ID, include_attributes: ['n'] };

const batch = (n) => ({ upsert_rows: range(OF_A_BATCH).map((id) => ({ id, n })) });

/** The number that all documents have. */
function whole(answer) {
  assert.deepEqual(ids(answer), range(OF_A_BATCH));
  const numbers = new Set(answer.rows.map((row) => row.n));
  assert.equal(numbers.size, 1, `a part of a batch: ${[...numbers]}`);
  return [...numbers][0];
}

proves(
  'who reads beside a writer sees whole batches, one moment, and never an older one',
  [
    ['3.1', 'consistency: strong', 'consistency: eventual', 'max_staleness_seconds'],
    ['3.9', 'one snapshot'],
    ['6.2', 'a write is one batch', 'a strong query sees what was acknowledged'],
    ['6.2', 'an eventual query sees what was the newest a moment ago', 'several queries see one moment'],
    ['6.2', 'what is not indexed is searched'],
  ],
  async (way) => {
    const ns = way.fresh();
    let [begun, done] = [0, 0];
    await ns.write(batch(0));
    const writes = async () => {
      for (let number = 1; number <= BATCHES; number += 1) {
        begun = number;
        await ns.write(batch(number));
        done = number;
      }
    };
    const reads = async (consistency) => {
      for (let last = 0; done < BATCHES;) {
        const least = consistency === STRONG ? done : last;
        last = whole(await ns.query({ ...READ, consistency }));
        assert.ok(least <= last && last <= begun, `${last} is not from ${least} to ${begun}`);
      }
    };
    const snapshots = async (consistency) => {
      const backwards = { ...READ, rank_by: ['id', 'desc'] };
      const queries = [READ, { aggregate_by: { n: ['Sum', 'n'] } }, backwards];
      while (done < BATCHES) {
        const [first, total, last] = (await ns.multiQuery({ queries, consistency })).results;
        assert.deepEqual(total.aggregations, { n: whole(first) * OF_A_BATCH });
        assert.deepEqual(last.rows, first.rows.toReversed());
      }
    };
    const readers = [STRONG, EVENTUAL].flatMap((level) => [reads(level), snapshots(level)]);
    await Promise.all([writes(), ...readers]);
    assert.equal(whole(await ns.query(READ)), BATCHES);
  },
);

proves(
  'of those who count at once each counts, and what was deleted is seen by nobody',
  [['6.2', 'conditional writes have one order', 'deletes are immediate']],
  async (way) => {
    const ns = way.fresh();
    await ns.write(batch(0));
    const counted = [];
    const counts = async () => {
      while (counted.length < BATCHES) {
        const { n } = (await ns.query({ ...READ, limit: 1 })).rows[0];
        const upsert_rows = [{ id: 0, n: n + 1 }];
        const written = await ns.write({ upsert_rows, upsert_condition: ['n', 'Eq', n] });
        if (written.rows_affected === 1) counted.push(n + 1);
      }
    };
    await Promise.all([counts(), counts(), counts()]);
    assert.deepEqual(counted.toSorted((a, b) => a - b), range(counted.length).map((at) => at + 1));
    for (const id of range(OF_A_BATCH)) {
      await ns.write({ deletes: [id] });
      assert.deepEqual(ids(await ns.query(READ)), range(OF_A_BATCH).slice(id + 1));
      assert.deepEqual((await ns.query(count)).aggregations, { n: OF_A_BATCH - id - 1 });
    }
  },
);

provesOnce(
  'what was acknowledged is there after the server was killed',
  [['6.2', 'what was acknowledged outlives the server']],
  async (_, t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'elacsym-clients-kept-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const rows = range(20).map((id) => ({ id, a: `row ${id}` }));
    for (const [start, end] of [[0, 7], [7, 15], [15, 20]]) {
      const node = await Node.over(path.join(folder, 'data'));
      try {
        const ns = new Way('kept', node.url).client().namespace('kept');
        await ns.write({ upsert_rows: rows.slice(start, end) });
        assert.deepEqual(await everything(ns), rows.slice(0, end));
      } finally {
        await node.stop();
      }
    }
  },
);
