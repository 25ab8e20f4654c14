// SPDX-License-Identifier: Apache-2.0
// A router in few lines on the official SDK, to compare with: usage sdk-router.mjs PACKAGES COMMAND
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [packages, command, ...args] = process.argv.slice(2);
const require = createRequire(path.join(packages, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${name}`)));
const { Client } = await load('client/index.js');
const { StdioClientTransport } = await load('client/stdio.js');
const { Server } = await load('server/index.js');
const { StdioServerTransport } = await load('server/stdio.js');
const { CallToolRequestSchema, CallToolResultSchema, ListToolsRequestSchema } =
  await load('types.js');

const PREFIX = 's_';
const client = new Client({ name: 'sdk-router', version: '1' });
await client.connect(new StdioClientTransport({ command, args }));

const server = new Server({ name: 'sdk-router', version: '1' }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, async () => {
  const { tools } = await client.listTools();
  return { tools: tools.map((tool) => ({ ...tool, name: PREFIX + tool.name })) };
});
server.setRequestHandler(CallToolRequestSchema, ({ params }) =>
  client.request(
    { method: 'tools/call', params: { ...params, name: params.name.slice(PREFIX.length) } },
    CallToolResultSchema,
  ));
server.onclose = () => client.close();
process.stdin.on('end', () => server.close());
await server.connect(new StdioServerTransport());
