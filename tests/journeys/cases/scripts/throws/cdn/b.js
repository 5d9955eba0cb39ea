throw new Error("elsewhere");
