// One stream of changes for all windows of a browser, which has few connections: a shared worker. A window says what it
// shows, a resource's id or "me", and again every half minute; "" when it goes. It is told "open" when that is watched,
// "changed", and "refused" when the stream ended or what it shows may no longer be seen.
const SILENT = 100_000;
const windows = new Map();
let source, asked = "", planned;

const tell = (word, about) => {
  for (const [port, { shows }] of windows) if (about === undefined || about === shows) port.postMessage(word);
};

function listen() {
  planned = undefined;
  const wanted = [...new Set([...windows.values()].map(({ shows }) => shows))].sort();
  if (wanted.join() === asked) return;
  asked = wanted.join();
  const before = source;
  source = undefined;
  if (wanted.length === 0) return before?.close();
  const resources = wanted.filter((shows) => shows !== "me").map((id) => `resource=${encodeURIComponent(id)}`);
  const stream = new EventSource(`/api/v1/me/events?${resources.join("&")}`);
  source = stream;
  // The one before goes on until this one is there: nothing is missed in between.
  stream.onopen = () => {
    before?.close();
    for (const shows of wanted) tell("open", shows);
  };
  stream.addEventListener("changed", ({ data }) => tell("changed", data));
  stream.addEventListener("gone", ({ data }) => {
    asked = "";
    tell("refused", data);
  });
  stream.onerror = () => {
    // After an interruption the browser comes back by itself; not after a refusal.
    if (stream.readyState !== EventSource.CLOSED) return;
    before?.close();
    if (source !== stream) return;
    source = undefined;
    asked = "";
    tell("refused");
  };
}

function hear(port, shows) {
  const now = Date.now();
  if (shows === "") {
    windows.delete(port);
  } else {
    windows.set(port, { shows, at: now });
    if (source?.readyState === EventSource.OPEN && asked.split(",").includes(shows)) port.postMessage("open");
  }
  for (const [other, { at }] of windows) if (now - at > SILENT) windows.delete(other);
  planned ??= setTimeout(listen, 50);
}

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => hear(port, String(data));
};
