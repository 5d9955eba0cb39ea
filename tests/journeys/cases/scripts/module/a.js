// One turn of a page.
window.__steps.push("module");
window.__steps.push(typeof this, document.currentScript === null);
