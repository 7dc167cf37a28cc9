// All tests of npm's client, in one process: to start it takes longer than most of them.

import { readdirSync } from 'node:fs';

const here = new URL('.', import.meta.url);
for (const file of readdirSync(here).sort()) {
  if (file.endsWith('.test.mjs')) await import(new URL(file, here));
}
