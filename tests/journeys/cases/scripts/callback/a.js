answer({ word: "answered" });
