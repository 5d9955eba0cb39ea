window.__events.push("t ran");
