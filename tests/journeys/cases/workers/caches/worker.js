addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open("images").then((cache) => cache.add("a.png")));
});
addEventListener("fetch", (event) => event.respondWith(caches.match(event.request).then((known) => known ?? fetch(event.request))));
