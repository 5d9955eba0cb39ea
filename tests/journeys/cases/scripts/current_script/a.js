const { id, src, dataset } = document.currentScript;
window.__steps.push(id, new URL(src).pathname, dataset.word);
