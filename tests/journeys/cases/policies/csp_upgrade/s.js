// One turn of a page.
window.__steps.push("s");
