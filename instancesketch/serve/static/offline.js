// The service worker: answers from the network, and from what it kept of the page without one.

// Of this page alone, since a web host may have several.
const NAME = `instancesketch ${self.registration.scope}`;
const MARKS = ["etag", "last-modified"];

self.addEventListener("install", (event) => {
  event.waitUntil(keepAll());
  self.skipWaiting();
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function keepAll() {
  const { files } = await (await fetch("./model.json")).json();
  const cache = await caches.open(NAME);
  await cache.addAll(["./", ...files]);
}

self.addEventListener("fetch", (event) => {
  const { url, method } = event.request;
  if (method === "GET" && url.startsWith(self.registration.scope)) {
    event.respondWith(answer(event.request));
  }
});

async function answer(request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request, { ignoreSearch: true });
  try {
    const response = await fetch(request);
    // Not written again where it is as before: the runtime has megabytes.
    if (response.ok && !isSame(kept, response)) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

function isSame(kept, response) {
  const marks = MARKS.filter((mark) => response.headers.has(mark));
  return Boolean(kept) && marks.length > 0 && marks.every((m) => kept.headers.get(m) === response.headers.get(m));
}
