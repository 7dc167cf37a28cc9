// A node of one's own, over a folder that outlives it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const LEASH = fileURLToPath(new URL('../../../scripts/leash', import.meta.url));
const READY = /^elacsym is ready on (http:\S+)$/;

export class Node {
  constructor(process, url) {
    Object.assign(this, { process, url });
  }

  static async over(data) {
    const folder = mkdtempSync(path.join(tmpdir(), 'elacsym-clients-'));
    const foreign = ([name]) => !/^(ELACSYM|AWS)_/.test(name);
    const started = spawn(LEASH, [folder, process.env.ELACSYM_CLIENTS_BINARY, 'serve'], {
      env: {
        ...Object.fromEntries(Object.entries(process.env).filter(foreign)),
        ELACSYM_HOST: '127.0.0.1',
        ELACSYM_PORT: '0',
        ELACSYM_STORAGE_PATH: data,
        ELACSYM__LOG__LEVEL: 'error',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: started.stdout })) {
      const ready = READY.exec(line.trim());
      if (ready) return new Node(started, ready[1]);
    }
    throw new Error('a node ended before it was ready');
  }

  /** Kills it. */
  async stop() {
    const ended = once(this.process, 'exit');
    this.process.stdin.end();
    await ended;
  }
}
