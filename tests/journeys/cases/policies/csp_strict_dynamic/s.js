// One turn of a page.
window.__steps.push("s");
const script = document.createElement("script");
script.id = "t";
script.src = "t.js";
document.head.append(script);
