// One turn of a page.
window.__steps.push("b");
document.getElementById("first").textContent += ", and found by a script";
