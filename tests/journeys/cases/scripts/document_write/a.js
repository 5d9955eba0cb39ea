// One turn of a page.
window.__steps.push("a");
document.write('<script id="b" src="b.js"></' + "script><p>Written</p>");
