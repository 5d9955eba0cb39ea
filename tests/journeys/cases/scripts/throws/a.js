// It fails in its third line.

throw new Error("as it should");
