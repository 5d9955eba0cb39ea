import("./b.js").then(({ word }) => window.__events.push(word));
