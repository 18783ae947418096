#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page in a real headless Chromium, by the DevTools protocol: what it logs, what it asks for, and how it can be read.

Usage: page.py FILE WIDTH light|dark SCREENSHOT. Ends with 1 and a line for each complaint.
"""
import base64, json, os, pathlib, socket, subprocess, sys, tempfile, time, urllib.request

LOOK = r"""
(() => {
  const complaints = [], all = s => [...document.querySelectorAll(s)];
  const rgb = c => c.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const say = (e, what) => complaints.push(`<${e.tagName.toLowerCase()}> ${(e.textContent || '').trim().slice(0, 40)}: ${what}`);
  if (document.documentElement.scrollWidth > innerWidth) complaints.push(`the page is ${document.documentElement.scrollWidth} wide in ${innerWidth}`);
  if (getComputedStyle(document.body).maxWidth !== '960px') complaints.push('the style was refused');
  if (!document.documentElement.lang || !document.title) complaints.push('no language or no title');
  let texts = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const e = n.parentElement, style = getComputedStyle(e);
    if (!n.data.trim() || ['TITLE', 'DESC', 'STYLE'].includes(e.tagName.toUpperCase()) || !e.getClientRects().length) continue;
    const ink = luminance(rgb(e.closest('svg') ? style.fill : style.color)), page = luminance(behind(e.closest('svg') ? e.closest('svg').parentElement : e));
    const ratio = (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    texts++;
    if (ratio < (large ? 3 : 4.5)) say(e, `contrast ${ratio.toFixed(2)}`);
    if (size * (e.closest('svg') ? e.closest('svg').getBoundingClientRect().width / e.closest('svg').viewBox.baseVal.width : 1) < 10) say(e, 'smaller than 10 pixels');
  }
  for (const e of all('svg')) {
    if (e.getAttribute('role') !== 'img') say(e, 'no role');
    const ids = (e.getAttribute('aria-labelledby') || '').split(' ');
    if (ids.length !== 2 || ids.some(i => !(document.getElementById(i) || {}).textContent)) say(e, 'no name');
  }
  for (const e of all('[role=region]')) if (!e.getAttribute('aria-label') || e.tabIndex < 0) say(e, 'a region without a name, or out of reach of keys');
  for (const e of all('table')) if (!e.caption || !e.caption.textContent || all('thead th:not([scope=col])').length || !e.querySelector('tbody th[scope=row]')) say(e, 'no caption or no headings');
  for (const e of all('section')) if (!e.querySelector('h2,h3')) say(e, 'no heading');
  for (const e of all('a')) if (!document.querySelector(CSS.escape ? '#' + CSS.escape(e.hash.slice(1)) : e.hash)) say(e, 'leads nowhere');
  const ids = all('[id]').map(e => e.id), doubled = ids.filter((id, i) => ids.indexOf(id) !== i);
  if (doubled.length) complaints.push(`ids that occur twice: ${doubled}`);
  let level = 0;
  for (const e of all('h1,h2,h3')) { const now = +e.tagName[1]; if (now > level + 1) say(e, 'skips a level'); level = now; }
  return {complaints: complaints.slice(0, 20), texts, charts: all('svg').length, tables: all('table').length, height: document.documentElement.scrollHeight};
})()
"""


class Browser:
    def __init__(self, folder):
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
             f"--user-data-dir={folder}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port_file = pathlib.Path(folder, "DevToolsActivePort")
        end = time.time() + 120
        while not (port_file.exists() and port_file.read_text().count("\n") >= 1):
            if time.time() > end or self.process.poll() is not None:
                sys.exit("no Chromium came up")
            time.sleep(0.1)
        self.port = int(port_file.read_text().split()[0])
        pages = json.load(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/json/list"))
        target = next(p for p in pages if p["type"] == "page")
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        path = target["webSocketDebuggerUrl"].split(str(self.port), 1)[1]
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        while not self.take_line().strip() == b"":
            pass
        self.last, self.events = 0, []

    def take(self, n):
        data = b""
        while len(data) < n:
            piece = self.socket.recv(n - len(data))
            if not piece:
                sys.exit("Chromium hung up")
            data += piece
        return data

    def take_line(self):
        line = b""
        while not line.endswith(b"\n"):
            line += self.take(1)
        return line

    def receive(self):  # one message, from its frames (RFC 6455)
        text, done = b"", False
        while not done:
            first, length = self.take(2)
            done = bool(first & 0x80)
            if length == 126:
                length = int.from_bytes(self.take(2), "big")
            elif length == 127:
                length = int.from_bytes(self.take(8), "big")
            text += self.take(length)
        return json.loads(text)

    def call(self, method, **params):
        self.last += 1
        text = json.dumps({"id": self.last, "method": method, "params": params}).encode()
        mask = os.urandom(4)
        n = len(text)
        head = bytes([0x81]) + (bytes([0x80 | n]) if n < 126 else bytes([0xFE]) + n.to_bytes(2, "big"))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text)))
        while True:
            answer = self.receive()
            if answer.get("id") == self.last:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while not any(e.get("method") == method for e in self.events):
            self.events.append(self.receive())

    def close(self):
        self.process.terminate()
        self.process.wait(30)


def main():
    path, width, scheme, picture = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    with tempfile.TemporaryDirectory() as folder:
        b = Browser(folder)
        for domain in ("Page", "Network", "Log", "Runtime"):
            b.call(domain + ".enable")
        b.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        b.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        b.call("Page.navigate", url=path.as_uri())
        b.wait("Page.loadEventFired")
        seen = b.call("Runtime.evaluate", expression=LOOK, returnByValue=True)
        if "exceptionDetails" in seen:
            sys.exit(f"the check failed: {seen['exceptionDetails']}")
        seen = seen["result"]["value"]
        shot = b.call("Page.captureScreenshot", captureBeyondViewport=True,
                      clip={"x": 0, "y": 0, "width": width, "height": min(seen["height"], 6000), "scale": 1})
        pathlib.Path(picture).write_bytes(base64.b64decode(shot["data"]))
        b.close()
    complaints = seen["complaints"]
    for event in b.events:
        params = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent" and params["request"]["url"] != path.as_uri():
            complaints.append("asks for " + params["request"]["url"][:80])
        if event.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            complaints.append("says " + json.dumps(params)[:200])
    for c in complaints:
        print(c)
    print(f"{width} pixels, {scheme}: {seen['texts']} texts, {seen['charts']} charts, {seen['tables']} tables, {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)


main()
