// One turn of a page.
window.__steps.push("b");
document.write("<p>By the second</p>");
