window.__events.push("c ran");
