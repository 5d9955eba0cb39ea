window.__events.push("a ran");
