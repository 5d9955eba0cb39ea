// One turn of a page.
window.__steps.push("module");
window.__steps.push(new URL(import.meta.url).pathname);
