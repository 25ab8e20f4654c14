// SPDX-License-Identifier: Apache-2.0
// The client of the demo: usage demo.mjs JAUAUTH PLACE MODULES PACKAGES NODE PYTHON
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [jauauth, place, modules, packages, node, python] = process.argv.slice(2);
const isRoot = process.getuid() === 0;
const ACCOUNT = 'jauauth-mcp';

const require = createRequire(path.join(packages, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Client } = await load('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = await load('@modelcontextprotocol/sdk/client/stdio.js');

let wrong = 0;
const say = (text = '') => console.log(text);
const outcome = (good, text) => {
  wrong += good ? 0 : 1;
  say(`  ${good ? 'ok   ' : 'WRONG'} ${text}`);
};

// Starts the router with a servers file and gives a connected client to `work`.
const withRouter = async (name, servers, options, work) => {
  const file = path.join(place, `${name}.json`);
  const host = path.join(place, 'jauauth.conf');
  fs.writeFileSync(file, `${JSON.stringify({ servers }, null, 2)}\n`);
  fs.writeFileSync(host, '');
  const args = ['serve', '--stdio', '--servers', file, '--config', host, ...options];
  say(`$ jauauth ${args.join(' ')}`);
  const transport = new StdioClientTransport({
    command: jauauth, args, env: { ...process.env }, stderr: 'pipe',
  });
  let log = '';
  transport.stderr.on('data', (data) => {
    log = (log + data).slice(-20000);
  });
  const client = new Client({ name: 'demo', version: '1' });
  const before = wrong;
  try {
    await client.connect(transport);
    await work(client);
  } catch (reason) {
    outcome(false, `${name}: ${reason.message}`);
  } finally {
    await client.close().catch(() => {});
  }
  if (wrong > before) {
    say(`  the log of the router:\n${log.replace(/^/gm, '    ')}`);
  }
};

const textOf = (answer) => (answer.content ?? []).map((each) => each.text ?? '').join('');

// What the sandbox must show of a program that lies outside the system's folders.
const shown = (...folders) =>
  [...new Set(folders)]
    .filter((folder) => !/^\/(usr|bin|lib|lib64|sbin)(\/|$)/.test(folder))
    .map((folder) => `${folder}:${folder}:ro`);

// --- Real servers --------------------------------------------------------------------------------

const documents = path.join(place, 'documents');
const server = (name) => path.join(modules, '@modelcontextprotocol', name, 'dist/index.js');
const programs = shown(path.dirname(path.dirname(node)), modules);

const realServers = [
  {
    id: 'everything',
    command: node,
    args: [server('server-everything'), 'stdio'],
    sandbox: { strategy: { bubblewrap: {} }, network: false, mounts: programs },
  },
  {
    id: 'files',
    command: node,
    args: [server('server-filesystem'), documents],
    sandbox: {
      strategy: { bubblewrap: {} },
      network: false,
      mounts: [...programs, `${documents}:${documents}:ro`],
    },
  },
];

const useRealServers = async (client) => {
  const { tools } = await client.listTools();
  const count = (id) => tools.filter((tool) => tool.name.startsWith(`${id}_`)).length;
  outcome(count('everything') > 5, `${count('everything')} tools of server-everything`);
  outcome(count('files') > 5, `${count('files')} tools of server-filesystem`);
  say(`       ${tools.slice(0, 6).map((tool) => tool.name).join(', ')}, ...`);

  const sum = await client.callTool({ name: 'everything_get-sum', arguments: { a: 20, b: 22 } });
  outcome(textOf(sum).includes('42'), `everything_get-sum 20 22: ${textOf(sum)}`);

  const folders = await client.callTool({ name: 'files_list_allowed_directories', arguments: {} });
  outcome(textOf(folders).includes(documents), 'files_list_allowed_directories');

  const letter = path.join(documents, 'letter.txt');
  const read = await client.callTool({ name: 'files_read_text_file', arguments: { path: letter } });
  const expected = fs.readFileSync(letter, 'utf8').trim();
  outcome(textOf(read).includes(expected), `files_read_text_file ${letter}:`);
  say(`       ${textOf(read).trim()}`);
};

// --- The probe -----------------------------------------------------------------------------------

// What the host plants for a server that tries: all of it is open to the account of the servers.
const plant = async () => {
  const planted = { undo: [] };
  const account = isRoot
    ? { uid: Number(execFileSync('id', ['-u', ACCOUNT])),
        gid: Number(execFileSync('id', ['-g', ACCOUNT])) }
    : {};
  planted.file = path.join(place, 'diary.txt');
  fs.writeFileSync(planted.file, 'a private matter\n', { mode: 0o644 });
  planted.folder = path.join(place, 'drop');
  fs.mkdirSync(planted.folder, { mode: 0o755 });
  if (isRoot) {
    fs.chownSync(planted.folder, account.uid, account.gid);
  }
  planted.written = path.join(planted.folder, 'written');

  const listen = (where) =>
    new Promise((resolve, reject) => {
      const listener = net.createServer((socket) => socket.end('hello'));
      listener.on('error', reject);
      listener.listen(where, () => resolve(listener));
      planted.undo.push(() => listener.close());
    });
  planted.port = (await listen({ host: '127.0.0.1', port: 0 })).address().port;
  planted.socket = path.join(place, 'socket');
  await listen({ path: planted.socket });
  fs.chmodSync(planted.socket, 0o666);

  // A program of the same account, as any other program of the user would be.
  planted.victim = spawn('/bin/sleep', ['1000'], {
    ...account, stdio: 'ignore', env: { PASSWORD: 'of another program' },
  });
  await new Promise((resolve, reject) => {
    planted.victim.on('spawn', resolve);
    planted.victim.on('error', reject);
  });
  planted.undo.push(() => planted.victim.kill('SIGKILL'));
  return planted;
};

const tries = (planted) => [
  ['read a file that it was not given', 'read_file', { path: planted.file }],
  ['write into a folder of the host', 'write_file', { path: planted.written }],
  ['list a folder of the host', 'list_directory', { path: planted.folder }],
  ['connect to a port of the host', 'connect_tcp', { port: planted.port }],
  ['connect to a socket of the host', 'connect_unix', { path: planted.socket }],
  ['see a process of the host', 'list_processes', { containing: 'sleep 1000' }],
  ['read the environment of a process', 'read_environment', { pid: planted.victim.pid }],
  ['end a process of the host', 'signal_process', { pid: planted.victim.pid, number: 15 }],
];

const probe = (strategy) => ({
  id: 'probe',
  command: python,
  args: [path.join(place, 'probe.py')],
  sandbox:
    strategy === 'none'
      ? { strategy }
      : {
          strategy: { [strategy]: {} },
          mounts: [`${path.join(place, 'probe.py')}:${path.join(place, 'probe.py')}:ro`],
        },
});

const ended = (child) =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve(true);
      return;
    }
    child.on('exit', () => resolve(true));
    setTimeout(() => resolve(false), 2000).unref();
  });

