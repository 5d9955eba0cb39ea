// Кириллица
window.__steps.push("кириллица");
