#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// A small MCP server without packages that reports what a Node program finds around it.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

const attempt = (what) => {
  try {
    return what();
  } catch (reason) {
    return `${reason.code ?? reason.name}: ${reason.message}`;
  }
};

const writeInto = (folder) => {
  const made = fs.mkdtempSync(path.join(folder, 'try-'));
  fs.writeFileSync(path.join(made, 'file'), 'x');
  fs.rmSync(made, { recursive: true });
  return true;
};

const connect = (where) =>
  new Promise((resolve) => {
    const socket = net.connect(where);
    socket.on('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.on('error', (reason) => resolve(reason.code));
  });

const tools = {
  identity: () => ({
    user: attempt(() => os.userInfo().username),
    home: os.homedir(),
    home_writable: attempt(() => writeInto(os.homedir())),
    cache_writable: attempt(() => {
      const cache = path.join(os.homedir(), '.cache', 'node');
      fs.mkdirSync(cache, { recursive: true });
      return writeInto(cache);
    }),
    temporary: os.tmpdir(),
    temporary_writable: attempt(() => writeInto(os.tmpdir())),
    directory: process.cwd(),
    environment: { ...process.env },
    interfaces: Object.keys(os.networkInterfaces()),
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  }),
  hungry: () => {
    for (const held = []; ; ) held.push(Buffer.alloc(1 << 22, 1));
  },
  fill: () => {
    const file = path.join(os.tmpdir(), 'fill');
    let written = 0;
    const descriptor = fs.openSync(file, 'w');
    const outcome = attempt(() => {
      for (const block = Buffer.alloc(1 << 20); ; ) written += fs.writeSync(descriptor, block);
    });
    fs.closeSync(descriptor);
    fs.rmSync(file);
    return { outcome, written };
  },
  wait: () => new Promise(() => {}),
  connect: async ({ port }) => ({ outcome: await connect({ host: '127.0.0.1', port }) }),
};

const answer = async ({ method, params = {} }) => {
  switch (method) {
    case 'initialize':
      return {
        result: {
          protocolVersion: params.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: 'node', version: '1' },
        },
      };
    case 'ping':
      return { result: {} };
    case 'tools/list':
      return {
        result: {
          tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } })),
        },
      };
    case 'tools/call': {
      const found = await tools[params.name](params.arguments ?? {});
      return {
        result: {
          content: [{ type: 'text', text: JSON.stringify(found) }],
          structuredContent: found,
        },
      };
    }
    default:
      return { error: { code: -32601, message: 'Method not found' } };
  }
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.id !== undefined && message.method) {
    const said = { jsonrpc: '2.0', id: message.id, ...(await answer(message)) };
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
}
