# SPDX-License-Identifier: Apache-2.0
"""A small package registry on this machine: npm's protocol and Python's simple index.

Its packages are servers that answer one tool, `where`, which says how they run.
"""

import base64
import hashlib
import http.server
import io
import json
import tarfile
import threading
import urllib.parse
import zipfile

NODE = r"""#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
const fs = require("fs"), net = require("net"), readline = require("readline");
const version = "@VERSION@";
const tool = { name: "where", inputSchema: { type: "object" } };
function send(id, result) {
  process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\n");
}
function writable() {
  try { fs.writeFileSync(__dirname + "/written", ""); return true; } catch { return false; }
}
function where(id) {
  const socket = net.connect(Number(process.env.TEST_PORT || 1), "127.0.0.1");
  const told = network => send(id, { content: [], structuredContent: {
    version, network, writable: writable(), argv: process.argv.slice(2), file: __filename,
    scripted: fs.existsSync(__dirname + "/scripted"), folder: process.env.JAUAUTH_PACKAGE } });
  socket.on("connect", () => { socket.destroy(); told(true); });
  socket.on("error", () => told(false));
}
readline.createInterface({ input: process.stdin }).on("line", line => {
  const { id, method, params } = JSON.parse(line);
  if (method === "initialize")
    send(id, { protocolVersion: params.protocolVersion, capabilities: { tools: {} },
               serverInfo: { name: "packaged", version } });
  else if (method === "tools/list") send(id, { tools: [tool] });
  else if (method === "tools/call") where(id);
  else if (id !== undefined) send(id, {});
});
"""

PYTHON = r'''# SPDX-License-Identifier: Apache-2.0
import json, os, socket, sys
version = "@VERSION@"

def network():
    try:
        socket.create_connection(("127.0.0.1", int(os.environ.get("TEST_PORT", 1))), 5).close()
        return True
    except OSError:
        return False

def writable():
    try:
        open(__file__ + ".written", "w").close()
        return True
    except OSError:
        return False

def main():
    for line in sys.stdin:
        message = json.loads(line)
        method = message["method"]
        result = {}
        if method == "initialize":
            result = {"protocolVersion": message["params"]["protocolVersion"],
                      "capabilities": {"tools": {}},
                      "serverInfo": {"name": "packaged", "version": version}}
        elif method == "tools/list":
            result = {"tools": [{"name": "where", "inputSchema": {"type": "object"}}]}
        elif method == "tools/call":
            result = {"content": [], "structuredContent": {
                "version": version, "network": network(), "writable": writable(),
                "argv": sys.argv[1:], "file": __file__,
                "folder": os.environ.get("JAUAUTH_PACKAGE")}}
        if "id" in message:
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
'''


class Registry:
    """Serves until close(); `url` is npm's registry, `index` Python's."""

    def __init__(self, address="127.0.0.1"):
        self.modules = {}
        self.wheels = {}
        self.files = {}
        self.asked = []
        self.held = None  # an event that tarballs wait for
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                registry.answer(self)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = "http://%s:%d/" % (address, self.port)
        self.index = self.url + "simple/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        if self.held:
            self.held.set()
        self.server.shutdown()
        self.server.server_close()

    # --- Packages ---------------------------------------------------------------------------

    def module(self, name, version="1.0.0", programs=None, extra="", **description):
        """Adds a version of a package of npm; `programs` are the names of its programs."""
        plain = name.split("/")[-1]
        described = {"name": name, "version": version, **description}
        described["bin"] = {each: "server.js" for each in
                            ([plain] if programs is None else programs)}
        text = NODE.replace("@VERSION@", version) + "// " + extra + "\n"
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            for file, content in (("package.json", json.dumps(described)), ("server.js", text)):
                entry = tarfile.TarInfo("package/" + file)
                entry.mode = 0o755
                entry.size = len(content.encode())
                archive.addfile(entry, io.BytesIO(content.encode()))
        path = "tarballs/%s-%s.tgz" % (plain, version)
        self.files[path] = out.getvalue()
        sums = hashlib.sha512(out.getvalue()).digest()
        found = self.modules.setdefault(name, {"name": name, "dist-tags": {}, "versions": {}})
        scripts = description.get("scripts", {})
        found["versions"][version] = {
            **described, "hasInstallScript": "postinstall" in scripts or "install" in scripts,
            "dist": {"tarball": self.url + path,
                     "shasum": hashlib.sha1(out.getvalue()).hexdigest(),
                     "integrity": "sha512-" + base64.b64encode(sums).decode()}}
        found["dist-tags"]["latest"] = version
        return self

    def wheel(self, name, version="1.0.0", programs=None, extra=""):
        """Adds a version of a package of Python, as a wheel."""
        module = name.replace("-", "_")
        info = "%s-%s.dist-info" % (module, version)
        files = {
            module + ".py": PYTHON.replace("@VERSION@", version) + "# " + extra + "\n",
            info + "/METADATA": "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version),
            info + "/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n"
                             "Tag: py3-none-any\n",
            info + "/entry_points.txt": "[console_scripts]\n" + "".join(
                "%s = %s:main\n" % (each, module)
                for each in ([name] if programs is None else programs))}
        files[info + "/RECORD"] = "".join("%s,,\n" % each for each in [*files, info + "/RECORD"])
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for file, content in files.items():
                archive.writestr(zipfile.ZipInfo(file), content)
        self._python(name, "%s-%s-py3-none-any.whl" % (module, version), out.getvalue())
        return self

    def source(self, name, version="1.0.0"):
        """Adds a package of Python that would have to be built."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            content = b"raise SystemExit('the build script was run')\n"
            entry = tarfile.TarInfo("%s-%s/setup.py" % (name, version))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        self._python(name, "%s-%s.tar.gz" % (name, version), out.getvalue())
        return self

    def _python(self, name, file, content):
        self.files["wheels/" + file] = content
        self.wheels.setdefault(name, {})[file] = hashlib.sha256(content).hexdigest()

    # --- Answers ----------------------------------------------------------------------------

    def answer(self, handler):
        path = urllib.parse.unquote(handler.path.split("?")[0]).strip("/")
        self.asked.append(path)
        content, kind = None, "application/octet-stream"
        if path in self.files:
            content = self.files[path]
            if self.held:
                self.held.wait()
        elif path.startswith("simple/") and path[7:] in self.wheels:
            kind = "text/html"
            content = "".join('<a href="/wheels/%s#sha256=%s">%s</a>\n' % (file, digest, file)
                              for file, digest in self.wheels[path[7:]].items()).encode()
        elif path in self.modules:
            kind = "application/json"
            content = json.dumps(self.modules[path]).encode()
        try:
            handler.send_response(404 if content is None else 200)
            content = content if content is not None else b"{}"
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)
        except OSError:
            pass  # whoever asked has gone