// Tries everything under a strategy: a map from what was tried to how it went.
const probeUnder = async (strategy, options) => {
  const found = new Map();
  const planted = await plant();
  try {
    await withRouter(`probe-${strategy}`, [probe(strategy)], options, async (client) => {
      for (const [text, tool, args] of tries(planted)) {
        const answer = await client.callTool({ name: `probe_${tool}`, arguments: args });
        const result = answer.structuredContent;
        found.set(text, result?.done ? 'done' : (result?.error ?? textOf(answer)));
      }
      // The host looks for itself, whatever the server says.
      const seen = {
        'write into a folder of the host': fs.existsSync(planted.written),
        'end a process of the host': await ended(planted.victim),
      };
      for (const [text, happened] of Object.entries(seen)) {
        if (happened !== (found.get(text) === 'done')) {
          found.set(text, happened ? 'done, seen by the host' : 'said done, not seen by the host');
        }
      }
    });
  } finally {
    planted.undo.forEach((undo) => undo());
    fs.rmSync(planted.folder, { recursive: true, force: true });
    fs.rmSync(planted.file, { force: true });
    fs.rmSync(planted.socket, { force: true });
  }
  return found;
};

const compare = (none, bubblewrap) => {
  say();
  say(`  ${'what the server tries'.padEnd(36)} ${'none'.padEnd(20)} bubblewrap`);
  say(`  ${'-'.repeat(36)} ${'-'.repeat(20)} ${'-'.repeat(20)}`);
  for (const text of new Set([...none.keys(), ...bubblewrap.keys()])) {
    const open = none.get(text) ?? 'not tried';
    const held = bubblewrap.get(text) ?? 'not tried';
    const good = open === 'done' && /^E[A-Z]+$/.test(held);
    wrong += good ? 0 : 1;
    const verdict = good ? '' : '   WRONG';
    say(`  ${text.padEnd(36)} ${open.padEnd(20)} ${held.padEnd(20).trimEnd()}${verdict}`);
  }
  wrong += none.size === 0 || bubblewrap.size === 0 ? 1 : 0;
};

say('Two MCP servers from npm, each in a bubblewrap sandbox without a network:');
await withRouter('real', realServers, [], useRealServers);

say();
say('A server that tries what it should not, and applies no rule of its own:');
const none = await probeUnder('none', ['--allow-unsandboxed']);
const bubblewrap = await probeUnder('bubblewrap', []);
compare(none, bubblewrap);

say();
say(wrong === 0
  ? 'Without a sandbox every try succeeded; in bubblewrap every one failed.'
  : `${wrong} outcomes are not as promised.`);
process.exit(wrong === 0 ? 0 : 1);
